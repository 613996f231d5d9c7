"""The links that a place's rule puts between reviewer and head: 科室负责人, then 分管负责人, each a person of their own.

Which of them a round asks is the rule's answer on the day it opens, and stays so until it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from governance.chains import RULE, links_asked
from governance.refusal import Refusal
from governance.roles import BETWEEN, Role
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.machines import PASSING_ON, Ballot, BallotSeat
from workflow.rounds import chain_of, open_rounds

LAST = "approve"


def posts(roles: Sequence[Role], asked: Iterable[str]) -> tuple[Role, ...]:
    """The posts of the links ``asked`` in the organisations whose heads are among ``roles``."""
    known = Role.__members__
    names = [f"{side_of(role)}_{link}" for role in roles if _decides(role) for link in asked]
    return tuple(Role(name) for name in dict.fromkeys(names) if name.upper() in known)


def _decides(role: Role) -> bool:
    return role.endswith(("_approver", "_head"))


def side_of(role: Role) -> str:
    """The part of a role that says in which organisation: ``city_health``, ``agency``, ``lead``."""
    return role.rsplit("_", 1)[0]


def chains(attempt: Attempt, ballot: Ballot, seats: Iterable[BallotSeat]) -> dict[str, list[str]]:
    """The links of each seat for which the place's rule asks more than the ballot's own, as the round opens.

    A table that has no row for a link, as an earlier version of it, is not asked for it.
    """
    rows = {one.casts[1] for one in attempt.stage.steps if one.casts and one.casts[0] == ballot.key}
    if ballot.chain[-1] != LAST or not rows & set(BETWEEN):
        return {}
    provision = attempt.find_rule(RULE)
    if provision is None or not provision.value:
        return {}
    found = {}
    for seat in seats:
        side = next((side_of(role) for role in seat.roles if _decides(role)), "")
        asked = links_asked(provision.value, f"{attempt.stage.name}.{ballot.key}", side)
        more = [link for link in BETWEEN if link in asked and link in rows and posts(seat.roles, (link,))]
        if more:
            found[seat.key] = [*ballot.chain[:-1], *more, ballot.chain[-1]]
    return found


def filled(seat: BallotSeat, chain: Iterable[str]) -> BallotSeat:
    """A seat with the posts of the links that it is asked for besides."""
    return replace(seat, roles=(*seat.roles, *posts(seat.roles, [link for link in chain if link in BETWEEN])))


def is_asked(attempt: Attempt) -> bool:
    """Whether the actor's post is a link of an open round, or is none of those between reviewer and head."""
    return asked_of_this_post(attempt) is None


def asked_of_this_post(attempt: Attempt) -> Refusal | None:
    """An open round passes through the actor's post, where that lies between reviewer and head."""
    actor = attempt.actor
    if not actor.role.endswith(PASSING_ON):
        return None
    link = actor.role.rsplit("_", 1)[1]
    for key, current in open_rounds(attempt).items():
        ballot = attempt.stage.ballot(key)
        if any(one.organisation_id == actor.organisation_id and link in chain_of(ballot, one) for one in current.seats):
            return None
    return Refusal(
        reason=_("本件本轮不经过您的岗位：审批层级按本轮开始时的地方规则，没有这一级"),
        reason_en="This round does not pass through your post, by the rule in force when it opened",
        who=_("列名的下一级"), who_en="the next who is named", rule=RULE, fact="link",
    )  # fmt: skip


__all__ = ["LAST", "RULE", "asked_of_this_post", "chains", "filled", "is_asked", "posts"]
