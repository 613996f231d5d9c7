"""Monthly settlement: what the fund owes the lead for one consortium, pool and month, and each member's part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance import facts as fact
from governance.facts import COMMON, Field, ListOf, MapOf, Record, Text, Whole, fen
from governance.money import apportion, share
from governance.refusal import Refusal, Refused
from governance.worksheet import BookLike, Lines, ProvisionLike, Worksheet

CATEGORIES: dict[str, tuple[str, str]] = {
    "drg": ("DRG 住院", "DRG inpatient"),
    "dip": ("DIP 住院", "DIP inpatient"),
    "bed_day": ("床日住院", "Inpatient by bed day"),
    "capitation": ("门诊按人头", "Outpatient capitation"),
    "item": ("按项目", "By item"),
    "family_doctor": ("家庭医生签约", "Family doctor signing"),
}
LEVELS = ("county", "township", "village")

ADDITION = Record({
    "what": Field(Text(("special", "appeal")), "特例单议或分组申诉", "special case or appeal"),
    "category": Field(Text(tuple(CATEGORIES)), "支付类别", "category"),
    "kind": Field(Text(("own", "inflow")), "参保人", "kind"),
    "amount_fen": fen("金额", "amount", least=None),
    "document": Field(Text(), "文号", "document"),
})

MEMBER = Record({
    "member": Field(Text(), "成员单位", "member"),
    "level": Field(Text(LEVELS), "层级", "level", optional=True),
    "payable_fen": Field(
        MapOf(MapOf(Whole(), ("own", "inflow", "excluded")), tuple(CATEGORIES)),
        "各类别应付", "payable by category and kind"),
    "audit_deduction_fen": fen("审核拒付", "audit deduction"),
    "carried_in_fen": fen("上月结转应扣", "carried in"),
    "prepayment_outstanding_fen": fen("本单位未冲预付金", "prepayment this member received and still holds", default=0),
    "additions": Field(ListOf(ADDITION), "特例单议、分组申诉（已计入应付）", "special cases and appeals, payable includes them",
                       optional=True),
    "registered_heads": Field(Whole(0), "签约参保人数", "registered heads", optional=True),
}, open=True)

FACTS = Record(COMMON | {
    "period": Field(Text(pattern=r"[0-9]{4}-(0[1-9]|1[0-2])"), "结算月份", "settlement period", optional=True),
    "members": Field(ListOf(MEMBER, 1, "member"), "成员单位", "members"),
    "away_fen": fen("县域外及零星报销", "away", least=None),
    "excluded_fen": fen("不计入部分", "excluded", least=None, default=0),
    "prepayment_outstanding_fen": fen("未冲预付金", "prepayment outstanding"),
    "prepayment_offset_requested_fen": fen("本月拟冲预付金", "prepayment offset asked this month"),
    "penalties_fen": fen("违约金", "penalties", default=0),
    "recoveries_fen": fen("追回以前年度", "recoveries of earlier years", default=0),
    "fines_fen": fen("行政罚款（缴国库）", "administrative fines (to the treasury)", default=0),
})


@dataclass(slots=True)
class MemberMonth:
    """One member's month in fen."""

    member: str
    own_fen: int
    inflow_fen: int
    audit_deduction_fen: int
    carried_in_fen: int
    deposit_fen: int
    outstanding_fen: int
    prepayment_offset_fen: int = 0

    @property
    def gross_fen(self) -> int:
        return self.own_fen + self.inflow_fen

    @property
    def available_fen(self) -> int:
        return self.gross_fen - self.audit_deduction_fen - self.deposit_fen - self.carried_in_fen

    @property
    def carried_out_fen(self) -> int:
        return max(-self.available_fen, 0)

    @property
    def net_fen(self) -> int:
        return max(self.available_fen, 0) - self.prepayment_offset_fen

    def results(self) -> dict[str, int]:
        return {
            "gross_fen": self.gross_fen, "audit_deduction_fen": self.audit_deduction_fen,
            "deposit_fen": self.deposit_fen, "carried_out_fen": self.carried_out_fen,
            "prepayment_offset_fen": self.prepayment_offset_fen, "net_fen": self.net_fen,
        }


def settle_month(facts: Mapping[str, Any], book: BookLike) -> Worksheet:
    """The worksheet ``monthly-settlement``; amounts in fen.

    A member whose available amount is negative carries it into its next month; nothing is set against other members.
    Raises Refused for bad facts or a missing rule. Rule ``settlement.deposit_ratio``.
    """
    given = fact.read(facts, FACTS)
    ratio_rule = book.rule("settlement.deposit_ratio")
    months = [_member_month(member, ratio_rule) for member in given["members"]]
    _family_doctor_is_paid_monthly(given["members"], book)
    offset_rule = book.find("settlement.prepayment_offset_by")
    offset_fen = offset_prepayment(
        months, given["prepayment_outstanding_fen"], given["prepayment_offset_requested_fen"],
        by_receipt=offset_rule is not None and offset_rule.value != "available",
    )
    lines = Lines()
    for month, member in zip(months, given["members"], strict=True):
        _member_lines(lines, month, member["payable_fen"], ratio_rule, offset_rule)
        _addition_lines(lines, month.member, member["additions"] or ())
    results = _consortium_lines(lines, months, given, offset_fen, ratio_rule)
    results["members"] = {month.member: month.results() for month in months}
    return lines.sheet("monthly-settlement", book, results)


def _member_month(member: Mapping[str, Any], ratio_rule: Any) -> MemberMonth:
    ratio = ratio_rule.decimal
    if not 0 <= ratio <= 1:
        raise Refused(Refusal(
            reason=f"质量保证金比例应在 0 到 1 之间，现为 {ratio}", reason_en=f"The deposit ratio must be 0 to 1, not {ratio}",
            who="规则管理", who_en="Rules officer", rule="settlement.deposit_ratio"))
    own_fen = sum(kinds.get("own", 0) for kinds in member["payable_fen"].values())
    inflow_fen = sum(kinds.get("inflow", 0) for kinds in member["payable_fen"].values())
    base_fen = own_fen + inflow_fen - member["audit_deduction_fen"]
    return MemberMonth(
        member["member"], own_fen, inflow_fen, member["audit_deduction_fen"], member["carried_in_fen"],
        share(max(base_fen, 0), ratio), member["prepayment_outstanding_fen"])


def _family_doctor_is_paid_monthly(members: Sequence[Mapping[str, Any]], book: BookLike) -> None:
    """A signing fee is paid monthly or deducted before distribution, never both."""
    paying = [index for index, member in enumerate(members)
              if any(member["payable_fen"].get("family_doctor", {}).values())]
    rule = book.find("family_doctor.paid") if paying else None
    if rule is not None and rule.value != "monthly":
        fact.refuse(f"members[{paying[0]}].payable_fen.family_doctor", "本地签约费在结余分配前扣除，不按月支付",
                    "signing fees are deducted before distribution here, not paid monthly")


def offset_prepayment(months: Sequence[MemberMonth], outstanding_fen: int, asked_fen: int, *, by_receipt: bool) -> int:
    """Set prepayment off against the members' available amounts and return how much, in fen.

    The least of what is asked, what is outstanding and what is payable; apportioned by the members' available, or
    with ``by_receipt`` by what each received and still holds, never beyond its available.
    """
    weights = [max(month.available_fen, 0) for month in months]
    if by_receipt:
        weights = [min(weight, month.outstanding_fen) for weight, month in zip(weights, months, strict=True)]
    offset_fen = min(asked_fen, outstanding_fen, sum(weights))
    for month, part_fen in zip(months, apportion(offset_fen, weights), strict=True):
        month.prepayment_offset_fen = part_fen
    return offset_fen


def _member_lines(
    lines: Lines, month: MemberMonth, payable_fen: Mapping[str, Mapping[str, int]], ratio_rule: Any,
    offset_rule: ProvisionLike | None,
) -> None:
    name, key = month.member, f"members.{month.member}"
    parts = {f"{category}.{kind}": amount for category, kinds in payable_fen.items() for kind, amount in kinds.items()}
    lines.amount(f"{key}.gross_fen", f"{name} 应付合计", f"{name} gross", month.gross_fen,
                 "Σ categories (own + inflow)", parts=parts)
    lines.amount(f"{key}.audit_deduction_fen", f"{name} 审核拒付", f"{name} audit deduction", month.audit_deduction_fen,
                 "audit_deduction")
    lines.amount(f"{key}.deposit_fen", f"{name} 质量保证金", f"{name} deposit", month.deposit_fen,
                 "max(gross − audit_deduction, 0) × deposit_ratio", provision=ratio_rule, gross_fen=month.gross_fen,
                 audit_deduction_fen=month.audit_deduction_fen, deposit_ratio=ratio_rule.decimal)
    lines.amount(f"{key}.available_fen", f"{name} 可付", f"{name} available", month.available_fen,
                 "gross − audit_deduction − deposit − carried_in", gross_fen=month.gross_fen,
                 audit_deduction_fen=month.audit_deduction_fen, deposit_fen=month.deposit_fen,
                 carried_in_fen=month.carried_in_fen)
    lines.amount(f"{key}.carried_out_fen", f"{name} 结转下月应扣", f"{name} carried out", month.carried_out_fen,
                 "max(−available, 0)", available_fen=month.available_fen)
    lines.amount(f"{key}.prepayment_offset_fen", f"{name} 冲抵预付金", f"{name} prepayment offset",
                 month.prepayment_offset_fen, "consortium offset apportioned", provision=offset_rule,
                 available_fen=max(month.available_fen, 0))
    lines.amount(f"{key}.net_fen", f"{name} 实付", f"{name} net", month.net_fen, "max(available, 0) − prepayment_offset",
                 available_fen=month.available_fen, prepayment_offset_fen=month.prepayment_offset_fen)


def _addition_lines(lines: Lines, name: str, additions: Sequence[Mapping[str, Any]]) -> None:
    """Special cases and appeals as lines of their own; the member's payable includes them already."""
    for what, label, label_en in (("special", "特例单议", "special cases"), ("appeal", "分组申诉", "grouping appeals")):
        found = [one for one in additions if one["what"] == what]
        if found:
            lines.amount(f"members.{name}.{what}_fen", f"{name} {label}（已计入应付）", f"{name} {label_en}, in gross",
                         sum(one["amount_fen"] for one in found), "memo")


def _consortium_lines(
    lines: Lines, months: Sequence[MemberMonth], given: Mapping[str, Any], offset_fen: int, ratio_rule: ProvisionLike,
) -> dict[str, Any]:
    payable_fen = sum(max(month.available_fen, 0) for month in months)
    own_fen = sum(month.own_fen for month in months)
    results: dict[str, Any] = {}

    def write(key: str, label: str, label_en: str, amount_fen: int, formula: str, **inputs: Any) -> None:
        results[key] = lines.amount(key, label, label_en, amount_fen, formula, **inputs)

    write("gross_fen", "应付合计", "Gross", sum(month.gross_fen for month in months), "Σ members")
    write("audit_deduction_fen", "审核拒付合计", "Audit deductions",
          sum(month.audit_deduction_fen for month in months), "Σ members")
    write("deposit_fen", "质量保证金合计", "Deposits", sum(month.deposit_fen for month in months), "Σ members",
          provision=ratio_rule)
    write("prepayment_offset_fen", "冲抵预付金", "Prepayment offset", offset_fen, "min(asked, outstanding, payable)",
          asked_fen=given["prepayment_offset_requested_fen"], outstanding_fen=given["prepayment_outstanding_fen"],
          payable_fen=payable_fen)
    write("net_to_lead_fen", "拨付牵头医院", "Net to the lead", payable_fen - offset_fen,
          "Σ positive available − prepayment_offset", payable_fen=payable_fen, prepayment_offset_fen=offset_fen)
    write("carried_out_fen", "结转下月应扣合计", "Carried out", sum(month.carried_out_fen for month in months), "Σ members")
    write("away_fen", "县域外及零星报销（他处支付）", "Away (paid elsewhere)", given["away_fen"], "away")
    write("charged_fen", "计入总额预算", "Charged to the budget", own_fen + given["away_fen"], "own + away",
          own_fen=own_fen, away_fen=given["away_fen"])
    _memo_lines(lines, given)
    return results


def _memo_lines(lines: Lines, given: Mapping[str, Any]) -> None:
    """Shown beside the month; none of them enters it."""
    excluded_fen = given["excluded_fen"] + sum(
        kinds.get("excluded", 0) for member in given["members"] for kinds in member["payable_fen"].values())
    for key, label, label_en, amount_fen in (
        ("excluded_fen", "不计入部分", "Excluded", excluded_fen),
        ("penalties_fen", "违约金（年度清算计入）", "Penalties (enter at annual clearing)", given["penalties_fen"]),
        ("recoveries_fen", "追回以前年度", "Recoveries of earlier years", given["recoveries_fen"]),
        ("fines_fen", "行政罚款（缴国库）", "Administrative fines (to the treasury)", given["fines_fen"]),
    ):
        if amount_fen:
            lines.amount(key, label, label_en, amount_fen, "memo")
