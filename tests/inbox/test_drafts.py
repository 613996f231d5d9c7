"""Drafts: text alone, one's own alone, shown again with a warning where the case moved, gone when sent or closed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from wtforms import FieldList, FileField, FormField, HiddenField, PasswordField, StringField, TextAreaField

from governance.roles import Role
from tests.inbox.conftest import Visit
from tests.kernel.sample_stage import STAGE, Sample
from workflow.acts.model import drafts
from workflow.db import reading
from workflow.forms import MoneyField, StepForm
from workflow.inbox.drafts import MOST_BYTES
from workflow.machines import STAGES

MEMBERS = ["town-1", "town-2"]


class RowForm(StepForm):
    member = HiddenField()
    words = StringField("说明")


class EditForm(StepForm):
    amount_fen = MoneyField("金额")
    note = TextAreaField("备注")
    secret = PasswordField("口令")
    scan = FileField("附件")
    rows = FieldList(FormField(RowForm))

    @classmethod
    def initial(cls, attempt: Any) -> dict[str, Any]:
        return {"rows": [{"member": one, "words": ""} for one in MEMBERS]}

    def command_data(self) -> dict[str, Any]:
        return {"amount_fen": self.amount_fen.data}


class PayForm(StepForm):
    note = StringField("附言")

    def command_data(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def sample(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    monkeypatch.setitem(STAGES, "sample", replace(STAGE, forms={"edit": EditForm, "pay": PayForm}))
    yield sample


def hidden(client: FlaskClient, case_id: int, trigger: str = "edit") -> dict[str, str]:
    """The hidden fields of the form of a step, as the page has them."""
    text = client.get(f"/sample/{case_id}").text
    form = re.search(rf'<form method="post" action="/sample/{case_id}/{trigger}".*?</form>', text, re.DOTALL)
    assert form, text
    return dict(re.findall(r'name="(csrf_token|_seen|_key)" value="([^"]*)"', form[0]))


def type_in(client: FlaskClient, case_id: int, trigger: str = "edit", **typed: str) -> Any:
    """What the script of the page sends."""
    sent = hidden(client, case_id, trigger) | {name.replace("__", "-"): text for name, text in typed.items()}
    return client.post(f"/drafts/{case_id}/{trigger}", data=sent)


def kept(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(drafts)))


def test_what_was_typed_comes_back_and_can_be_thrown_away(sample: Sample, visit: Visit, engine: Engine) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    assert "已恢复" not in client.get(f"/sample/{case_id}").text
    answer = type_in(client, case_id, amount_fen="12.3x", note="写到一半<b>", rows__1__words="第二家")
    assert answer.status_code == 204
    text = client.get(f"/sample/{case_id}").text
    assert "已恢复" in text and "有了变化" not in text
    assert 'value="12.3x"' in text and "写到一半&lt;b&gt;" in text
    assert re.search(r'name="rows-1-words"[^>]*value="第二家"', text), "the second row has its own text again"
    token = hidden(client, case_id)["csrf_token"]
    gone = client.post(f"/drafts/{case_id}/edit/discard", data={"csrf_token": token})
    assert gone.location == f"/sample/{case_id}#step-edit" and kept(engine) == []
    assert "写到一半" not in client.get(f"/sample/{case_id}").text


def test_never_files_passwords_or_fields_the_form_has_not(sample: Sample, visit: Visit, engine: Engine) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    type_in(client, case_id, note="可以", secret="口令123", scan="路径", rows__0__member="别人", other="多余", rows__7__words="无")
    (row,) = kept(engine)
    assert "可以" in row.body
    for word in ("口令123", "路径", "别人", "多余", "csrf", "_seen", '"无"'):
        assert word not in row.body
    file = hidden(client, case_id) | {"scan": (__import__("io").BytesIO(b"x"), "a.pdf")}
    assert client.post(f"/drafts/{case_id}/edit", data=file).status_code == 403


def test_a_case_that_moved_is_warned_of(sample: Sample, visit: Visit) -> None:
    clerk, colleague = sample.actor(Role.LEAD_CLERK), sample.actor(Role.LEAD_CLERK, 1)
    case_id, client = sample.open_case(), visit(clerk)
    type_in(client, case_id, note="旧看法")
    sample.take(case_id, "edit", colleague, data={"amount_fen": 77_00})
    text = client.get(f"/sample/{case_id}").text
    assert "旧看法" in text and "草稿写好之后，本件有了变化" in text


def test_rows_that_changed_do_not_get_each_others_text(
    sample: Sample, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    type_in(client, case_id, note="备注还在", rows__0__words="给乡镇一")
    monkeypatch.setattr(sys.modules[__name__], "MEMBERS", ["town-2", "town-1"])
    text = client.get(f"/sample/{case_id}").text
    assert "备注还在" in text and "给乡镇一" not in text and "有了变化" in text


def test_a_draft_is_its_writers_alone(sample: Sample, visit: Visit, engine: Engine) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    type_in(client, case_id, note="只给自己")
    colleague = visit(sample.actor(Role.LEAD_CLERK, 1))
    assert "只给自己" not in colleague.get(f"/sample/{case_id}").text
    token = hidden(colleague, case_id)["csrf_token"]
    assert colleague.post(f"/drafts/{case_id}/edit/discard", data={"csrf_token": token}).status_code == 302
    assert len(kept(engine)) == 1
    bystander = visit(sample.actor(Role.COUNTY_HEALTH_REVIEWER))
    token = re.search(r'csrf_token" value="([^"]+)"', bystander.get("/").text)
    assert token
    sent = {"csrf_token": token[1], "note": "不归我办"}
    assert bystander.post(f"/drafts/{case_id}/edit", data=sent).status_code == 403
    assert bystander.post("/drafts/999999/edit", data=sent).status_code == 404
    assert bystander.post(f"/drafts/{case_id}/nothing", data=sent).status_code == 404
    assert client.post(f"/drafts/{case_id}/edit", data={"note": "没有令牌"}).status_code == 400
    assert len(kept(engine)) == 1


def test_a_draft_goes_when_its_step_is_taken_and_no_other(sample: Sample, visit: Visit, engine: Engine) -> None:
    clerk, colleague = sample.actor(Role.LEAD_CLERK), sample.actor(Role.LEAD_CLERK, 1)
    case_id, client, other = sample.open_case(), visit(clerk), visit(colleague)
    type_in(client, case_id, note="写完了")
    type_in(other, case_id, note="同事的")
    wrong = client.post(f"/sample/{case_id}/edit", data=hidden(client, case_id) | {"amount_fen": "错"})
    assert wrong.status_code == 422 and len(kept(engine)) == 2
    right = client.post(f"/sample/{case_id}/edit", data=hidden(client, case_id) | {"amount_fen": "88.00"})
    assert right.status_code == 302, right.text
    assert [row.person_id for row in kept(engine)] == [colleague.person_id]


def test_drafts_go_when_the_case_closes(sample: Sample, visit: Visit, engine: Engine) -> None:
    first, second = sample.actor(Role.AGENCY_HEAD), sample.actor(Role.AGENCY_HEAD, 1)
    case_id, still_open = sample.open_case("agreed"), sample.open_case("agreed")
    client = visit(first)
    for number in (case_id, still_open):
        assert type_in(client, number, "pay", note="付款附言").status_code == 204
    sample.take(case_id, "pay", second)
    assert [row.case_id for row in kept(engine)] == [still_open]


def test_too_much_is_refused_and_an_emptied_form_keeps_nothing(sample: Sample, visit: Visit, engine: Engine) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    type_in(client, case_id, note="先写一点")
    long = type_in(client, case_id, note="长" * (MOST_BYTES // 3 + 1))
    assert long.status_code == 413 and "草稿太长" in long.text
    assert "先写一点" in kept(engine)[0].body, "what was kept before stays"
    assert type_in(client, case_id, note="  ").status_code == 204 and kept(engine) == []


def test_without_the_script_the_form_is_the_same(sample: Sample, visit: Visit, engine: Engine) -> None:
    case_id, client = sample.open_case(), visit(sample.actor(Role.LEAD_CLERK))
    answer = client.post(f"/sample/{case_id}/edit", data=hidden(client, case_id) | {"amount_fen": "5.00"})
    assert answer.status_code == 302 and kept(engine) == []
