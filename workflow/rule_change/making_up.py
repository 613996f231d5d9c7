"""Making up for a rule that works backwards: jobs open or recalculate each affected case once; people decide on it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.money import yuan
from governance.refusal import Refusal, Refused
from governance.roles import Role
from governance.rulebook import rule_names
from workflow import lifecycle, rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.clearing import supplementing
from workflow.model import attachments, cases, occurrences
from workflow.occurrences import Due
from workflow.rule_change import owed
from workflow.rule_change.decided import RUNNING, running_sheets
from workflow.rule_change.impact import compared
from workflow.settlement.supplement_by_rule import difference_by_rules, open_for_rule

Done = tuple[str, int]


def due_to_make_up(connection: Connection, at: datetime) -> list[Due]:
    """The affected cases of every rule enacted backwards that can be made up now and have not been."""
    query = select(cases.c.id, cases.c.progress).where(
        cases.c.stage == "rule_change", cases.c.progress.contains('"supplementary":')
    )
    found = []
    for row in connection.execute(query).all():
        ended = {case for case, run in owed.runs_of(connection, row.id).items() if run.status in ("done", "resolved")}
        due = [one for one in json.loads(row.progress)["supplementary"]["due"] if one["case"] not in ended]
        kin = owed.kin_of(connection, [one["case"] for one in due]) if due else {}
        found += [
            Due(one["case"], owed.period_of(row.id), at)
            for one in due
            if owed.outlook(connection, one["stage"], kin.get(one["case"], []), row.id) == owed.READY
        ]
    return found


def make_up(connection: Connection, due: Due, at: datetime) -> None:
    """Make up for one affected case, record in it by what, and keep with the run what was done."""
    number = int(due.period.partition(":")[2])
    change = Attempt(connection, _case(connection, number), SYSTEM, at)
    affected = change.progress["supplementary"]["due"]
    row = next(one for one in affected if one["case"] == due.scope)
    lifecycle.lock(connection, due.scope)
    outcome, by = _made_up(connection, change, row, affected)
    told = {name: row[name] for name in ("sheet", "decided_fen", "would_fen", "difference_fen")}
    told |= {"rule_change": number, "outcome": outcome, "by": by}
    lifecycle.note(connection, due.scope, "supplement_due", at=at, data=told)
    _tell(Attempt(connection, _case(connection, due.scope), SYSTEM, at), row, outcome)
    columns = occurrences.c
    connection.execute(
        occurrences.update()
        .where(columns.job == owed.MAKE_UP, columns.scope == due.scope, columns.period == due.period)
        .values(note=owed.told(outcome, by))
    )


def _made_up(
    connection: Connection, change: Attempt, row: Mapping[str, Any], affected: list[dict[str, Any]]
) -> Done:
    """What is done for one affected case, by what stands last of its period; raises ``Refused`` when it must wait."""
    if row["stage"] not in RUNNING:
        return "by_hand", row["case"]
    kin = owed.kin_of(connection, [row["case"]])[row["case"]]
    waits = owed.outlook(connection, row["stage"], kin, change.case.id)
    if waits != owed.READY:
        raise Refused(Refusal(reason=owed.WAITS[waits], fact="rule_change"))
    last, year = owed.newest(kin, row["stage"]), owed.newest(kin, "clearing")
    assert last is not None, "the affected case itself stands"
    about = Attempt(connection, lifecycle.lock(connection, last.id), SYSTEM, change.at)
    if last.state in RUNNING[row["stage"]]:
        return _recalculated(about, change)
    if last.state == "carried":
        return "carried", last.id
    if year is not None and owed.carries(connection, year, change.case.id):
        return "clearing", year.id
    if year is not None and year.state == "closed":
        cleared = Attempt(connection, lifecycle.lock(connection, year.id), SYSTEM, change.at)
        return _cleared_again(cleared, change, affected)
    return _supplemented(about, change, year)


def _recalculated(about: Attempt, change: Attempt) -> Done:
    """A case that nobody has approved: calculated again where the rule changes it, left alone where it does not."""
    book, rule = rules.rulebook(about.connection), change.dossier["rule"]
    for one in running_sheets(about.connection, about.case.place, date.min, about.day, about.case.id):
        found = compared(about.connection, one, one.book(book), one.book(book), rule)
        if found["unknown"]:
            raise Refused(Refusal(reason="；".join(found["unknown"]), fact="claims"))
        if not found["changed"]:
            return "unchanged", about.case.id
    if about.stage.step_from(about.case.state, "calculate") is None:
        return "by_hand", about.case.id
    lifecycle.take(about.connection, about.case.id, "calculate", actor=SYSTEM, at=about.at)
    return "recalculated", about.case.id


def _supplemented(about: Attempt, change: Attempt, year: owed.Kin | None) -> Done:
    """A closed month of a year that is not cleared: its supplement, unless the rules give what was decided."""
    difference = difference_by_rules(about)
    if not difference["lines"] and not difference["parts"]:
        return "unchanged", about.case.id
    if year is not None and year.state == "reconciled":
        lifecycle.take(about.connection, year.id, "calculate", actor=SYSTEM, at=about.at)
    named = change.dossier["scan"]
    columns = attachments.c
    scan = change.connection.execute(
        select(columns.name, columns.sha256, columns.size, columns.media_type, columns.person_id)
        .where(columns.case_id == change.case.id, columns.sha256 == named)
        .limit(1)
    ).one()
    return "supplement", open_for_rule(about, _reason(change), dict(scan._mapping), _named(change))


def _cleared_again(year: Attempt, change: Attempt, affected: list[dict[str, Any]]) -> Done:
    """A year that is cleared: one supplementary clearing with what the rule makes of all its months.

    Where only the deposit of its months would differ, people have to say what is to be done: it went into the clearing.
    """
    case, adjustments = year.case, []
    mine = [one for one in affected if _of_year(year, one)]
    moved = False
    for one in mine:
        if one["stage"] == "settlement":
            month = _newest_month(year, one["case"])
            found = difference_by_rules(month)
            moved = moved or bool(found["lines"])
            adjustments += _adjustments(found, month.case.period, change)
    if not adjustments and not any(one["stage"] == "clearing" for one in mine):
        return ("by_hand" if moved else "unchanged"), case.id
    named = _named(change) | {"months": [one["case"] for one in mine]}
    return "clearing", supplementing.open_for_rule(year, _reason(change), adjustments, named)


def _of_year(year: Attempt, one: Mapping[str, Any]) -> bool:
    same = (one["consortium"], one["pool"], one["period"][:4])
    return same == (year.dossier["consortium"], year.case.pool, year.case.period) and one["stage"] in RUNNING


def _newest_month(year: Attempt, number: int) -> Attempt:
    last = owed.newest(owed.kin_of(year.connection, [number])[number], "settlement")
    return Attempt(year.connection, _case(year.connection, last.id if last else number), SYSTEM, year.at)


def _adjustments(found: Mapping[str, Any], period: str, change: Attempt) -> list[dict[str, Any]]:
    """What a month comes to more or less, by member and kind, as a clearing's adjustments."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for part in found["parts"]:
        sums[part["member"], part["kind"]] += part["difference_fen"]
    sums["", "away"] = found["results"]["away_fen"]
    reason = f"{period} {_reason(change)}"
    moved = {key: fen for key, fen in sums.items() if fen}
    return [{"kind": kind, "member": member, "fen": fen, "reason": reason} for (member, kind), fen in moved.items()]


def _reason(change: Attempt) -> str:
    said = change.dossier
    title, document = rule_names()[said["rule"]].title, said["document"]["number"]
    return f"规则“{title}”自 {said['since']} 起溯及执行（{document} {said['clause']}）"


def _named(change: Attempt) -> dict[str, Any]:
    said = change.dossier
    return {
        "case": change.case.id, "rule": said["rule"], "since": said["since"], "document": said["document"]["number"],
        "clause": said["clause"], "version": change.progress["version"],
    }  # fmt: skip


def _tell(about: Attempt, row: Mapping[str, Any], outcome: str) -> None:
    amount = "" if row["difference_fen"] is None else f"，相差 {yuan(row['difference_fen'])} 元"
    about.notify(
        Role.AGENCY_REVIEWER, "supplement", f"{about.case.period} 按溯及以前的规则办理：{owed.MADE_UP[outcome]}{amount}"
    )


def _case(connection: Connection, number: int) -> Case:
    return Case(*connection.execute(select(cases).where(cases.c.id == number)).one())
