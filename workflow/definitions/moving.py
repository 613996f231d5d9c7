"""Moving running cases from one version of their stage's table to another: all of them, or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from governance.refusal import Refusal, Refused
from workflow import decisions, keeping, lifecycle
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.definitions import pinned, versions
from workflow.i18n import lazy as _
from workflow.machines import STAGES, Ballot, Stage
from workflow.model import cases
from workflow.rounds import open_rounds

VERB = "definition_moved"


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one case: from which version and state to which, and which rounds were superseded."""

    case_id: int
    from_version: int
    from_state: str
    to_state: str
    superseded: tuple[int, ...]


def move(connection: Connection, name: str, to: int, mapping: Mapping[str, str], *, at: datetime) -> list[Moved]:
    """Move every live case of the stage to version ``to``; ``mapping`` says where a state that is gone leads.

    Each case gets a record, and its tasks and rounds are those of the new table. Raises ``Refused`` with everything in
    the way: a version with lost names, an unknown state, a state without its like, a round whose ballot is gone.
    """
    current = STAGES[name]
    target = _target(connection, current, to)
    found = _live(connection, name, to)
    refusals = _wrong_mapping(target, mapping, found) + _without_place(target, mapping, found)
    if refusals:
        raise Refused(*refusals)
    attempts = [Attempt(connection, lifecycle.lock(connection, one.id), SYSTEM, at) for one in found]
    if stuck := [one for each in attempts for one in _stuck_rounds(each, target, mapping)]:
        raise Refused(*stuck)
    return [_move(one, target, to, mapping) for one in attempts]


def _target(connection: Connection, current: Stage, to: int) -> Stage:
    """The stage by version ``to``; refused where the code has lost a name of it."""
    body = versions.body_of(connection, current.name, to)
    if lost := pinned.lost_names(current, body):
        raise _refusal(
            _("第 %(version)s 版流程中的“%(names)s”在现在的程序里没有，不能迁移到这一版", version=to, names="、".join(lost)),
            f"Version {to} names what the code no longer has: {', '.join(lost)}",
        )
    return versions.stage_for(connection, current.name, to)


def _refusal(reason: object, reason_en: str) -> Refused:
    return Refused(Refusal(reason=reason, reason_en=reason_en, who=_("系统管理"), fact="definition"))


def _live(connection: Connection, name: str, to: int) -> list[Case]:
    """The cases that go by another version and are not over, in their order."""
    query = select(cases).where(cases.c.stage == name, cases.c.closed_at.is_(None), cases.c.definition != to)
    return [Case(*row) for row in connection.execute(query.order_by(cases.c.id))]


def _wrong_mapping(target: Stage, mapping: Mapping[str, str], found: list[Case]) -> list[Refusal]:
    """Maps to a state that the target does not have, or from one that no live case is in."""
    known, held = {str(one) for one in target.states}, {one.state for one in found}
    refusals = [
        Refusal(
            reason=_("对应关系写的“%(state)s”不是目标流程的状态", state=new), reason_en=f"Unknown state: {new}",
            who=_("系统管理"), fact="map",
        )
        for new in sorted(set(mapping.values()) - known)
    ]
    return refusals + [
        Refusal(
            reason=_("对应关系写的“%(state)s”不是任何在办案件的状态", state=old), reason_en=f"No live case is in: {old}",
            who=_("系统管理"), fact="map",
        )
        for old in sorted(mapping.keys() - held)
        if found
    ]


def _without_place(target: Stage, mapping: Mapping[str, str], found: list[Case]) -> list[Refusal]:
    """Live states that the target does not have and the mapping does not name, with their cases."""
    known, lost = {str(one) for one in target.states}, defaultdict[str, list[int]](list)
    for one in found:
        if mapping.get(one.state, one.state) not in known:
            lost[one.state].append(one.id)
    return [
        Refusal(
            reason=_(
                "目标流程没有状态“%(state)s”，案件 %(cases)s 还在这个状态，请用 --map %(state)s=新状态 写明去处",
                state=state, cases="、".join(map(str, numbers)),
            ),
            reason_en=f"No state {state} in the target; live cases: {', '.join(map(str, numbers))}",
            who=_("系统管理"), fact="map",
        )
        for state, numbers in sorted(lost.items())
    ]


def _kept(target: Stage, key: str, state: str) -> Ballot | None:
    return next((one for one in target.ballots if one.key == key and state in one.states), None)


def _stuck_rounds(attempt: Attempt, target: Stage, mapping: Mapping[str, str]) -> list[Refusal]:
    """Open rounds of the case that the target neither goes on with nor takes anew by another ballot of the state."""
    state = mapping.get(attempt.case.state, attempt.case.state)
    lost = [key for key in open_rounds(attempt) if _kept(target, key, state) is None]
    if not lost or any(state in one.states for one in target.ballots):
        return []
    return [
        Refusal(
            reason=_(
                "案件 %(case)s 的“%(ballot)s”正在进行，目标流程的“%(state)s”没有可以取代它的表决，请等它结束或另写去处",
                case=attempt.case.id, ballot=key, state=target.state_labels[state],
            ),
            reason_en=f"Case {attempt.case.id}: the open round {key} has no successor in {state}",
            who=_("系统管理"), fact="round",
        )
        for key in lost
    ]


def _move(attempt: Attempt, target: Stage, to: int, mapping: Mapping[str, str]) -> Moved:
    """One case: rounds that do not go on are superseded, then state, record, rounds and tasks by the new table."""
    case, before = attempt.case, attempt.case.state
    state, version = mapping.get(before, before), case.definition
    gone = {key: one for key, one in open_rounds(attempt).items() if _kept(target, key, state) is None}
    for key, one in gone.items():
        decisions.close(attempt, key, one, "superseded")
    lifecycle.repin(attempt, target, to, state)
    numbers = tuple(sorted(one.round_no for one in gone.values()))
    attempt.noted |= {"from_version": version, "to_version": to, "superseded_rounds": list(numbers)}
    keeping.after(attempt, VERB, before)
    return Moved(case.id, version, before, state, numbers)
