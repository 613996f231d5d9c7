"""Scheduled work of rule changes: the impact is shown, what is superseded is marked, missing years are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from governance.rulebook import rule_names
from workflow import clock, lifecycle, rules
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.enacted import enacted_rules
from workflow.i18n import lazy as _
from workflow.model import cases, occurrences
from workflow.occurrences import Due, Job
from workflow.organisations.model import consortia
from workflow.rule_change.making_up import due_to_make_up, make_up
from workflow.rule_change.model import PLACE, State, later_than
from workflow.rule_change.owed import MAKE_UP
from workflow.rule_change.telling import tell_rules_officers

ASK_FROM_MONTH = 10
AHEAD = timedelta(days=92)
REMIND = "remind_of_rules"
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


JOBS = [
    Job(MAKE_UP, _("溯及以前的补充办理"), due_to_make_up, make_up),
    Job("show_rule_impact", _("列明规则影响"), impacts_to_show, show),
    Job("supersede_rules", _("标记被取代的规则"), superseded, supersede),
    Job(REMIND, _("提醒规则缺值"), rules_running_out, remind),
]
