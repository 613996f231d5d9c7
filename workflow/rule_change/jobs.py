"""Scheduled work of rule changes: the impact is shown, what is superseded is marked, missing years are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from governance.money import yuan
from governance.roles import Role
from governance.rulebook import rule_names
from workflow import clock, lifecycle, rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.enacted import enacted_rules
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job
from workflow.organisations.model import consortia
from workflow.rule_change.model import PLACE, State, later_than
from workflow.rule_change.telling import tell_rules_officers

ASK_FROM_MONTH = 10
AHEAD = timedelta(days=92)
TELL, REMIND = "tell_supplements", "remind_of_rules"
YEARLY_UNIT = "days_by_year"


def impacts_to_show(connection: Connection, at: datetime) -> list[Due]:
    """Proposals whose impact nobody has been shown."""
    query = select(cases).where(cases.c.stage == "rule_change", cases.c.state == str(State.PROPOSED))
    found = []
    for row in connection.execute(query):
        attempt = Attempt(connection, Case(*row), SYSTEM, at)
        if attempt.dossier.get("rule") and not attempt.progress.get("returned"):
            found.append(Due(row.id, f"revision:{row.revision}", at))
    return found


def show(connection: Connection, due: Due, at: datetime) -> None:
    """Show one impact."""
    lifecycle.take(connection, due.scope, "show_impact", actor=SYSTEM, at=at)


def superseded(connection: Connection, at: datetime) -> list[Due]:
    """Enacted rules of a place after which another one of the same rule and place was enacted."""
    newest = (
        select(enacted_rules.c.place, enacted_rules.c.rule, func.max(enacted_rules.c.seq).label("seq"))
        .group_by(enacted_rules.c.place, enacted_rules.c.rule)
        .subquery()
    )
    query = (
        select(enacted_rules.c.case_id)
        .join(newest, (newest.c.place == enacted_rules.c.place) & (newest.c.rule == enacted_rules.c.rule))
        .join(cases, cases.c.id == enacted_rules.c.case_id)
        .where(enacted_rules.c.seq < newest.c.seq, cases.c.state == str(State.ENACTED))
        .order_by(enacted_rules.c.seq)
    )
    return [Due(number, "superseded", at) for number in connection.scalars(query)]


def supersede(connection: Connection, due: Due, at: datetime) -> None:
    """Mark one as superseded, and by which case."""
    later = later_than(connection, due.scope)
    if later is not None:
        data = {"by": later.case_id, "since": later.since.isoformat()}
        lifecycle.take(connection, due.scope, "supersede", actor=SYSTEM, at=at, data=data)


def rules_running_out(connection: Connection, at: datetime) -> list[Due]:
    """Rules of places with consortia without a value for the next year, or ending within a quarter; each once."""
    day = clock.day_of(at)
    places = connection.scalars(select(consortia.c.place).where(consortia.c.kind != PLACE).distinct().order_by("place"))
    found: dict[str, Due] = {}
    for place in places:
        for owner, rule, until in _running_out(connection, place, day):
            found.setdefault(f"{rule}/{until}/{owner}", Due(-int(until[:4]), f"{rule}/{until}/{owner}", at))
    done = _ended(connection, REMIND) if found else set()
    return [due for due in found.values() if (due.scope, due.period) not in done]


def _ended(connection: Connection, job: str) -> set[tuple[int, str]]:
    """The runs of a job that are over, by scope and period."""
    query = select(occurrences.c.scope, occurrences.c.period).where(
        occurrences.c.job == job, occurrences.c.status.in_(("done", "resolved"))
    )
    return {(row.scope, row.period) for row in connection.execute(query)}


def _running_out(connection: Connection, place: str, day: date) -> Iterator[tuple[str, str, str]]:
    """The place that answers, the rule, and the year without a value or the last day of its value."""
    held = rules.rulebook(connection).at(place)
    now, later = held.provisions(day), held.provisions(day + AHEAD)
    for rule, provision in now.items():
        if provision.unit == YEARLY_UNIT and day.month >= ASK_FROM_MONTH and str(day.year + 1) not in provision.value:
            yield provision.place, rule, str(day.year + 1)
        if rule not in later:
            ends = min(one.since for one in held.history(rule) if one.value is None and day < one.since <= day + AHEAD)
            yield provision.place, rule, (ends - timedelta(days=1)).isoformat()


def remind(connection: Connection, due: Due, at: datetime) -> None:
    """Tell the rules officers of the places that a rule binds."""
    rule, until, owner = due.period.split("/")
    title = rule_names()[rule].title
    body = (
        f"规则“{title}”还没有 {until} 年的取值，请在规则发布中补上"
        if len(until) == len("2027")
        else f"规则“{title}”只到 {until} 为止，请在规则发布中接上"
    )
    tell_rules_officers(connection, owner, clock.day_of(at), at, body)


def supplements_to_tell(connection: Connection, at: datetime) -> list[Due]:
    """Decided cases that a rule working backwards makes come out otherwise, and whose holders have not been told."""
    query = select(cases.c.id, cases.c.progress).where(
        cases.c.stage == "rule_change", cases.c.progress.contains('"supplementary":')
    )
    found = [
        (one["case"], f"{one['day']}/{row.id}")
        for row in connection.execute(query)
        for one in json.loads(row.progress)["supplementary"]["due"]
    ]
    done = _ended(connection, TELL) if found else set()
    return [Due(number, period, at) for number, period in found if (number, period) not in done]


def tell_supplement(connection: Connection, due: Due, at: datetime) -> None:
    """Say in the decided case that it must be made up for, by which rule, and tell who reviewed it."""
    change = int(due.period.partition("/")[2])
    progress = json.loads(connection.execute(select(cases.c.progress).where(cases.c.id == change)).scalar_one())
    one = next(one for one in progress["supplementary"]["due"] if one["case"] == due.scope)
    told = {name: one[name] for name in ("sheet", "decided_fen", "would_fen", "difference_fen")}
    lifecycle.note(connection, due.scope, "supplement_due", at=at, data={"rule_change": change, **told})
    case = Case(*connection.execute(select(cases).where(cases.c.id == due.scope)).one())
    amount = "" if one["difference_fen"] is None else f"，相差 {yuan(one['difference_fen'])} 元"
    Attempt(connection, case, SYSTEM, at).notify(
        Role.AGENCY_REVIEWER, "supplement", f"{case.period} 按溯及以前的规则须补充办理{amount}"
    )


JOBS = [
    Job(TELL, _("告知须补充办理"), supplements_to_tell, tell_supplement),
    Job("show_rule_impact", _("列明规则影响"), impacts_to_show, show),
    Job("supersede_rules", _("标记被取代的规则"), superseded, supersede),
    Job(REMIND, _("提醒规则缺值"), rules_running_out, remind),
]
