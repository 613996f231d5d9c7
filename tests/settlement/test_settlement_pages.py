"""The page of a month at each state: it draws, and shows who declared, what is payable, and where the money is."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from flask import render_template
from sqlalchemy import Engine

from governance.roles import Role
from tests.settlement.months import Month, moment, prepare
from workflow import files
from workflow.attempt import Actor
from workflow.claims.columns import CATEGORIES
from workflow.db import reading, writing
from workflow.pages import case_page
from workflow.settlement import forms, supplements


def shown(app: Any, month: Month, actor: Actor, on: str = "2025-04-14") -> str:
    """The page of the month as ``actor`` sees it, without markup."""
    seat = SimpleNamespace(
        seat_id=actor.seat_id, organisation_id=actor.organisation_id, role=str(actor.role),
        kind=str(actor.role).rsplit("_", 1)[0],
    )
    viewer = SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=[seat])
    with app.test_request_context(), reading(month.engine) as connection:
        page = case_page.build(connection, month.case, viewer, moment(on))
        drawn = "".join(render_template(section.template, section=section) for section in page.sections)
        offered = " ".join(str(offer.label) for offer in page.offers)
        labels = " ".join(f"{label} {value}" for label, value in page.facts)
        missing = " ".join(str(one.reason) for one in page.now.missing) if page.now else ""
        forms = "".join(str(field()) for offer in page.offers if offer.form for field in offer.form)
    return re.sub(r"<[^>]+>|\s+", " ", f"{drawn} {offered} {labels} {missing} {forms}")


@pytest.fixture
def engine(app: Any) -> Engine:
    """The app's own engine, so that pages and steps see one database."""
    found: Engine = app.extensions["gongzhi.engine"]
    return found


def test_declaring_shows_who_has_not_declared(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.import_sample()
    month.take("reconcile", Role.MEMBER_CLERK, "tcm", differences=[
        {"category": "item", "amount_fen": 120_00, "note": "少计一例"}
    ])  # fmt: skip
    said = shown(app, month, month.actor(Role.MEMBER_CLERK, "town-1"))
    for words in ("对账确认", "未申报", "由乡镇卫生院申报", "detail.csv", "120.00", "少计一例", "尚未下达"):
        assert words in said
    assert "登记审核拒付" not in said


def test_calculated_shows_every_column(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_calculated()
    assert "县域外或名册外机构 3 家" in shown(app, month, month.actor(Role.AGENCY_REVIEWER))
    month.take(
        "deduct", Role.AGENCY_CLERK, member="lead", amount_fen=123_45, decision_number="拒付〔2025〕1号", reason="超限"
    )
    said = shown(app, month, month.actor(Role.AGENCY_REVIEWER))
    for words in ("支付标准", "个人负担", "大病保险", "医疗救助", "其他基金", "拒付〔2025〕1号", "123.45", "复核"):
        assert words in said


def test_paid_shows_references_and_receipts(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_distributing()
    month.take("confirm_receipt", Role.MEMBER_CLERK, "tcm", on="2025-04-14")
    said = shown(app, month, month.actor(Role.LEAD_FINANCE))
    for words in ("样例用款〔2025〕4号", "B-1", "D-1", "牵头医院留用", "已确认收款", "待确认", "上传银行回单", "尚未确认收款"):
        assert words in said


def test_an_absence_and_a_carried_month_are_shown(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.import_sample()
    month.reconcile_all(without=("town-2",))
    month.take("propose_absent", Role.AGENCY_CLERK, on="2025-04-11", member="town-2", reason="停业整顿")
    assert "拟登记未申报" in shown(app, month, month.actor(Role.AGENCY_REVIEWER))
    month.take("confirm_absent", Role.AGENCY_REVIEWER, on="2025-04-11", member="town-2")
    month.jobs("2025-04-11")
    assert "留待以后月份结算" in shown(app, month, month.actor(Role.AGENCY_CLERK))
    month.take("dispute", Role.AGENCY_HEAD, on="2025-04-11", reason="分组待复核")
    assert "分组待复核" in shown(app, month, month.actor(Role.AGENCY_HEAD))
    month.take("carry", Role.AGENCY_HEAD, on="2025-04-11", reason="平台未回")
    assert "结转、尚未结算" in shown(app, month, month.actor(Role.AGENCY_HEAD))


def test_a_supplement_shows_what_was_decided_what_is_right_and_the_difference(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_distributing()
    month.take("bank_proof", Role.LEAD_FINANCE, on="2025-04-15", bank_reference="R-1")
    clerk, member = month.actor(Role.AGENCY_CLERK), month.actor(Role.MEMBER_CLERK, "tcm")
    assert "办理红冲补记" in shown(app, month, clerk)
    assert "红冲" not in shown(app, month, member)
    closed = month.case_id
    with writing(engine) as connection:
        month.case_id = supplements.begin(
            connection, actor=clerk, at=moment("2025-06-03"), month=closed, reason="漏报一例",
            evidence=files.keep(b"evidence", "recheck.txt"),
        )  # fmt: skip
    assert "登记更正" in shown(app, month, clerk) and "登记审核拒付" not in shown(app, month, clerk)
    month.take(
        "correct", Role.AGENCY_CLERK, on="2025-06-03", what="own", member="town-1", category="item",
        amount_fen=123_456, note="漏报",
    )  # fmt: skip
    said = shown(app, month, member, "2025-06-03")
    for words in ("漏报一例", "recheck.txt", "1,234.56", "原结算", "更正后", "61.73", "1,172.83"):
        assert words in said
    month.case_id = closed
    assert "第 2 次结算" in shown(app, month, member) and "办理红冲补记" not in shown(app, month, clerk)


def test_each_category_is_shown_from_standard_to_payable(app: Any, engine: Engine) -> None:
    month = prepare(engine).open()
    month.to_calculated()
    body = month.content()[0]
    assert body["standard_counts"] == "file"
    for code, held in body["categories"].items():
        assert set(held) <= {"drg", "bed_day", "capitation", "item", "family_doctor", "dip"}
        assert sum(one["payable_fen"] for one in held.values()) == month.results()["members"][code]["gross_fen"]
        assert sum(one["standard_fen"] for one in held.values()) == body["columns"][code]["standard_fen"]
    said = shown(app, month, month.actor(Role.AGENCY_REVIEWER))
    for words in ("从支付标准到应付", "支付标准不是基金支付额", "本月以文件所载的为准"):
        assert words in said
    assert "本月以规则计算的为准" not in said


def test_nothing_is_missing_of_a_month_that_may_be_paid(app: Any, engine: Engine) -> None:
    """What closes the ways that are for other months, one with nothing to pay, is not missing here."""
    month = prepare(engine).open()
    month.to_approved()
    said = shown(app, month, month.actor(Role.AGENCY_CLERK))
    assert "拨付牵头医院" in said
    assert "本月有应拨付的款项" not in said
    assert "不需要用款批复" not in said


def test_who_writes_a_difference_is_told_the_words_that_may_stand_there() -> None:
    said = str(forms.ReconcileForm.differences.kwargs["description"])
    assert all(label in said for label in CATEGORIES.values())
    (one,) = forms.differences_from_text(said.split("例如：")[1].split("；")[0])
    assert one == {"category": "bed_day", "amount_fen": -120_50, "note": "少计一例"}
