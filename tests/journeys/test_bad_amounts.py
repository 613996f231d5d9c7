"""A wrong amount in every form that asks for one: told at its field, the typed text kept, nothing written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, FormField

from governance.roles import Role
from tests.journeys.walking import Visitor, Walk, Watch, refused
from workflow import clock, lifecycle
from workflow.attempt import Attempt, Case
from workflow.db import reading
from workflow.forms import MoneyField
from workflow.machines import STAGES, Step
from workflow.model import cases
from workflow.pages import case_page
from workflow.pages.beginnings import begin_of
from workflow.parties import parties_of

AGENCY = "agency-demo-hunan-city"
WRONG_AMOUNTS = ("NaN", "inf", "1e9", "１２３", "12.345", "1,234.50", "1_000", "0x10", "十元", "99999999999999")
REASON = {"reason": "样例：文字要留下"}
DEDUCTION = {
    **REASON, "member": "beihe-a-lead", "amount_fen": "5.00", "kind": "own", "decision_number": "样例决定 9 号",
}  # fmt: skip


@pytest.fixture
def walk(story_app: Flask) -> Walk:
    return Walk(story_app)


@pytest.fixture
def watch(walk: Walk) -> Iterator[Watch]:
    with walk.engine.connect() as connection:
        yield Watch(connection)


def money_fields(form: Any) -> Iterator[tuple[str, MoneyField]]:
    """Every amount of a form, also inside its rows."""
    for one in form:
        if isinstance(one, MoneyField):
            yield one.name, one
        elif isinstance(one, FormField):
            yield from money_fields(one.form)
        elif isinstance(one, FieldList):
            for entry in one.entries[:1]:
                if isinstance(entry, FormField):
                    yield from money_fields(entry.form)


def _amounts(walk: Walk) -> Iterator[tuple[Case, Step, str, MoneyField]]:
    """Every amount that a step of any stage asks for, on a case from whose state it leads where there is one."""
    with walk.app.test_request_context(), reading(walk.engine) as connection:
        for stage in STAGES.values():
            query = select(cases).where(cases.c.stage == stage.name)
            rows = connection.execute(query.order_by(cases.c.closed_at.is_not(None), cases.c.id))
            found = [Case(*row) for row in rows]
            of_form = {one.trigger: one for one in reversed(stage.steps) if one.trigger in stage.forms}
            for step in of_form.values():
                case = next((one for one in found if one.state in step.source), found[0] if found else None)
                if case is None:
                    continue
                attempt = Attempt(connection, case, lifecycle.SYSTEM, clock.now(connection))
                for name, asked in money_fields(case_page.form_for(attempt, step)):
                    yield case, step, name, asked


def _taker(walk: Walk, case: Case, step: Step) -> Visitor:
    """Somebody who may take the step, best one to whom it is open now."""
    with reading(walk.engine) as connection:
        parties = parties_of(connection, case.consortium_id, clock.day_of(clock.now(connection)))
    seats_there = [(parties.codes[body], role) for role in step.by for body in parties.of(role)]
    visitors = [walk.visitor(code, role) for code, role in seats_there[:6]]
    form = f'id="step-{step.trigger}-form"'
    return next((one for one in visitors if form in one.get(f"/{case.stage}/{case.id}").text), visitors[0])


def _closed(walk: Walk, who: Visitor, case: Case, step: Step) -> str:
    """Why the step cannot be taken now, as its page tells; empty when it is open."""
    if case.state not in step.source:
        return f"不能办理“{step.label}”"
    page = who.get(f"/{case.stage}/{case.id}").text
    shut = re.search(rf'<div class="offer shut" id="step-{step.trigger}">.*?</ul>', page, re.S)
    reasons = re.findall(r"<span>(.*?)</span></li>", shut[0], re.S) if shut else [""]
    return html.unescape(re.sub(r"<.*", "", reasons[0], flags=re.S)).strip()


def test_a_wrong_amount_is_refused_in_every_form(walk: Walk, watch: Watch) -> None:
    asked = list(_amounts(walk))
    assert {case.stage for case, *_rest in asked} >= {
        "agreement", "budget", "settlement", "clearing", "surplus_plan", "takeover",
    }  # fmt: skip
    visitors: dict[Any, Visitor] = {}
    open_ones = 0
    for position, (case, step, name, field) in enumerate(asked):
        who = visitors.get((case.id, step.trigger)) or _taker(walk, case, step)
        visitors[case.id, step.trigger] = who
        path = f"/{case.stage}/{case.id}/{step.trigger}"
        closed = _closed(walk, who, case, step)
        if closed:
            assert closed in refused(watch, who, path, {name: "NaN"}), (path, name)
            continue
        open_ones += 1
        for typed in (WRONG_AMOUNTS[position % 5], WRONG_AMOUNTS[5 + position % 5]):
            words = refused(watch, who, path, {name: typed})
            assert f"{field.label.text}：" in words and "金额" in words, (path, name, typed, words)
        if not field.signed:
            assert "金额不能为负数" in refused(watch, who, path, {name: "-5"}), (path, name)
    assert open_ones >= 6


def test_every_amount_of_every_form_knows_a_wrong_one(walk: Walk) -> None:
    """Also the forms of steps that are not open at the story's end."""
    asked = list(_amounts(walk))
    assert len(asked) >= 25
    with walk.app.test_request_context(), reading(walk.engine) as connection:
        for case, step, name, field in asked:
            attempt = Attempt(connection, case, lifecycle.SYSTEM, clock.now(connection))
            for typed in (*WRONG_AMOUNTS, *(() if field.signed else ("-5", "-0.01"))):
                form = case_page.form_for(attempt, step, MultiDict({name: typed}))
                form.validate()
                errors = dict(money_fields(form))[name].errors
                assert errors and "金额" in str(errors[0]), (case.stage, step.trigger, name, typed)


@pytest.mark.parametrize("typed", WRONG_AMOUNTS)
def test_every_wrong_way_to_write_an_amount_is_told(walk: Walk, watch: Watch, typed: str) -> None:
    case, clerk = walk.case("beihe-a", "settlement", "2026-10"), walk.visitor(AGENCY, Role.AGENCY_CLERK)
    words = refused(watch, clerk, f"/settlement/{case.id}/deduct", {**DEDUCTION, "amount_fen": typed})
    assert "拒付金额（元）：金额" in words
    again = clerk.post(f"/settlement/{case.id}/deduct", {**DEDUCTION, "amount_fen": typed}).text
    assert html.escape(typed) in again and REASON["reason"] in again


def test_a_wrong_opening_amount_is_refused_where_a_takeover_begins(walk: Walk, watch: Watch) -> None:
    clerk = walk.visitor(AGENCY, Role.AGENCY_CLERK)
    with walk.app.test_request_context():
        beginning = begin_of("takeover")
        assert beginning is not None
        names = [(name, field.label.text) for name, field in money_fields(beginning.form(None))]
    assert names
    for name, label in names:
        assert f"{label}：" in refused(watch, clerk, "/takeover/new", {name: "1,000.00"}), name
