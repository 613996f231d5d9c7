"""What may not be proposed, and in which words it is refused: with the rule and the day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from tests.people import make_county
from tests.rule_change.changing import HEAD, RATIO, City, proposal
from workflow import stages
from workflow.db import reading, writing
from workflow.enacted import enacted_rules
from workflow.model import cases, settings
from workflow.rule_change.model import begun
from workflow.rule_change.written import text_of, value_of
from workflow.rules import DEMO_MARK

RETENTION = "clearing.retention"


@pytest.fixture
def city(engine: Engine) -> City:
    stages.load()
    with writing(engine) as connection:
        return City(engine, make_county(connection))


def refused(city: City, **changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        city.begin(**changes)
    with reading(city.engine) as connection:
        assert connection.execute(select(cases)).all() == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "abc"}, "应是加引号的数字：abc"),
        ({"value": "0.06"}, "超出 cn-hunan"),
        ({"rule": RETENTION, "since": "2026-01-01", "value": "by: score\nbands: []"}, "bands"),
        ({"rule": RETENTION, "since": "2026-01-01", "value": "by: score\nbands:\n- {from: 60, ratio: 1.2}"}, "ratio"),
        ({"rule": "budget.weights", "since": "2026-01-01", "value": "insured: 0.6\nrisk: 0.6"}, "权重之和应为 1"),
    ],
)
def test_shape_and_bounds_are_those_of_the_rule_files(city: City, changes: dict[str, Any], said: str) -> None:
    words = refused(city, **changes)
    given = proposal(**changes)
    assert said in words
    assert given["rule"] in words and given["since"] in words and given["document_number"] in words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"since": "2025-04-30"}, "所属月份已经开始"),
        ({"since": "2025-04-01"}, "settlement.deposit_ratio）自 2025-04-01 生效"),
        ({"rule": "clearing.retention", "value": "{by: flat, ratio: 0.5}", "since": "2025-12-01"}, "所属年度已经开始"),
        ({"rule": "ruling.notice_days", "value": "6", "since": "2025-04-15"}, "生效日已经开始"),
        ({"rule": "no.such_rule"}, "没有这项规则：no.such_rule"),
        ({"since": "2025-5-1"}, "2026-11-23 的样子"),
        ({"status": "certain"}, "不认识的核实状态"),
        ({"says": "  "}, "用自己的话"),
        ({"clause": ""}, "条款"),
        ({"document_number": ""}, "文号"),
        ({"issued_on": "2025-04-16"}, "晚于今天"),
        ({"scan": None}, "扫描件"),
        ({"value": "&a [1, *a]"}, "不能引用别处"),
        ({"value": "{a: 1, a: 2}"}, "写了两次"),
        ({"value": "[1"}, "看不懂"),
        ({"place": "nowhere"}, "不是您负责的"),
    ],
)
def test_what_is_wrong_is_said(city: City, changes: dict[str, Any], said: str) -> None:
    assert said in refused(city, **changes)


def test_samples_only_in_a_demo(city: City) -> None:
    city.begin(status="sample")
    with writing(city.engine) as connection:
        connection.execute(settings.delete().where(settings.c.name == DEMO_MARK))
    with pytest.raises(Refused, match="只有样例规则"):
        city.begin(status="sample")


def test_no_sample_value_where_the_rules_are_real(engine: Engine) -> None:
    stages.load()
    real = "cn-anhui-suixi"
    with writing(engine) as connection:
        there = City(engine, make_county(connection, place=real, city=real, demo=False))
    with pytest.raises(Refused, match="样例值只能用在演示数据库"):
        there.begin(place=real, status="sample")
    there.begin(place=real, status="official")


def test_what_has_begun_meanwhile_is_not_enacted(city: City) -> None:
    city.to_approved()
    with pytest.raises(Refused, match="期间已经开始"):
        city.take("enact", HEAD, on="2025-05-02")
    with reading(city.engine) as connection:
        assert connection.execute(select(enacted_rules)).all() == []


def test_a_bound_in_principle_gives_way_to_a_document_and_is_told(city: City) -> None:
    city.to_enacted(rule="settlement.pay_lead_within", value="35", since="2025-05-01", says="拨付时限三十五个工作日")
    dossier, _progress = city.content()
    assert len(dossier["overrides"]) == 1 and "原则上" in dossier["overrides"][0]


@pytest.mark.parametrize(
    ("rule", "since", "today", "period"),
    [
        (RATIO, "2025-05-31", "2025-04-30", ""), (RATIO, "2025-05-31", "2025-05-01", "month"),
        ("clearing.overrun", "2026-01-01", "2025-12-31", ""), ("clearing.overrun", "2026-12-31", "2026-01-01", "year"),
        ("clearing.due_by", "2026-01-02", "2026-01-01", ""), ("clearing.due_by", "2026-01-01", "2026-01-01", "day"),
        ("settlement.pay_lead_within", "2025-05-02", "2025-05-01", ""),
        ("committee.quorum", "2025-05-02", "2025-05-02", "day"),
    ],
)  # fmt: skip
def test_a_rule_begins_with_a_period_that_has_not(rule: str, since: str, today: str, period: str) -> None:
    assert begun(rule, date.fromisoformat(since), date.fromisoformat(today)) == period


@pytest.mark.parametrize("written", ["0.05", "true", "score", "null", "by: flat\nratio: 0.50", "[resident, employee]"])
def test_a_value_keeps_its_digits(written: str) -> None:
    value = value_of(written)
    assert value_of(text_of(value)) == value
    assert value_of("by: flat\nratio: 0.50") == {"by": "flat", "ratio": "0.50"} and value_of("null") is None
