"""Which role fits which kind of organisation, where a kind may stand, and which posts one person may not combine."""

from __future__ import annotations

from dataclasses import dataclass

from governance.roles import BETWEEN, OrganisationKind, Role

K = OrganisationKind
LEVEL_OF = {K.HOSPITAL: "county", K.TOWNSHIP: "township", K.VILLAGE: "village"}
_MEMBER = (Role.MEMBER_CLERK, Role.MEMBER_HEAD)
_FITS: dict[str, tuple[Role, ...]] = {
    K.HOSPITAL: (
        Role.LEAD_CLERK, Role.LEAD_FINANCE, Role.LEAD_SECTION, Role.LEAD_DIVISION, Role.LEAD_HEAD, *_MEMBER,
    ),
    K.TOWNSHIP: _MEMBER,
    K.VILLAGE: _MEMBER,
    K.AUDIT: (Role.AUDITOR,),
    K.PLATFORM: (Role.ADMINISTRATOR, Role.RULES_OFFICER),
}  # fmt: skip
_HIGHER = ("county", "city", "province")
_STANDS: dict[str, tuple[str, ...]] = {
    K.AGENCY: _HIGHER,
    K.AUDIT: (*_HIGHER, "nation"),
    K.PLATFORM: (*_HIGHER, "nation"),
    K.CITY_INSURANCE: ("city", "province"),
    K.CITY_HEALTH: ("city", "province"),
    K.CITY_FINANCE: ("city", "province"),
}

OVERSEEING = (Role.ADMINISTRATOR, Role.RULES_OFFICER, Role.AUDITOR)
_HEADS = ("head", "approver", "chair")
_SIDES: dict[str, str] = {
    "lead": "provider", "member": "provider", "centre": "scorer", "agency": "payer", "county": "payer", "city": "payer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """One row of the table: two groups of posts that one person may not hold on one day, and why.

    Each group is a word: a side (``provider``), a whole role, or the last part of a role (``clerk``); ``between`` are
    the posts between reviewer and head, ``*`` is any other post. ``within`` says whether the two posts must lie in the
    same organisation to exclude each other.
    """

    one: str
    other: str
    within: bool
    reason: str
    reason_en: str

    def forbids(self, role: str, other: str, *, same_organisation: bool) -> bool:
        """Whether the row forbids one person both roles."""
        if role == other or (self.within and not same_organisation):
            return False
        pairs = ((role, other), (other, role))
        return any(_belongs(first, self.one) and _belongs(second, self.other) for first, second in pairs)


def _belongs(role: str, group: str) -> bool:
    head, post = role.split("_", 1)[0], role.rsplit("_", 1)[-1]
    return group in ("*", role, post, _SIDES.get(head, "")) or (group == "between" and post in BETWEEN)


CONFLICTS = (
    Conflict("administrator", "*", False, "管理账号和席位的人不办理业务", "Who keeps accounts and seats takes no part"),
    Conflict("auditor", "*", False, "监督的人不办理被监督的业务", "Who oversees takes no part in what is overseen"),
    Conflict("rules_officer", "*", False, "制定规则的人不适用规则", "Who sets the rules does not apply them"),
    Conflict("provider", "payer", False, "收钱的一方不审批付钱", "Who is paid does not decide on paying"),
    Conflict("provider", "scorer", False, "被评分的一方不评分", "Who is scored does not score"),
    Conflict("clerk", "reviewer", True, "经办与复核分离", "Preparing and reviewing are kept apart"),
    Conflict("clerk", "head", True, "经办与审批分离", "Preparing and approving are kept apart"),
    Conflict("reviewer", "head", True, "复核与审批分离", "Reviewing and approving are kept apart"),
    Conflict("reviewer", "approver", True, "经办意见与负责人决定分离", "An opinion and the decision are kept apart"),
    Conflict("clerk", "between", True, "经办与逐级审核分离", "Preparing and passing on are kept apart"),
    Conflict("reviewer", "between", True, "经办意见与逐级审核分离", "An opinion and passing it on are kept apart"),
    Conflict("section", "division", True, "科室负责人与分管负责人各审各的", "Each level passes on for itself"),
    Conflict("between", "head", True, "逐级审核与审批分离", "Passing on and approving are kept apart"),
    Conflict("between", "approver", True, "逐级审核与负责人决定分离", "Passing on and the decision are kept apart"),
    Conflict("finance", "between", True, "财务与逐级审核分离", "Finance and passing on are kept apart"),
    Conflict("finance", "clerk", True, "财务与经办分离", "Finance and preparing are kept apart"),
    Conflict("finance", "head", True, "财务与审批分离", "Finance and approving are kept apart"),
    Conflict("committee_chair", "committee_member", True, "一人在管委会只有一票", "One person, one vote in the committee"),
    Conflict("committee_secretary", "committee_chair", True, "登记表决的人不表决", "Who registers the votes does not vote"),
    Conflict("committee_secretary", "committee_member", True, "登记表决的人不表决", "Who registers the votes does not vote"),
    Conflict("committee_secretary", "lead_clerk", False, "起草方案的人不登记表决", "Who drafts a plan does not register votes"),
    Conflict("committee_secretary", "lead_finance", False, "起草方案的人不登记表决", "Who drafts a plan does not register votes"),
)


def leads(role: str) -> bool:
    """Whether a post is its organisation's head: it decides, and sees to its own people."""
    return role.rsplit("_", 1)[-1] in _HEADS


def fits(kind: str, role: str) -> bool:
    """Whether ``role`` is a post in an organisation of ``kind``."""
    own = _FITS.get(kind)
    return role in own if own else role in set(Role) and role.rsplit("_", 1)[0] == kind


def may_stand(kind: str, place_kind: str) -> bool:
    """Whether an organisation of ``kind`` may stand in a place of ``place_kind``; most kinds only in a county."""
    return place_kind in _STANDS.get(kind, ("county",))


def conflict(role: str, other: str, *, same_organisation: bool) -> Conflict | None:
    """The first row of the table by which one person may not hold both roles at once, or ``None``.

    Within a case the lifecycle sees to it again, person by person, whatever seats are held.
    """
    found = (row for row in CONFLICTS if row.forbids(role, other, same_organisation=same_organisation))
    return next(found, None)


def excludes(role: str, other: str, *, same_organisation: bool) -> bool:
    """Whether one person may not hold both roles at once."""
    return conflict(role, other, same_organisation=same_organisation) is not None
