"""A consortium as a whole: which stages it has been through, where it is now, and its cases."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from workflow import clocks, stages
from workflow.attempt import Case
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.machines import STAGES
from workflow.organisations.model import consortia, memberships, organisations
from workflow.pages import lists, words
from workflow.rules import rulebook

SHOWN = tuple(name for name in stages.ORDER[1:] if name not in (*stages.OF_A_PLACE, *stages.ASIDE))
STATES = {
    "forming": _("组建中"), "self_assessing": _("自评中"), "applied": _("申请评定中"), "recognised": _("已认定"),
    "not_recognised": _("未予认定"), "contracted": _("已签协议"), "operating": _("总额付费运行中"),
}


def consortium_state(cases: list[Case]) -> str:
    """Where a consortium stands; it follows from its cases and is kept nowhere else."""
    newest: dict[str, Case] = {case.stage: case for case in cases}
    if "settlement" in newest:
        return "operating"
    agreement = newest.get("agreement")
    if agreement and agreement.state in ("in_force", "expiring", "renewed"):
        return "contracted"
    ruling = newest.get("city_ruling")
    if ruling and ruling.state in ("documented", "confirmed"):
        return "recognised"
    if "takeover" in newest and newest["takeover"].state == "confirmed":
        return "recognised"
    if ruling and ruling.state == "not_recognised":
        return "not_recognised"
    if ruling and ruling.state != "withdrawn":
        return "applied"
    return "self_assessing" if "self_assessment" in newest else "forming"


def rows(connection: Connection, visible: set[int]) -> list[SimpleNamespace]:
    """Each visible consortium with a cell for every stage."""
    held = lists.cases_by_consortium(connection, visible)
    query = (
        select(consortia, organisations.c.name.label("lead"), organisations.c.name_en.label("lead_en"))
        .join(organisations, organisations.c.id == consortia.c.lead_id)
        .where(consortia.c.id.in_(visible), consortia.c.kind != "place")
        .order_by(consortia.c.place, consortia.c.code)
    )
    return [_row(row, held.get(row.id, [])) for row in connection.execute(query)]


def _row(row: Any, cases: list[Case]) -> SimpleNamespace:
    place = rulebook().places[row.place]
    return SimpleNamespace(
        url=f"/consortia/{row.id}",
        name=words.pick(row.name, row.name_en),
        place_name=words.pick(place.name, place.name_en),
        lead=words.pick(row.lead, row.lead_en),
        state_label=STATES[consortium_state(cases)],
        stages=[_cell(stage, cases, row.id) for stage in SHOWN],
    )


def _cell(stage: str, cases: list[Case], consortium_id: int) -> SimpleNamespace:
    own = [case for case in cases if case.stage == stage]
    running = [case for case in own if case.closed_at is None]
    if own:
        newest = (running or own)[-1]
        aside = not running and newest.state not in STAGES[stage].main_path
        return SimpleNamespace(
            key=stage, label=STAGES[stage].label, state="now" if running else "returned" if aside else "done",
            said=STAGES[stage].state_labels[newest.state] if aside else "", url=lists.case_url(stage, newest.id),
        )
    taken_over = stage in ("self_assessment", "city_ruling") and any(case.stage == "takeover" for case in cases)
    return SimpleNamespace(
        key=stage, label=STAGES[stage].label, state="skipped" if taken_over else "todo",
        url=f"/consortia/{consortium_id}",
    )


def build(connection: Connection, consortium_id: int, today: date) -> SimpleNamespace:
    """Everything the page of one consortium shows."""
    row = connection.execute(
        select(consortia, organisations.c.name.label("lead"), organisations.c.name_en.label("lead_en"))
        .join(organisations, organisations.c.id == consortia.c.lead_id)
        .where(consortia.c.id == consortium_id)
    ).one()
    cases = lists.cases_by_consortium(connection, [consortium_id]).get(consortium_id, [])
    base = _row(row, cases)
    for cell in base.stages:
        cell.on = next((day_of(case.since) for case in reversed(cases) if case.stage == cell.key), None)
    return SimpleNamespace(
        id=consortium_id,
        name=base.name,
        lead=base.lead,
        place=row.place,
        place_name=base.place_name,
        state_label=base.state_label,
        members=_members(connection, consortium_id),
        timeline=base.stages,
        now=_now(connection, cases, today),
        cases=_groups(connection, cases),
    )


def _members(connection: Connection, consortium_id: int) -> list[SimpleNamespace]:
    query = (
        select(memberships, organisations.c.name, organisations.c.name_en)
        .join(organisations, organisations.c.id == memberships.c.organisation_id)
        .where(memberships.c.consortium_id == consortium_id)
        .order_by(memberships.c.level, organisations.c.id)
    )
    return [
        SimpleNamespace(
            name=words.pick(row.name, row.name_en),
            level_label=words.LEVELS[row.level],
            since=row.since,
            until=row.until,
        )
        for row in connection.execute(query)
    ]


def _now(connection: Connection, cases: list[Case], today: date) -> SimpleNamespace | None:
    """Who holds the consortium's most urgent open case, since when and by when."""
    running = [case for case in cases if case.closed_at is None]
    due = lists.deadlines(connection, [case.id for case in running]) if running else {}
    waiting = [case for case in running if lists.holders(connection, case.id)]
    if not waiting:
        return None
    case = min(waiting, key=lambda one: (due.get(one.id, date.max), -one.id))
    deadline, since = due.get(case.id), day_of(case.since)
    return SimpleNamespace(
        holders=[f"{holder}（{STAGES[case.stage].label}）" for holder in lists.holders(connection, case.id)],
        missing=[],
        since=since,
        elapsed_working_days=clocks.working_days_left(connection, since, today),
        deadline=deadline,
        left_working_days=clocks.working_days_left(connection, today, deadline) if deadline else None,
        provisional=bool(deadline and clocks.is_unsure(connection, today, deadline)),
        allowed_working_days=None,
    )


def _groups(connection: Connection, cases: list[Case]) -> list[SimpleNamespace]:
    due = lists.deadlines(connection, [case.id for case in cases]) if cases else {}
    groups = []
    for stage in reversed(stages.ORDER):
        own = [case for case in reversed(cases) if case.stage == stage]
        if own:
            groups.append(
                SimpleNamespace(
                    stage_label=STAGES[stage].label, cases=[_case_row(stage, case, due) for case in own]
                )
            )
    return groups


def _case_row(stage: str, case: Case, due: dict[int, date]) -> SimpleNamespace:
    return SimpleNamespace(
        url=lists.case_url(stage, case.id),
        title=lists.case_subject(stage, case.period),
        period=words.period_label(case.period) or "—",
        pool_label=words.POOLS[case.pool],
        state_label=STAGES[stage].state_labels[case.state],
        since=day_of(case.since),
        deadline=due.get(case.id),
        amount_fen=case.amount_fen,
    )
