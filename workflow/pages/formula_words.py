"""The words of a worksheet: every token its formulas, input names and units use, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from workflow.pages import health_terms, monitoring_terms
from workflow.pages.words import pick

# A token or a whole phrase: what the field calls it in Chinese, and in English where the token itself does not read.
TERMS: dict[str, tuple[str, str]] = {
    # budget
    "insured": ("参保人数", "insured people"), "per_capita": ("人均筹资标准", "amount per insured person"),
    "raised": ("筹资总额", ""), "risk_fund_increment": ("增量基金风险金", ""), "catastrophic_premium": ("大病保险", ""),
    "package_ratio": ("包干比例", ""), "growth": ("预算增长率", ""), "pool_growth": ("统筹地区增长率", "the pool's growth"),
    "mean of three prior years": ("前三年支付额平均", ""), "prior settled total": ("上年清算总额", ""),
    "prior_settled": ("上年清算总额", "prior settled total"), "prior_years": ("前三年支付额", "payments of prior years"),
    "in area": ("本地支付", ""), "out of area": ("异地支付", ""), "manual": ("零星报销", "manual claims"),
    "prior_in_area": ("上年本地支付", ""), "prior_out_of_area": ("上年异地支付", ""), "prior_manual": ("上年零星报销", ""),
    "budget.method": ("按当地规定的方法", "by the place's rule"), "per_capita_package": ("按人头总额包干", "package per head"),
    "factor_share": ("按因素分配", "share by factors"), "prior_year": ("按上年实际支付", "prior year's payments"),
    "approved": ("批准金额", ""), "package": ("总额", ""), "as approved": ("据批准文件", ""),
    "approved amount": ("据批准文件", ""), "as stated": ("据核定文件", ""), "memo": ("列示，不计入", "shown, not counted"),
    "memo, inside the package": ("列示，含在总额内", "shown, inside the package"), "Σ carve-outs": ("单列合计", ""),
    "total": ("切分总额", ""), "total × Σ weight × factor ÷ Σ factor": (
        "切分总额 × 各因素（权重 × 本医共体因素 ÷ 各医共体因素合计）之和", "total × Σ (weight × factor ÷ sum of the factor)"),
    "insured_heads": ("参保人数", "insured heads"), "service_volume": ("服务量", ""), "prior_payments": ("上年支付额", ""),
    "function": ("功能定位", "functional role"), "risk": ("疾病风险", "disease risk"),
    # monthly settlement
    "Σ categories (own + inflow)": ("各类费用（本地 + 外来）合计", "sum of categories (own + inflow)"),
    "own": ("本地参保人", "own patients"),
    "inflow": ("外来参保人", "inflow"), "away": ("县域外及零星报销", "away (paid elsewhere)"),
    "excluded": ("不计入部分", ""), "other": ("县内另一医共体", "the other consortium"),
    "drg": ("DRG住院", "DRG"), "dip": ("DIP住院", "DIP"), "bed_day": ("床日", ""), "capitation": ("门诊包干", ""),
    "item": ("按项目", "by item"), "family_doctor": ("家庭医生签约服务费", "family-doctor fees"),
    "gross": ("应付合计", ""), "audit": ("审核拒付", "audit deductions"), "audit_deduction": ("审核拒付", ""),
    "deposit": ("质量保证金", ""), "deposit_ratio": ("质量保证金比例", ""), "available": ("可付", ""),
    "carried_in": ("上月结转应扣", ""), "prepayment_offset": ("冲抵预付金", ""), "offset": ("冲抵预付金", ""),
    "consortium offset apportioned": ("医共体冲抵额按各成员可付额分摊", "the consortium's offset, apportioned by available"),
    "Σ members": ("各成员合计", "sum of members"), "asked": ("申请冲抵", ""), "outstanding": ("未冲抵预付金", ""),
    "payable": ("可付合计", ""), "Σ positive available": ("各成员可付（大于零的）合计", "sum of positive available"),
    # annual clearing
    "budget": ("总额预算", ""), "charged": ("计入总额预算的费用", ""), "surplus": ("结余", ""), "overrun": ("超支", ""),
    "rejected": ("拒付", ""), "rejected_own": ("本地拒付", "rejected of own"), "failed": ("年度考核不合格", "assessment failed"),
    "rejected_inflow": ("外来拒付", "rejected of inflow"), "penalties": ("违约金", ""), "score": ("考核得分", ""),
    "retention_ratio": ("留用比例", ""), "retained_gross": ("留用（暂扣前）", "retained before withholding"),
    "held_back": ("暂扣", "held back"), "retained": ("结余留用", "retained surplus"), "deferred": ("暂缓拨付", ""),
    "held_back where the rule defers it": ("暂扣中按规定暂缓拨付的部分", "held back, where the rule defers it"),
    "returned_to_pool": ("留存统筹基金", ""), "assessment failed": ("年度考核不合格", ""),
    "Σ part of the surplus in each band × its ratio": ("各档（结余 × 留用比例）之和", ""), "below": ("低于", ""),
    "ceiling": ("上限比例", ""), "recognised causes": ("认定的超支原因合计", ""), "policy": ("政策性原因", "policy"),
    "force_majeure": ("不可抗力", "force majeure"), "risk_fund": ("当年风险金", "the year's risk fund"),
    "Σ part of the shareable overrun in each tier × its fund share": ("各档（可分担超支 × 基金分担比例）之和", ""),
    "borne by fund": ("由基金承担", "borne by the fund"), "borne by own": ("由医共体自担", "borne by the consortium"),
    "the consortium bears all": ("全部由医共体自担", ""), "the county's fund is in deficit": ("县级基金当期赤字", ""),
    "fund_share": ("基金分担", "the fund's share"), "own_share": ("医共体自担", "own share"), "ratio": ("比例", ""),
    "deposit_withheld": ("扣留保证金", ""), "ratio at the score": ("该得分对应的返还比例", "the ratio at the score"),
    "deposit_returned": ("退还保证金", ""), "deposit_forfeited": ("不予退还保证金", ""), "entitlement": ("全年应得", ""),
    "line of its own year, not in due": ("单列，不计入本年应付", "a line of its own year, not in due"),
    "net_paid": ("已实付", ""), "prepayment_advanced": ("预付金拨出", ""), "prepayment_repaid": ("预付金退回", ""),
    "opening_carry": ("年初结转应扣", ""), "open_carry": ("年末结转应扣", "closing carry"), "due": ("清算应付", ""),
    "prepayment_outstanding": ("未冲抵预付金", ""), "prepayment": ("预付金净额", "net prepayment"),
    "or + shares": ("超支时总额预算 + 基金分担 + 医共体自担", "with an overrun, budget + shares"),
    "deposit_returned apportioned by deposits withheld": ("退还保证金按各成员扣留额分摊", ""),
    "Σ members' own_share": ("各成员已分摊合计", "sum of members' own share"), "shared": ("已分摊", ""),
    "unshared own_share": ("尚未分摊的自担", ""), "Σ members' due": ("各成员清算应付合计", "sum of members' due"),
    "Σ(gross − audit)": ("各月（应付合计 − 审核拒付）合计", "Σ (gross − audit deductions)"),
    "Σ deposit": ("各月质量保证金合计", ""), "Σ offset": ("各月冲抵预付金合计", ""), "Σ net_paid": ("各月实付合计", ""),
    "members_due": ("各成员清算应付合计", "members' due"), "fixed at its exit": ("退出清算时已定", ""),
    "exit_paid": ("退出清算已付", "paid at its exit"), "exit_deposit_returned": ("退出清算已退还保证金", "deposit returned at exit"),
    "exit_deposit_withheld": ("退出清算已了结的保证金", "deposit ended at exit"),
    # surplus plan
    "given": ("据实填报", "as given"), "Σ parts": ("单列部分合计", "parts"), "Σ deductions": ("分配前扣除合计", "deductions"),
    "parts": ("单列部分合计", ""), "deductions": ("分配前扣除合计", ""), "amount": ("金额", ""), "Σ pots": ("各部分相加", ""),
    "tier ratio": ("本级所占份额", "the tier's part"), "largest remainder": ("尾差按最大余数法", ""),
    "lead total": ("牵头医院分得合计", "the lead's total"), "lead_total": ("牵头医院分得合计", "the lead's total"),
    "public_health": ("公共卫生机构份额", "public-health share"), "split": ("所占份额", "part"), "floor": ("乡村两级下限", ""),
    "township": ("乡镇", ""), "village": ("村级", ""), "county": ("县级", ""), "base": ("结余减扣除", "surplus less deductions"),
    "tier amounts × weight, over all pots": ("各级金额按权重分到成员，各部分相加", ""), "level": ("层级", ""),
    "general": ("一般结余", ""), "chronic": ("慢病包干结余", ""), "unit": ("健康管理单元结余", "health unit"),
    "consortium_risk_fund": ("医共体风险基金", "consortium risk fund"), "lead": ("牵头医院", "the lead hospital"),
    # assessment
    "weight": ("权重", ""), "value": ("指标值", ""), "within 0 and weight": ("在 0 与权重之间", ""), "else": ("否则", ""),
    "events": ("次数", ""), "Σ indicators": ("各项指标得分合计", "sum of the indicators"), "checks": ("检查次数", ""),
    "mean of the daily checks": ("日常检查得分平均", ""), "annual, daily and tilt together": ("年度、日常与倾斜加分合并", ""),
    "from": ("起点", "the start"), "per_unit": ("每单位加分", "points per unit"), "most": ("最高加分", "the most"),
    # qualification
    "self-assessed grade": ("自评等级", ""), "number of criteria": ("该等级的条数", ""), "dimension": ("维度", ""),
    "A": ("A 级条数", "graded A"), "C": ("C 级条数", "graded C"), "A in each dimension": ("每个维度的 A 级条数", ""),
    "blank": ("未评条数", "criteria not graded"), "failures": ("不符合之处", "what does not hold"),
    # functions
    "min": ("最小值", ""), "max": ("最大值", ""),
}  # fmt: skip
# Formulas that are one word, where the word alone says something else.
WHOLE: dict[str, tuple[str, str]] = {
    "growth": ("按增长率测算", "by growth"), "given": ("据实填报", "as given"), "away": ("县域外及零星报销，他处支付", ""),
    "retained": ("等于结余留用", "the retained surplus"), "approved − package": (
        "批准金额 − 按公式的总额", "approved − package by the formula"),
    "audit_deduction": ("本月各笔审核拒付合计", "the month's audit deductions"),
}
UNITS: dict[str, tuple[str, str]] = {
    "fen": ("元", "yuan"), "ratio": ("", ""), "count": ("条", "criteria"), "grade": ("", ""), "flag": ("", ""),
    "points": ("分", "points"), "choice": ("", ""),
} | monitoring_terms.UNITS | health_terms.UNITS  # fmt: skip
TERMS |= monitoring_terms.TERMS | health_terms.TERMS
WHOLE |= monitoring_terms.WHOLE
# Where Chinese puts the parts of a phrase in another order.
PHRASES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\brank (\d+) of (\d+)"), r"\2 个中第 \1 名"),
    (re.compile(r"\ball of (.+?) met\b"), r"\1 均达到"),
    (re.compile(r"\bsurplus below ([\d.]+) × budget"), r"结余低于总额预算 × \1"),
    (re.compile(r"\bbelow ([\d.]+) × budget"), r"超支低于总额预算 × \1"),
]
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INDEX = re.compile(r"\[(\d+)\]\Z")


@cache
def _tokens() -> re.Pattern[str]:
    longest_first = sorted(TERMS, key=len, reverse=True)
    return re.compile(r"(?<![A-Za-z0-9_])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![A-Za-z0-9_])")


def term(token: str) -> str:
    """The word for one token in the reader's language; a token nobody named is shown as it is."""
    zh, en = TERMS.get(token, ("", ""))
    return str(pick(zh or token, en or token.replace("_", " ") if token in TERMS else token))


def formula(text: str, names: Mapping[str, str] | None = None) -> str:
    """A formula in words, in the reader's language; ``names`` are words of this one worksheet, by their codes."""
    if text in WHOLE:
        zh, en = WHOLE[text]
        return str(pick(zh, en or term(text)))
    chinese = pick("zh", "en") == "zh"
    for pattern, order in PHRASES if chinese else ():
        text = pattern.sub(order, text)
    worded = _replaced(text, term)
    if names:
        worded = re.sub(r"\b[A-Z]+\d+\b", lambda found: names.get(found[0], found[0]), worded)
    return _punctuated(worded) if chinese else worded


def worked(text: str, figure: Callable[[str], str | None]) -> str:
    """A formula with its numbers: each token that ``figure`` knows as its figure, the others in words.

    Empty when it knows none of them.
    """
    known = [found for found in _tokens().findall(text) if figure(found) is not None]
    if not known or " = " in text:
        return ""
    worded = _replaced(text, lambda token: figure(token) or term(token))
    return _punctuated(worded) if pick("zh", "en") == "zh" else worded


def unknown(text: str) -> list[str]:
    """The tokens of a formula that have no word."""
    for pattern, _order in PHRASES:
        text = pattern.sub("", text)
    return _WORD.findall(_tokens().sub("", text))


def stem(name: str) -> str:
    """What an input is about, without its unit and its place in a list: ``prior_years_fen[0]`` → ``prior_years``."""
    return _INDEX.sub("", name).removesuffix("_fen")


def input_name(name: str) -> str:
    """The name of an input in words: ``gross_fen``, ``drg.own``, ``prior_years_fen[0]``."""
    worded = " · ".join(term(part) for part in stem(name).split("."))
    place = _INDEX.search(name)
    return f"{worded}（{int(place[1]) + 1}）" if place else worded


def unknown_in_name(name: str) -> list[str]:
    """The parts of an input's name that have no word."""
    return [part for part in stem(name).split(".") if part not in TERMS]


def unit(name: str) -> str:
    """The unit of a line in the reader's language, shown as it is where it has no word."""
    zh, en = UNITS.get(name, (name, name))
    return str(pick(zh, en))


def _replaced(text: str, word: Callable[[str], str]) -> str:
    return _tokens().sub(lambda found: word(found[0]), text)


def _punctuated(text: str) -> str:
    """With the punctuation of Chinese between its words; the commas inside numbers stay."""
    return re.sub(r"\s*([,;:])\s+", lambda found: {",": "，", ";": "；", ":": "："}[found[1]], text)
