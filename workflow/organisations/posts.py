"""Which role fits which kind of organisation, where a kind may stand, and which posts one person may not combine."""

from __future__ import annotations

from governance.roles import OrganisationKind, Role

K = OrganisationKind
LEVEL_OF = {K.HOSPITAL: "county", K.TOWNSHIP: "township", K.VILLAGE: "village"}
_MEMBER = (Role.MEMBER_CLERK, Role.MEMBER_HEAD)
_FITS: dict[str, tuple[Role, ...]] = {
    K.HOSPITAL: (Role.LEAD_CLERK, Role.LEAD_FINANCE, Role.LEAD_HEAD, *_MEMBER),
    K.TOWNSHIP: _MEMBER,
    K.VILLAGE: _MEMBER,
    K.AUDIT: (Role.AUDITOR,),
    K.PLATFORM: (Role.ADMINISTRATOR, Role.RULES_OFFICER),
}
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
# Who is paid, who scores it, who pays: the management centre is independent of the hospitals it scores.
_SIDES: dict[str, str] = {
    "lead": "provider", "member": "provider", "centre": "scorer", "agency": "payer", "county": "payer", "city": "payer",
}  # fmt: skip
EXCLUDING_SIDES = (frozenset({"provider", "payer"}), frozenset({"provider", "scorer"}))
EXCLUDING_POSTS = tuple(
    frozenset(pair)
    for pair in (
        ("clerk", "reviewer"), ("clerk", "head"), ("reviewer", "head"), ("reviewer", "approver"),
        ("finance", "clerk"), ("finance", "head"), ("chair", "member"),
    )
)  # fmt: skip


def fits(kind: str, role: str) -> bool:
    """Whether ``role`` is a post in an organisation of ``kind``."""
    own = _FITS.get(kind)
    return role in own if own else role in set(Role) and role.rsplit("_", 1)[0] == kind


def may_stand(kind: str, place_kind: str) -> bool:
    """Whether an organisation of ``kind`` may stand in a place of ``place_kind``; most kinds only in a county."""
    return place_kind in _STANDS.get(kind, ("county",))


def excludes(role: str, other: str, *, same_organisation: bool) -> bool:
    """Whether one person may not hold both roles at once: overseeing beside anything, payer beside payee, two links.

    The links of one chain (prepare, review, approve, pay) exclude each other within one organisation only; within a
    case the lifecycle sees to it again, person by person.
    """
    if role == other:
        return False
    if role in OVERSEEING or other in OVERSEEING:
        return True
    sides = frozenset(_SIDES.get(one.split("_", 1)[0], "") for one in (role, other))
    if sides in EXCLUDING_SIDES:
        return True
    posts = frozenset(one.rsplit("_", 1)[1] for one in (role, other))
    return same_organisation and posts in EXCLUDING_POSTS
