"""Which provision binds where and when, what the agreement fills in, and what a missing rule says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from governance.refusal import Refused
from governance.rulebook import BadRules, Book, RuleBook, rule_names, show

OUTSIDE = Path(__file__).parent / "rulebooks" / "outside"
DAY = date(2025, 6, 30)

BOTH_SIDES = [
    ("settlement.pay_lead_within", "cn-hunan", date(2024, 7, 22), None, ""),
    ("settlement.pay_lead_within", "cn-hunan", date(2024, 7, 23), "30", "official"),
    ("settlement.pay_lead_within", "cn-hunan", date(2026, 1, 1), "30", "official"),
    ("settlement.pay_lead_within", "cn-anhui", date(2025, 10, 15), "30", "partly-verified"),
    ("settlement.pay_lead_within", "cn-anhui", date(2025, 10, 16), "20", "partly-verified"),
    ("settlement.pay_members_within", "cn-hunan", date(2024, 7, 22), "10", "default"),
    ("settlement.pay_members_within", "cn-hunan", date(2024, 7, 23), "10", "official"),
    ("budget.per_capita", "cn-anhui-suixi", date(2023, 12, 31), None, ""),
    ("budget.per_capita", "cn-anhui-suixi", date(2024, 12, 31), "105000", "partly-verified"),
    ("budget.per_capita", "cn-anhui-suixi", date(2025, 1, 1), None, ""),
    ("budget.per_capita", "demo-suixi", date(2025, 1, 1), "105000", "sample"),
    ("ruling.endorsement_required", "cn-hunan", DAY, "false", "default"),
    ("ruling.endorsement_required", "demo-hunan-qingxi", DAY, "true", "sample"),
    ("clearing.retention", "cn-hunan", DAY, None, ""),
    ("surplus.pay_pool_share", "model-sanming", DAY, "0.10", "partly-verified"),
    ("clearing.overrun", "model-luohu", DAY, {"kind": "none"}, "partly-verified"),
    ("agreement.suspension_max_days", "demo-hunan-beihe", DAY, "180", "default"),
]


@pytest.mark.parametrize("rule,place,day,value,status", BOTH_SIDES)
def test_both_sides_of_an_effective_date(rule: str, place: str, day: date, value: Any, status: str) -> None:
    provision = RuleBook.load().at(place).provisions(day).get(rule)
    assert (provision.value, provision.status) == (value, status) if provision else value is None


@pytest.mark.parametrize("day,code", [(date(2024, 10, 31), "abc-2020"), (date(2024, 11, 1), "qualitative-2024")])
def test_the_criteria_change_on_the_first_of_november_2024(day: date, code: str) -> None:
    assert RuleBook.load().at("demo-hunan-qingxi").on("qualification.standard", day).value["code"] == code


def test_the_criteria_of_2020_are_eleven_in_four_dimensions() -> None:
    standard = RuleBook.load().at("cn").on("qualification.standard", date(2024, 1, 1))
    assert [len(dimension["criteria"]) for dimension in standard.value["dimensions"]] == [3, 3, 3, 2]
    assert standard.status == "unverified"
    for dimension in standard.value["dimensions"]:
        assert all(item["label_en"] and item["text"] and item["text_en"] for item in dimension["criteria"])


def test_hunan_says_who_rules_and_what_it_will_not_share() -> None:
    book = RuleBook.load().at("demo-hunan-beihe").in_force(DAY)
    assert book.rule("ruling.parties").value == ["city_insurance", "city_health", "city_finance"]
    overrun = book.rule("clearing.overrun")
    assert overrun.value["ceiling"] == "0.10"
    assert overrun.value["none_if"] == ["failed", "fund_deficit"]
    assert (overrun.cite.document, overrun.cite.clause) == ("湘医保发〔2024〕31号", "三（三）")
    assert overrun.cite.title.startswith("湖南省紧密型县域")


def test_chains() -> None:
    rules = RuleBook.load()
    assert rules.chain("demo-hunan-beihe") == ("cn", "cn-hunan", "demo-hunan-city", "demo-hunan-beihe")
    assert rules.chain("demo-suixi") == ("cn", "cn-anhui", "cn-anhui-suixi", "demo-suixi")


def test_an_unknown_place_is_refused_in_both_languages() -> None:
    with pytest.raises(Refused) as refused:
        RuleBook.load().at("atlantis")
    refusal = refused.value.refusals[0]
    assert "没有这个地区：atlantis" in refusal.reason
    assert "There is no such place: atlantis" in refusal.reason_en
    assert refusal.fact == "place"


def test_a_missing_rule_says_who_is_to_configure_it() -> None:
    for ask in (
        lambda: RuleBook.load().at("cn-hunan").in_force(DAY).rule("clearing.retention"),
        lambda: RuleBook.load().at("cn-hunan").on("clearing.retention", DAY),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        refusal = refused.value.refusals[0]
        assert refusal.reason == "尚未配置：结余留用比例（clearing.retention），由市医保局会同市财政局负责配置"
        assert (refusal.rule, refusal.who) == ("clearing.retention", "市医保局会同市财政局")
    assert RuleBook.load().at("cn-hunan").in_force(DAY).find("clearing.retention") is None


class TestAgreement:
    PLACE = "demo-hunan-beihe"

    def book(self, **answers: Any) -> Book:
        named = {key.replace("__", "."): value for key, value in answers.items()}
        return RuleBook.load().at(self.PLACE).in_force(DAY, agreement=named)

    def test_an_answer_within_the_bound(self) -> None:
        ratio = self.book(settlement__deposit_ratio="0.05").rule("settlement.deposit_ratio")
        assert ratio.decimal == Decimal("0.05")
        assert ratio.answered_by == "agreement"

    @pytest.mark.parametrize("answer", ["0.0501", "NaN", "-0.01x", "5%"])
    def test_an_answer_outside_it_is_refused(self, answer: str) -> None:
        with pytest.raises(Refused, match="协议约定不合规则"):
            self.book(settlement__deposit_ratio=answer).rule("settlement.deposit_ratio")

    def test_no_answer_is_refused_and_not_found(self) -> None:
        with pytest.raises(Refused, match="协议未约定：质量保证金比例"):
            self.book().rule("settlement.deposit_ratio")
        assert self.book().find("settlement.deposit_ratio") is None

    def test_the_agreement_gives_the_tiers_of_an_overrun(self) -> None:
        tiers = [{"upto": "0.05", "fund": "0.5"}, {"upto": "0.10", "fund": "0.3"}]
        for answer in (tiers, {"tiers": tiers}):
            overrun = self.book(clearing__overrun=answer).rule("clearing.overrun")
            assert overrun.value["tiers"] == tiers
            assert overrun.value["causes"] == ["policy", "force_majeure"]
        assert "tiers" not in self.book().rule("clearing.overrun").value

    def test_bad_tiers_are_refused(self) -> None:
        with pytest.raises(Refused, match="须从低到高"):
            self.book(clearing__overrun=[{"upto": "0.1", "fund": "0.5"}, {"upto": "0.05", "fund": "0.3"}]).rule(
                "clearing.overrun"
            )

    def test_a_float_is_refused(self) -> None:
        with pytest.raises(Refused):
            self.book(settlement__deposit_ratio=0.05)

    def test_an_answer_to_a_rule_of_the_place_changes_nothing_but_the_digest(self) -> None:
        plain, answered = self.book(), self.book(settlement__pay_members_within="99")
        assert answered.rule("settlement.pay_members_within").integer == 10
        assert plain.digest != answered.digest


class TestOwnApprovals:
    def approved(self, value: str, since: str = "2025-01-01") -> Book:
        own = {"settlement.pay_members_within": {
            "value": value, "since": since, "status": "sample",
            "cite": {"document": "样例：湖南示范市规则", "clause": "个案", "says": "测试"},
        }}
        return RuleBook.load().at("demo-hunan-beihe").in_force(DAY, own=own)

    def test_it_binds_the_one_consortium(self) -> None:
        provision = self.approved("8").rule("settlement.pay_members_within")
        assert (provision.integer, provision.answered_by) == (8, "own")

    def test_not_before_it_begins(self) -> None:
        assert self.approved("8", "2025-07-01").rule("settlement.pay_members_within").integer == 10

    def test_within_the_wider_bounds(self) -> None:
        with pytest.raises(BadRules, match="超出上级规则的上下限"):
            self.approved("11")


class TestDigest:
    def test_same_rules_same_digest(self) -> None:
        one = RuleBook.load().at("demo-suixi").in_force(DAY)
        other = RuleBook.load().plus("cn-hunan", "", "empty").at("demo-suixi").in_force(date(2025, 7, 1))
        assert one.digest == other.digest
        assert len(one.digest) == 64

    def test_another_value_another_digest(self) -> None:
        text = ("surplus.opinion_days:\n  values:\n    2025-01-01:\n      value: '7'\n      status: sample\n"
                "      cite: {document: 样例：濉溪示范规则, clause: 一, says: 测试}\n")
        changed = RuleBook.load().plus("demo-suixi", text, "t.yaml").at("demo-suixi")
        assert changed.in_force(DAY).digest != RuleBook.load().at("demo-suixi").in_force(DAY).digest

    def test_the_same_book_is_handed_out_again(self) -> None:
        at = RuleBook.load().at("demo-suixi")
        answers = {"settlement.prepayment": "100"}
        assert at.in_force(DAY, agreement=answers) is at.in_force(DAY, agreement=dict(answers))


class TestOutsideFolder:
    def test_the_nearest_place_answers_until_its_rule_ends(self) -> None:
        county = RuleBook.load([OUTSIDE]).at("jiangxi-county")
        ratios = {day: county.on("clearing.retention", day).value["ratio"]
                  for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))}
        assert list(ratios.values()) == ["1", "0.9", "0.9", "1"]

    def test_it_may_bring_a_rule_the_project_does_not_know(self) -> None:
        assert RuleBook.load([OUTSIDE]).at("jiangxi-county").on("local.meeting_days", DAY).integer == 90

    def test_it_leaves_the_shipped_book_alone(self) -> None:
        RuleBook.load([OUTSIDE])
        assert "jiangxi-city" not in RuleBook.load().places


class TestGivenBook:
    def test_values_become_rule_data(self) -> None:
        book = Book.of("x", DAY, {"settlement.deposit_ratio": Decimal("0.05"), "budget.per_capita": 105000})
        assert book.rule("settlement.deposit_ratio").value == "0.05"
        assert book.rule("budget.per_capita").integer == 105000

    def test_a_wrong_shape_is_refused(self) -> None:
        with pytest.raises(Refused, match="by 应为"):
            Book.of("x", DAY, {"clearing.retention": {"by": "luck"}})

    def test_a_value_that_is_not_a_number(self) -> None:
        with pytest.raises(Refused, match="规则的值不是整数"):
            _ = Book.of("x", DAY, {"ruling.notice_days": "1.5"}).rule("ruling.notice_days").integer
        with pytest.raises(Refused, match="规则的值不是数字"):
            _ = Book.of("x", DAY, {"budget.method": "growth"}).rule("budget.method").decimal
        with pytest.raises(Refused, match="规则的值不是是或否"):
            _ = Book.of("x", DAY, {"budget.method": "growth"}).rule("budget.method").flag


def test_show_tells_the_answer_its_chain_and_its_history() -> None:
    shown = show(RuleBook.load(), "settlement.pay_lead_within", "demo-hunan-beihe", DAY)
    assert shown["provision"]["value"] == "30"
    assert shown["chain"][0] == "cn"
    assert {entry["place"] for entry in shown["history"]} == {"cn", "cn-hunan"}
    missing = show(RuleBook.load(), "clearing.retention", "cn-hunan", DAY)
    assert missing["provision"] is None
    assert missing["refused"].startswith("尚未配置")


def test_no_money_has_a_default() -> None:
    money = {"ratio", "fen", "rates", "bands", "tiers", "shares", "weights", "scheme"}
    for rules in RuleBook.load().store.values():
        for values in rules.values():
            for dated in values:
                if dated.provision.status == "default":
                    assert dated.provision.unit not in money, dated.provision.rule


def test_every_rule_that_has_a_value_has_both_titles() -> None:
    values = [dated.provision for rules in RuleBook.load().store.values() for one in rules.values() for dated in one]
    assert all(provision.title and provision.title_en for provision in values)
    names = rule_names()
    assert all(name.title and name.title_en and name.who and name.who_en for name in names.values())
