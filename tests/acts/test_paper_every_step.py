"""Every decision of every stage can be signed on paper where its place lets it; what cannot says why."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from wtforms import MultipleFileField, StringField
from wtforms.validators import InputRequired

from governance.refusal import Refused
from governance.roles import Role
from tests.acts.paper_roads import OWED, Plain
from tests.budget import budgeting
from tests.kernel.levels import rule_of_place, seated
from tests.returns.roads import Road
from tests.self_assessment.filing import county_on
from workflow import clock, door, files, stages
from workflow.acts import paper_confirmed, paper_fields
from workflow.acts.model import papers
from workflow.acts.paper import REGISTRARS, Line, _line_faults, lines, owed, refusals, signers
from workflow.attempt import Actor, Attempt, Case
from workflow.city_ruling.forms import OpineForm
from workflow.db import reading, writing
from workflow.machines import PASSING_ON, STAGES
from workflow.model import case_actors, cases, decisions
from workflow.organisations.model import seats

stages.load()
CASTING = sorted(
    {(stage.name, step.casts[0], step.trigger) for stage in STAGES.values() for step in stage.steps if step.casts}
)
_KEYS = itertools.count()
OWN = [one for one in CASTING if one in OWED]


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[list[str]]:
    """What the sample county lets be signed on paper; files go to a folder of the test."""
    named: list[str] = []
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    found = Attempt.find_rule

    def find_rule(self: Attempt, key: str, on: Any = None) -> Any:
        return type("Allowed", (), {"value": named}) if key == "decision.paper_allowed" else found(self, key, on)

    monkeypatch.setattr(Attempt, "find_rule", find_rule)
    yield named


def looked_at(road: Road, actor: Actor, connection: Any) -> Attempt:
    return Attempt(
        connection, Case(*connection.execute(select(cases).where(cases.c.id == road.case_id)).one()), actor, road.when
    )


def people(road: Road) -> list[Actor]:
    return [one for several in road.county.actors.values() for one in several]


def owing(road: Road, trigger: str) -> tuple[Actor, Line, Any]:
    """Somebody who may register the decision, the decision, and who may have signed it."""
    with reading(road.engine) as connection:
        for actor in people(road):
            if actor.role not in REGISTRARS:
                continue
            attempt = looked_at(road, actor, connection)
            for line in lines(attempt).values():
                found = list(signers(attempt, line).values())
                if line.step.trigger == trigger and found and not list(refusals(attempt)):
                    return actor, line, found[0]
    raise AssertionError(f"nobody may register {trigger}")


def typed_for(road: Road, actor: Actor, line: Line) -> list[list[str]]:
    """The step's own form filled in: what it shows at first, and the first choice of every list."""
    with reading(road.engine) as connection:
        attempt = looked_at(road, actor, connection)
        own = paper_fields.form_class(attempt, line.step)
        form = own(None, data=own.initial(attempt))
        form.prepare(attempt)
        found = []
        for field in paper_fields._leaves(form):
            if field.short_name == "seat_key":
                continue
            choices = field if field.type in ("RadioField", "SelectField") else ()
            chosen = [str(one.data) for one in choices if str(one.data)]
            found.append([field.name, chosen[0] if chosen else str(field.data or "见纸面")])
    return found


def do(road: Road, verb: str, actor: Actor, **data: Any) -> str:
    key = f"paper:{verb}:{next(_KEYS)}"
    return str(door.act(road.engine, road.case_id, verb, actor=actor, key=key, at=road.when, data=data)["state"])


def signed(road: Road, line: Line, signer: Any, typed: list[list[str]]) -> dict[str, Any]:
    with reading(road.engine) as connection:
        digest = connection.scalar(select(cases.c.subject_hash).where(cases.c.id == road.case_id))
    return {
        "document_number": "样纸〔2026〕1号", "signed_on": clock.day_of(road.when).isoformat(), "content": str(digest)[:12],
        "decided": [{"key": line.key, "signer": signer.id, "typed": typed}],
        "scan": files.keep(b"%PDF-1.4 signed", "signed.pdf"),
    }  # fmt: skip


def second(road: Road, registrar: Actor, signer: Any) -> Actor:
    """Somebody of the same office who may confirm it."""
    with reading(road.engine) as connection:
        for actor in people(road):
            attempt = looked_at(road, actor, connection)
            free = actor.organisation_id == registrar.organisation_id and actor.person_id != signer.person_id
            if free and paper_confirmed.offered(attempt) and not list(paper_confirmed.refusals(attempt)):
                return actor
    raise AssertionError("nobody may confirm it")


def test_no_decision_of_any_stage_is_left_out() -> None:
    """A row for each; those between reviewer and head are made for every ballot by one mechanism."""
    between = {one for one in CASTING if one[2].startswith("pass_")}
    assert set(CASTING) - between == set(OWED)
    for stage, _ballot, trigger in between:
        steps = [one for one in STAGES[stage].steps if one.trigger == trigger]
        assert steps and all(role.endswith(PASSING_ON) for one in steps for role in one.by)


@pytest.mark.parametrize(("stage", "ballot", "trigger"), OWN, ids=["-".join(one) for one in OWN])
def test_every_decision_can_be_signed_on_paper(
    engine: Engine, allowed: list[str], stage: str, ballot: str, trigger: str
) -> None:
    stages.load()
    road = OWED[stage, ballot, trigger](engine)
    allowed.append(f"{stage}.{ballot}.{trigger}")
    registrar, line, signer = owing(road, trigger)
    typed = typed_for(road, registrar, line)
    do(road, "register_paper", registrar, **signed(road, line, signer, typed))
    with reading(engine) as connection:
        row = connection.execute(select(papers).where(papers.c.case_id == road.case_id)).one()
        other = second(road, registrar, signer)
        sheet = paper_confirmed.entered(looked_at(road, other, connection), [row])
    assert sheet.lines[0].signer == signer.name and sheet.number == "样纸〔2026〕1号"
    said = json.dumps(sheet.lines[0].entries, ensure_ascii=False, default=str)
    assert all(value in said for name, value in typed if name == "opinion")
    do(road, "confirm_paper", other, paper=row.id, said="confirm")
    with reading(engine) as connection:
        cast = connection.execute(select(decisions).where(decisions.c.paper_id == row.id)).one()
        bound = select(case_actors.c.duty).where(case_actors.c.case_id == road.case_id)
        assert connection.scalar(bound.where(case_actors.c.person_id == signer.person_id)) == cast.duty
    assert (cast.person_id, cast.seat_id, cast.link) == (signer.person_id, signer.id, line.step.casts[1])
    assert cast.verdict == dict(typed).get("verdict", "agree")


@pytest.mark.parametrize("verdict", ["agree", "disagree", "return"])
def test_a_level_between_reviewer_and_head_signs_on_paper(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, allowed: list[str], verdict: str
) -> None:
    """What its own form does not offer, sending back, cannot stand on its paper either."""
    rule_of_place(monkeypatch, {"budget.approval": ["section"]})
    county = county_on(engine)
    head = seated(engine, county, Role.CITY_FINANCE_SECTION)
    for kind in ("insurance", "health"):
        seated(engine, county, Role(f"city_{kind}_section"))
    road = Plain(engine).at(county, budgeting.consulted(engine, county), budgeting.AT)
    road.take("opine", Role.CITY_FINANCE_REVIEWER, verdict="agree", opinion="")
    allowed.append("approval.pass_section")
    registrar, line, signer = owing(road, "pass_section")
    assert signer.person_id == head.person_id
    given = signed(road, line, signer, [["verdict", verdict], ["opinion", "见纸面"]])
    if verdict == "return":
        with pytest.raises(Refused, match="不能作出这样的决定"):
            do(road, "register_paper", registrar, **given)
        return
    do(road, "register_paper", registrar, **given)
    with reading(engine) as connection:
        row = connection.execute(select(papers).where(papers.c.case_id == road.case_id)).one()
    do(road, "confirm_paper", second(road, registrar, signer), paper=row.id, said="confirm")
    with reading(engine) as connection:
        cast = connection.execute(select(decisions).where(decisions.c.paper_id == row.id)).one()
    assert (cast.link, cast.verdict, cast.person_id) == ("section", verdict, head.person_id)


def why_not(road: Road, actor: Actor, key: str) -> str:
    """Why a decision cannot be registered, in words."""
    with reading(road.engine) as connection:
        attempt = looked_at(road, actor, connection)
        said = [*refusals(attempt)] or [*_line_faults(attempt, [{"key": key, "signer": 1, "verdict": "agree"}], None)]
    return "\n".join(str(one.reason) for one in said)


def test_what_waits_for_another_link_says_so(engine: Engine, allowed: list[str]) -> None:
    road = OWED["city_ruling", "ruling", "opine"](engine)
    clerk = road.county.actor(Role.CITY_HEALTH_REVIEWER)
    allowed.append("ruling.decide")
    assert "还缺“经办意见”" in why_not(road, clerk, "decide|city_health")
    allowed.append("ruling.opine")
    assert "还缺“经办意见”" in why_not(road, clerk, "decide|city_health")


def test_what_the_place_does_not_let_be_signed_names_its_rule(engine: Engine, allowed: list[str]) -> None:
    road = OWED["city_ruling", "ruling", "opine"](engine)
    clerk = road.county.actor(Role.CITY_HEALTH_REVIEWER)
    allowed.append("city_ruling.ruling.opine")
    assert "本地规则没有允许“作出本部门决定”线下签署（decision.paper_allowed）" in why_not(road, clerk, "decide|city_health")
    assert "没有这项决定" in why_not(road, clerk, "confer|city_health")
    allowed.append("ruling.pass_section")
    assert "不是本单位现在该作的决定" in why_not(road, clerk, "pass_section|city_health")
    allowed[:] = ["budget.ruling.opine"]
    with reading(engine) as connection:
        assert list(owed(looked_at(road, clerk, connection))) == []


def test_what_asks_for_files_is_the_signers_own(
    engine: Engine, allowed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    road = OWED["city_ruling", "ruling", "opine"](engine)
    clerk = road.county.actor(Role.CITY_HEALTH_REVIEWER)
    allowed.append("ruling.opine")
    with_files = type("WithFiles", (OpineForm,), {"files": MultipleFileField("材料")})
    monkeypatch.setattr(paper_fields, "stage_form", lambda stage, step: with_files)
    assert "“出具经办意见”须上传材料，只能由本人在系统内办理" in why_not(road, clerk, "opine|city_health")


def test_where_only_the_registrar_could_have_signed_it_says_so(engine: Engine, allowed: list[str]) -> None:
    road = OWED["city_ruling", "ruling", "opine"](engine)
    clerk, other = (road.county.actor(Role.CITY_HEALTH_REVIEWER, n=n) for n in (0, 1))
    allowed.append("ruling.opine")
    assert "除您以外" not in why_not(road, clerk, "opine|city_health")
    with writing(engine) as connection:
        connection.execute(seats.update().where(seats.c.id == other.seat_id).values(granted_by=clerk.person_id))
    assert "除您以外没有列名的决定人可以签署" in why_not(road, clerk, "opine|city_health")


def test_all_that_the_form_asks_is_kept_and_taken(engine: Engine, allowed: list[str]) -> None:
    """The bureau's grades, their reasons and its finding, exactly as the reviewer's own step would have them."""
    road = OWED["city_ruling", "ruling", "opine"](engine)
    allowed.append("ruling.opine")
    registrar, line, signer = owing(road, "opine")
    typed = typed_for(road, registrar, line)
    given = signed(road, line, signer, [one for one in typed if one[0] != "verdict"])
    with pytest.raises(Refused, match="决定：请选择决定"):
        do(road, "register_paper", registrar, **given)
    unknown = [[name, "样样都好" if name == "grades-1-grade" else value] for name, value in typed]
    given["decided"][0]["typed"] = unknown
    with pytest.raises(Refused, match="本部门评判"):
        do(road, "register_paper", registrar, **given)
    given["decided"][0]["typed"] = typed
    do(road, "register_paper", registrar, **given)
    with reading(engine) as connection:
        row = connection.execute(select(papers).where(papers.c.case_id == road.case_id)).one()
    do(road, "confirm_paper", second(road, registrar, signer), paper=row.id, said="confirm")
    with reading(engine) as connection:
        details = json.loads(str(connection.scalar(select(decisions.c.details).where(decisions.c.paper_id == row.id))))
    words = dict(typed)
    assert details["grades"] == {
        words[name.replace("-grade", "-criterion")]: value for name, value in typed if name.endswith("-grade")
    }
    assert len(details["grades"]) >= 3 and details["substantive"] is True
    assert set(details["reasons"].values()) == {"见纸面"}


def test_what_no_longer_fits_when_it_is_confirmed_is_refused(
    engine: Engine, allowed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read a second time by the form as it is then, and may then be rejected."""
    road = OWED["city_ruling", "ruling", "opine"](engine)
    allowed.append("ruling.opine")
    registrar, line, signer = owing(road, "opine")
    do(road, "register_paper", registrar, **signed(road, line, signer, typed_for(road, registrar, line)))
    stricter = type("Stricter", (OpineForm,), {"more": StringField("新增必填", validators=[InputRequired("必填")])})
    with reading(engine) as connection:
        row = connection.execute(select(papers).where(papers.c.case_id == road.case_id)).one()
    other = second(road, registrar, signer)
    monkeypatch.setattr(paper_fields, "stage_form", lambda stage, step: stricter)
    with pytest.raises(Refused, match=r"登记的内容现在不能办理.*新增必填：必填"):
        do(road, "confirm_paper", other, paper=row.id, said="confirm")
    do(road, "confirm_paper", other, paper=row.id, said="reject", reason="表单已变更")
