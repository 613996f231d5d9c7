"""Steps with nothing to do are not offered, and a reason that nobody has to mend names nobody."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import render_template_string
from sqlalchemy import Engine, select

from governance.refusal import Refusal
from governance.roles import Role
from tests.self_assessment.filing import AT, begun, county_on, paper, take
from workflow.agreement import machine as agreement
from workflow.attempt import Actor, Case
from workflow.clearing import conditions as clearing
from workflow.db import reading
from workflow.machines import STAGES
from workflow.model import cases
from workflow.pages import case_page, words
from workflow.prepayment import conditions as prepayment
from workflow.self_assessment import machine as self_assessment
from workflow.settlement import conditions as settlement
from workflow.settlement.model import corrected
from workflow.surplus_plan import conditions as surplus_plan

SHOWN = "{% from '_words.html' import refusals with context %}{{ refusals(items) }}"


@pytest.fixture
def engine(app: Any) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


def offers(app: Any, engine: Engine, case_id: int, actor: Actor) -> dict[str, Any]:
    """The steps that the page of the case offers ``actor``, by their triggers."""
    seat = SimpleNamespace(
        seat_id=actor.seat_id, organisation_id=actor.organisation_id, role=str(actor.role),
        kind=str(actor.role).rsplit("_", 1)[0],
    )  # fmt: skip
    viewer = SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=[seat])
    with app.test_request_context(), reading(engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        page = case_page.build(connection, case, viewer, AT)
        return {one.trigger: one for one in page.offers}


def test_evidence_is_removed_only_where_there_is_some(app: Any, engine: Engine) -> None:
    county = county_on(engine)
    case_id, clerk = begun(engine, county), county.actor(Role.LEAD_CLERK)
    take(engine, case_id, "grade", clerk, criterion="Q11", grade="met", explanation="好")
    assert {"grade", "renew_standard"} <= offers(app, engine, case_id, clerk).keys() - {"drop_evidence"}
    assert "drop_evidence" not in offers(app, engine, case_id, clerk)
    take(engine, case_id, "grade", clerk, criterion="Q11", grade="met", explanation="好", files=[paper()])
    assert offers(app, engine, case_id, clerk)["drop_evidence"].open
    take(engine, case_id, "drop_evidence", clerk, criterion="Q11", sha256=paper()["sha256"])
    assert "drop_evidence" not in offers(app, engine, case_id, clerk)


def test_a_step_that_is_not_needed_is_nobodys_to_mend(app: Any, engine: Engine) -> None:
    county = county_on(engine)
    case_id, clerk = begun(engine, county), county.actor(Role.LEAD_CLERK)
    found = offers(app, engine, case_id, clerk)
    with app.test_request_context():
        said = render_template_string(SHOWN, items=found["renew_standard"].refusals)
        other = render_template_string(SHOWN, items=found["submit"].refusals)
    assert "评判标准没有变化，不用更新" in said and 'class="mend"' not in said
    assert "由牵头医院经办处理" in other


def case_of(**said: Any) -> Any:
    """As much of an attempt as a guard looks at."""
    return SimpleNamespace(
        case=SimpleNamespace(id=1), dossier={}, progress={}, actor=SimpleNamespace(role="x", organisation_id=None),
        parties=SimpleNamespace(member=lambda number: None, members=()), rule=lambda key: None,
        find_rule=lambda key: None, once=lambda key, ask: None, **said,
    )  # fmt: skip


NOTHING: list[tuple[Any, str, dict[str, Any], dict[str, Any]]] = [
    (settlement, "release_asked", {}, {}),
    (settlement, "something_to_pay", {"net_by_member": {}}, {}),
    (prepayment, "something_outstanding", {"open_fen": 0}, {}),
    (clearing, "own_money_open", {}, {}),
    (clearing, "money_out", {"to_receive": []}, {}),
    (clearing, "something_to_recover", {"to_recover": []}, {}),
    (clearing, "claims_stand", {"open_claims": {}}, {}),
    (surplus_plan, "members_not_paid_yet", {}, {"distributed": "x"}),
    (surplus_plan, "own_amount_open", {}, {}),
    (settlement, "not_paid_yet", {}, {"paid": "x"}),
    (self_assessment, "standard_has_changed", {"same_standard": True}, {}),
]


@pytest.mark.parametrize(("module", "guard", "found", "progress"), NOTHING, ids=[row[1] for row in NOTHING])
def test_where_nothing_is_to_be_done_nobody_is_named(
    monkeypatch: pytest.MonkeyPatch, module: Any, guard: str, found: dict[str, Any], progress: dict[str, Any]
) -> None:
    for name, value in found.items():
        monkeypatch.setattr(module, name, lambda *_given, value=value: value)
    attempt = case_of()
    attempt.progress, attempt.dossier = progress, {"standard": {}}
    refusal = getattr(module, guard)(attempt)
    assert isinstance(refusal, Refusal) and str(refusal.reason)
    assert not words.shown(refusal).who


OFFERED: list[tuple[Callable[[Any], bool], Any, Any]] = [
    (corrected, {"supplement": {}, "corrections": []}, {"supplement": {}, "corrections": [{}]}),
    (agreement.letters_out, {"authorisations": {"a": {}, "b": {}}}, {"authorisations": {"a": {}}}),
]


@pytest.mark.parametrize(("offered", "without", "with_some"), OFFERED, ids=["corrections", "letters"])
def test_what_is_taken_back_or_recorded_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, offered: Callable[[Any], bool], without: Any, with_some: Any
) -> None:
    members = [SimpleNamespace(code=code) for code in ("a", "b")]
    monkeypatch.setattr(agreement, "asked_members", lambda parties: members)
    attempt = case_of()
    for dossier, expected in ((without, False), (with_some, True)):
        attempt.dossier = dossier
        assert offered(attempt) is expected


@pytest.mark.parametrize(("offered", "asked"), [("owes_now", "to_recover"), ("owes_from_before", "open_claims")])
def test_money_is_asked_back_only_where_somebody_owes_it(
    monkeypatch: pytest.MonkeyPatch, offered: str, asked: str
) -> None:
    for owed in ((), ("town-1",)):
        monkeypatch.setattr(clearing, asked, lambda attempt, owed=owed: dict.fromkeys(owed, 1))
        assert getattr(clearing, offered)(case_of()) is bool(owed)


def test_the_tables_ask_before_they_offer() -> None:
    wanted = {
        "drop_evidence": "self_assessment", "drop_correction": "settlement", "record_authorisation": "agreement",
        "recover": "clearing", "carry_claim": "clearing", "collect_claim": "clearing",
    }  # fmt: skip
    for trigger, stage in wanted.items():
        rows = [one for one in STAGES[stage].steps if one.trigger == trigger]
        assert rows and all(one.offered for one in rows), trigger
