"""The deadlines of a case as its page tells them: from what they run, how far they are, in whose hands days lay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

from governance.refusal import Refused
from governance.roles import Role
from governance.rulebook import Provision
from governance.workdays import workdays_between
from workflow import clocks
from workflow.attempt import Attempt
from workflow.calendar_days import load_calendar
from workflow.i18n import lazy as _
from workflow.pages import words
from workflow.pages.case_reading import Reading
from workflow.rules import book_at

MOVED = ("deadline_moved", "deadline_confirmed")


def cards(reading: Reading, rows: list[Any], holding: Mapping[int, Any]) -> list[SimpleNamespace]:
    """Each clock of the case, those that run first; ``holding`` are the organisations the case waits for now."""
    pauses = clocks.told_pauses(reading.trail)
    begun, moves = _told(reading)
    ordered = sorted(rows, key=lambda row: (row.stopped_on is not None, row.started_on, row.name, row.serial))
    return [
        _card(
            reading,
            row,
            pauses.get((row.case_id, row.name, row.serial), []),
            begun.get((row.name, row.serial)),
            moves.get((row.name, row.serial), []),
            holding,
        )
        for row in ordered
    ]


def _card(
    reading: Reading, row: Any, pauses: list[clocks.Pause], begun: Any, moves: list[Any], holding: Mapping[int, Any]
) -> SimpleNamespace:
    attempt = reading.attempt
    provision = _provision(attempt, row)
    state, state_label, tone = _state(row, attempt.day)
    return SimpleNamespace(
        label=words.CLOCKS.get(row.name, row.name),
        state=state,
        state_label=state_label,
        tone=tone,
        rule=words.pick(provision.title, provision.title_en) if provision else row.rule,
        cite=f"{provision.cite.document} {provision.cite.clause}".strip() if provision else "",
        condition=provision.cite.says if provision else "",
        started_on=row.started_on,
        begun=begun,
        counted=_counted(attempt, row, provision),
        deadline=row.deadline,
        provisional=bool(row.provisional),
        stopped_on=row.stopped_on,
        holder=_holder(attempt, row.holder_role),
        pauses=_pauses(reading, row, pauses, holding),
        moves=moves,
    )


def _state(row: Any, today: date) -> tuple[str, Any, str]:
    if row.stopped_on:
        late = row.stopped_on > row.deadline
        return "stopped", _("已停止，超期") if late else _("已停止"), "r" if late else ""
    if row.paused_on:
        return "paused", _("暂停中"), "a"
    if row.deadline < today:
        return "running", _("已超期"), "r"
    return "running", _("在走"), "b"


def _provision(attempt: Attempt, row: Any) -> Provision | None:
    try:
        return book_at(attempt.connection, attempt.case.place, row.started_on, None).find(row.rule)
    except Refused:
        return None


def _counted(attempt: Attempt, row: Any, provision: Provision | None) -> Any:
    """How many of the days given have counted, pauses left out; months are said by their number alone."""
    until = row.stopped_on or row.paused_on or attempt.day
    unit = provision.unit if provision else "working_days"
    if unit == "months":
        return _("%(all)s 个月", all=row.days)
    if unit != "working_days":
        return _("已计 %(used)s / %(all)s 天", used=(until - row.started_on).days - row.paused_days, all=row.days)
    try:
        used = workdays_between(row.started_on, until, load_calendar(attempt.connection)) - row.paused_days
    except Refused:
        return _("%(all)s 个工作日", all=row.days)
    return _("已计 %(used)s / %(all)s 个工作日", used=used, all=row.days)


def _holder(attempt: Attempt, role: str) -> str:
    """Whose days they are: the role, with its organisation where there is one only."""
    bodies = attempt.parties.of(Role(role))
    name = attempt.parties.names[bodies[0]] if len(bodies) == 1 else ""
    return f"{name} {words.role_name(role)}".strip()


def _pauses(
    reading: Reading, row: Any, pauses: list[clocks.Pause], holding: Mapping[int, Any]
) -> list[SimpleNamespace]:
    """Days that did not count, each with whose hands they lay in; the pause that still runs last."""
    found = [
        SimpleNamespace(
            since=one.since, until=one.until,
            hands=f"{reading.organisation(one.organisation_id)} {words.role_name(one.hands)}".strip(),
        )
        for one in pauses
    ]  # fmt: skip
    if row.paused_on and not row.stopped_on:
        names = "、".join(sorted(reading.attempt.parties.names[one] for one in holding))
        found.append(SimpleNamespace(since=row.paused_on, until=None, hands=names))
    return found


def _told(reading: Reading) -> tuple[dict[tuple[str, int], Any], dict[tuple[str, int], list[SimpleNamespace]]]:
    """From the trail: by which record each clock began, and every time a calendar notice moved or confirmed it."""
    stage, begun, moves = reading.attempt.stage, dict[tuple[str, int], Any](), dict[tuple[str, int], list[Any]]()
    counted: dict[str, int] = {}
    for row in reading.trail:
        if '"clock' not in row.body:
            continue
        data = json.loads(row.body)["data"]
        if row.verb in MOVED:
            moves.setdefault((data["clock"], data["serial"]), []).append(_move(row, data))
        for name in data.get("clocks", {}):
            if name not in data.get("paused", {}):
                counted[name] = counted.get(name, 0) + 1
                begun[name, counted[name]] = stage.verb_label(row.verb) or words.verb_label(row.verb)
    return begun, moves


def _move(row: Any, data: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        at=row.at,
        before=date.fromisoformat(data["before"]),
        after=date.fromisoformat(data["after"]),
        provisional=bool(data["provisional"]),
        source=data["source"],
    )
