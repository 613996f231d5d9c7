"""The page of a case, put together once for every stage: where it is, what is missing, who decided what."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from governance.roles import Role
from workflow import clocks, decisions, kernel_forms, lifecycle, scope, tasks
from workflow.attempt import Attempt, Case
from workflow.banking import payments
from workflow.clock import day_of
from workflow.inbox import drafts
from workflow.machines import Step
from workflow.pages import act_offers, clock_card, comments_card, differences, round_words, who_acted, words
from workflow.pages.case_reading import Reading, attached, read_case
from workflow.pages.holders import by_itself, holders
from workflow.pages.lists import case_subject, case_title, case_url
from workflow.pages.returned import returned
from workflow.pages.sections import CasePage
from workflow.pages.worksheet_view import worksheet_view
from workflow.scope import actors_for, may_open
from workflow.trail import evidence
from workflow.vacancies import vacancies

OUTCOMES = {
    "open": "进行中", "passed": "通过", "failed": "未通过", "returned": "退回", "withdrawn": "已终止",
    "void": "内容已变，作废", "superseded": "已被取代",
}


def build(
    connection: Connection, case: Case, viewer: Any, at: Any, bound: dict[str, Any] | None = None, *, demo: bool = False
) -> Any:
    """Everything the page of ``case`` shows to ``viewer``.

    ``bound`` holds forms that came back with errors; ``demo`` says that the database is known to be a demo.
    """
    reading = read_case(connection, case, at, demo=demo)
    attempt, sheet = reading.attempt, reading.sheet
    page = CasePage(attempt, viewer, attempt.dossier, attempt.progress, json.loads(sheet.body) if sheet else None)
    views = import_module(f"workflow.{case.stage}.views")
    consortium = attempt.consortium
    awaited = {} if case.closed_at else attempt.once("awaited", lambda: tasks.awaited(attempt))
    every_clock = clocks.of_case(connection, case.id)
    name, files = words.pick(consortium.name, consortium.name_en), _attachments(reading, viewer)
    return SimpleNamespace(
        title=case_title(case.stage, name, case.period), subject=case_subject(case.stage, case.period),
        amount_fen=case.amount_fen, stage=case.stage,
        stage_label=attempt.stage.label,
        state_label=attempt.stage.state_labels[case.state],
        consortium=SimpleNamespace(name=name, url=f"/consortia/{consortium.id}"),
        period=words.period_label(case.period), pool_label=words.POOLS[case.pool],
        timeline=_timeline(attempt, reading.trail),
        now=None if case.closed_at else _now(reading, viewer, awaited, every_clock),
        returned=returned(attempt),
        clocks=clock_card.cards(reading, every_clock, dict.fromkeys(body for _trigger, body, _role in awaited)),
        facts=views.facts(page),
        sections=views.sections(page),
        worksheets=[worksheet_view(sheet, page.worksheet, attempt, {one.sha256 for one in files})] if sheet else [],
        rounds=_rounds(reading, viewer),
        offers=drafts.restore(
            connection, viewer.person_id, case, _offers(attempt, viewer, bound or {}, awaited), bound or {}
        ),
        acts=[] if case.closed_at else act_offers.links(attempt, viewer),
        comments=comments_card.card(reading, viewer),
        trail=_trail(reading, viewer),
        attachments=files,
        documents=[*evidence.documents(viewer, case), *payments.documents(case.stage, case.id)],
        has_errors=bool(bound),
    )  # fmt: skip


def _timeline(attempt: Attempt, trail: list[Any]) -> list[SimpleNamespace]:
    reached: dict[str, Any] = {}
    for row in trail:
        if row.to_state != row.from_state or row.seq == 1:
            reached[row.to_state] = row.at
    path = list(attempt.stage.main_path) or [str(state) for state in attempt.stage.states]
    state = attempt.case.state
    if state not in path:
        path.insert(1 + max((path.index(one) for one in reached if one in path), default=-1), state)
    here = path.index(state)
    return [
        SimpleNamespace(
            key=one,
            label=attempt.stage.state_labels[one],
            state="now" if number == here and not attempt.case.closed_at else "done" if number <= here else "todo",
            on=day_of(reached[one]) if number <= here and one in reached else None,
            url="",
        )
        for number, one in enumerate(path)
    ]


def _now(
    reading: Reading, viewer: Any, awaited: Mapping[tuple[str, int, str], Step], every_clock: list[Any]
) -> SimpleNamespace:
    """Who holds the case, what is missing for its next steps, since when and by when."""
    attempt = reading.attempt
    connection, waiting = attempt.connection, holders(reading, viewer)
    clock_row = next((one for one in every_clock if one.stopped_on is None), None)
    since = day_of(attempt.case.since)
    return SimpleNamespace(
        holders=[one.name for one in waiting] or by_itself(attempt),
        waiting=waiting,
        missing=list((_undecided(attempt, awaited) | _guarded(attempt, awaited.values())).values()),
        since=since,
        elapsed_working_days=clocks.working_days_left(connection, since, attempt.day),
        deadline=clock_row.deadline if clock_row else None,
        clock_label=words.CLOCKS.get(clock_row.name, clock_row.name) if clock_row else "",
        paused=bool(clock_row and clock_row.paused_on),
        left_working_days=clocks.working_days_left(connection, attempt.day, clock_row.deadline) if clock_row else None,
        provisional=bool(clock_row and clock_row.provisional),
        allowed_working_days=clock_row.days if clock_row else None,
    )


def _guarded(attempt: Attempt, awaited: Collection[Step]) -> dict[str, Any]:
    """What the steps onward still want; nothing once somebody may take one: the others are for other cases."""
    found: dict[str, Any] = {}
    for step in attempt.stage.steps_from(attempt.case.state):
        if step.dest and step.dest != attempt.case.state and not step.dangerous and (step.task or step.primary):
            if not (wanted := lifecycle.guard_refusals(attempt, step)) and step in awaited:
                return {}
            found |= {str(one.reason): words.shown(one) for one in wanted}
    return found


def _undecided(attempt: Attempt, awaited: Mapping[tuple[str, int, str], Step]) -> dict[str, Any]:
    """The decisions that several seats still owe in the case's state, each named by its seat."""
    owed = {}
    for (_trigger, organisation, _role), step in awaited.items():
        if step.casts and step.dest is None:
            refusal = decisions.owed(attempt.parties.names[organisation], step.casts[1])
            owed[str(refusal.reason)] = words.shown(refusal)
    return owed | {str(one.reason): words.shown(one) for one in vacancies(attempt)}


def _offers(
    attempt: Attempt, viewer: Any, bound: dict[str, Any], awaited: Mapping[tuple[str, int, str], Step]
) -> list[SimpleNamespace]:
    """The steps the viewer's seats may take from here, open or closed with every reason."""
    found = []
    for step in attempt.stage.steps_from(attempt.case.state):
        offered = step.offered or _always
        tried = [
            (attempt.by(actor), lifecycle.guard_refusals(attempt.by(actor), step))
            for actor in actors_for(viewer, step, attempt.parties, attempt.case.stage)
            if offered(attempt.by(actor))
        ]
        if not tried:
            continue
        trying, closed = next((one for one in tried if not one[1]), tried[0])
        actor = trying.actor
        mine = (step.trigger, actor.organisation_id, str(actor.role)) in awaited
        refusals = [words.shown(one) for one in closed]
        found.append(_offer(trying, step, refusals, bound.get(step.trigger), mine))
    return found


def _always(_attempt: Attempt) -> bool:
    return True


def _offer(attempt: Attempt, step: Step, refusals: list[Any], bound: Any, mine: bool) -> SimpleNamespace:
    case = attempt.case
    return SimpleNamespace(
        trigger=step.trigger,
        label=step.label,
        open=not refusals,
        refusals=refusals,
        form=bound or (None if refusals else form_for(attempt, step)),
        url=f"{case_url(case.stage, case.id)}/{step.trigger}" + scope.used(attempt.actor),
        primary=not step.dangerous and (mine or step.primary or step.dest is not None),
        dangerous=step.dangerous,
        key=secrets.token_urlsafe(18),
        seen=case.seen,
    )


def form_for(attempt: Attempt, step: Step, formdata: Any = None) -> Any:
    """The form of ``step`` for this attempt, prefilled; ``None`` when the step needs nothing typed."""
    form_class = kernel_forms.form_class(attempt, step)
    if form_class is None:
        return None
    form = form_class(formdata, data=form_class.initial(attempt))
    form.prepare(attempt)
    return form


def _rounds(reading: Reading, viewer: Any) -> list[SimpleNamespace]:
    """Rounds with their seats, newest first; what a seat said is shown to nobody else until its round is over."""
    attempt = reading.attempt
    found = []
    for one in reversed(decisions.every_round(attempt)):
        if one.outcome in ("void", "superseded") and not one.cast:
            continue
        ballot, open_to_all = attempt.stage.ballot(one.ballot), one.outcome != "open"
        found.append(
            SimpleNamespace(
                label=ballot.label,
                number=one.round_no,
                changed_url=differences.since_round(attempt, one),
                state_label=words.pick(OUTCOMES[one.outcome], one.outcome),
                opened=one.opened_at,
                hash=one.subject_hash,
                print_url=f"{case_url(attempt.case.stage, attempt.case.id)}/print/{one.ballot}",
                seats=[
                    _seat(seat, ballot, one, reading, open_to_all or _hears(viewer, seat.organisation_id))
                    for seat in one.seats
                ],
            )
        )
    return found


def _hears(viewer: Any, organisation_id: int | None) -> bool:
    """Whether the viewer may read what this organisation said while its round is open: its own people, and audit."""
    return any(seat.organisation_id == organisation_id or seat.role == str(Role.AUDITOR) for seat in viewer.seats)


def _seat(seat: Any, ballot: Any, one: Any, reading: Reading, heard: bool) -> SimpleNamespace:
    own = {row.link: row for row in one.cast if row.seat_key == seat.seat_key}
    chain = decisions.chain_of(ballot, seat)
    final = own.get(chain[-1])
    levels = round_words.levels(chain, own, reading) if heard else []
    shown = (final or (own.get(chain[0]) if not levels else None)) if heard else None
    pending = next((link for link in chain if link not in own), None)
    return SimpleNamespace(
        organisation=seat.label,
        role_label="",
        tone="done" if final else "",
        final=final is not None,
        status_label=words.pick("已决定", "decided") if final else round_words.awaited(pending or chain[-1], one),
        levels=levels,
        verdict_label=decisions.VERDICTS[shown.verdict] if shown else "",
        opinion=shown.opinion if shown else "",
        person=reading.person(shown.person_id) if shown else "",
        at=shown.at if shown else None,
        acting_note=who_acted.acting_note(reading, shown),
        recused=who_acted.stepped_back(reading, seat),
        paper=round_words.on_paper(shown),
        asked=round_words.asked(one, seat.seat_key, heard),
    )


def _trail(reading: Reading, viewer: Any) -> list[SimpleNamespace]:
    """The record, newest first, without opinions of an open round that the viewer may not read yet."""
    still_open = {one.round_no for one in decisions.open_rounds(reading.attempt).values()}
    return [
        _trail_row(row, reading, {} if _hears(viewer, row.organisation_id) else still_open)
        for row in reversed(reading.trail)
    ]


def _trail_row(row: Any, reading: Reading, unheard: Collection[int]) -> SimpleNamespace:
    stage = reading.attempt.stage
    labels, data = stage.state_labels, json.loads(row.body)["data"]
    if data.get("round") in unheard:
        data.pop("opinion", None)
    return SimpleNamespace(
        seq=row.seq,
        at=row.at,
        who=who_acted.who(reading, row.person_id, data.get("for")),
        organisation=reading.organisation(row.organisation_id),
        verb=stage.verb_label(row.verb) or words.verb_label(row.verb),
        from_label=labels.get(row.from_state, "") if row.from_state != row.to_state else "",
        to_label=labels.get(row.to_state, ""),
        note=round_words.note(data),
        hash=row.hash,
        by_system=row.person_id is None,
        intervened=row.verb.startswith("intervention_"),
    )


def _attachments(reading: Reading, viewer: Any) -> list[SimpleNamespace]:
    lead_id = reading.attempt.consortium.lead_id
    return [
        SimpleNamespace(
            name=row.name,
            url=f"/files/{row.case_id}/{row.sha256}",
            size=f"{max(row.size // 1024, 1)} KB",
            sha256=row.sha256,
            by=reading.person(row.person_id),
            at=row.at,
        )
        for row in attached(reading)
        if may_open(viewer, row.section, row.person_id, lead_id)
    ]
