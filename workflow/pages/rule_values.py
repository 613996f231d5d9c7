"""A rule's value as a sentence: ratios as percentages, amounts in yuan, bands, tiers and majorities in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from governance.money import plain, yuan
from workflow.pages import level_values, monitoring_terms, monitoring_values
from workflow.pages.words import percent, pick

WORDS: dict[str, tuple[str, str]] = {
    "county": ("县级", "county"), "township": ("乡镇", "township"), "village": ("村级", "village"),
    "resident": ("城乡居民", "residents"), "employee": ("职工", "employees"),
    "city_insurance": ("市医保局", "city insurance bureau"), "city_health": ("市卫健委", "city health commission"),
    "city_finance": ("市财政局", "city finance bureau"), "county_insurance": ("县医保局", "county insurance bureau"),
    "county_health": ("县卫健局", "county health bureau"), "county_finance": ("县财政局", "county finance bureau"),
    "agency": ("医保经办机构", "insurance agency"), "committee": ("医共体管委会", "committee"),
    "per_capita_package": ("按人头总额包干", "package per head"), "growth": ("按增长率测算", "by growth"),
    "factor_share": ("按因素分配", "share by factors"), "prior_year": ("按上年实际支付", "prior year's payments"),
    "amounts": ("按核定金额", "stated amounts"), "weights": ("按因素权重", "weighted factors"),
    "insured_heads": ("参保人数", "insured heads"), "service_volume": ("服务量", ""), "prior_payments": ("上年支付额", ""),
    "function": ("功能定位", "functional role"), "risk": ("疾病风险", "disease risk"),
    "all": ("一致同意", "all must agree"), "any": ("任一同意", "any one is enough"), "quorum": ("表决", "by vote"),
    "after_all": ("全部签署后", "after all have decided"), "at_once": ("签署即可见", "at once"),
    "monthly": ("按月支付", "paid monthly"), "deducted": ("结余分配前扣除", "deducted before distribution"),
    "available": ("按各成员可付额", "by each member's available"), "recipients": ("按收到预付金的单位", "by who received it"),
    "scope": ("支付范围", "scope"), "budget": ("总额预算", ""), "settlement": ("月度结算", "monthly settlement"),
    "deposit": ("质量保证金", ""), "prepayment": ("预付金", ""), "assessment": ("考核", ""), "surplus": ("结余留用", ""),
    "overrun": ("超支分担", ""), "liability": ("违约责任", ""), "charter": ("章程", ""), "membership": ("成员变更", ""),
    "surplus_plan": ("结余分配方案", ""), "lead_change": ("变更牵头医院", "change of the lead"),
    "committee.vote": ("管委会表决", "committee vote"), "ruling.decide": ("联合评定签署", "joint ruling"),
    "cost_growth": ("医疗费用增长率", "growth of cost"), "reimbursement_ratio": ("医保报销比例", ""),
    "primary_visit_share": ("基层就诊率", "primary-care visits"), "in_county_fund_share": ("县域内基金支出比例", ""),
    "primary_fund_share": ("基层基金支出占比", "primary-care share of fund"), "outpatient": ("门诊", ""),
    "chronic_outpatient": ("门诊慢特病", ""), "inpatient": ("住院", ""), "out_of_county": ("县域外就医", ""),
    "dual_channel": ("双通道药品", ""), "oncology_outpatient": ("门诊放化疗", ""), "item": ("按项目", "by item"),
    "family_doctor": ("家庭医生签约服务费", "family-doctor fees"), "policy": ("政策性原因", "policy"),
    "force_majeure": ("不可抗力", ""), "failed": ("年度考核不合格", "the assessment failed"),
    "fund_deficit": ("县级基金当期赤字", "the county's fund is in deficit"), "drg": ("DRG住院", "DRG"),
    "dip": ("DIP住院", "DIP"), "bed_day": ("床日", ""), "capitation": ("门诊包干", ""), "rate_fen": ("费率", "rate"),
    "coefficients": ("机构系数", ""), "fund_share": ("基金支付比例", ""), "point_value_fen": ("点值", "point value"),
    "maternal_child": ("妇幼保健机构", "maternal and child health"), "cdc": ("疾控中心", "disease control"),
    "inspection": ("卫生监督执法", "health inspection"), "process": ("过程", ""), "target": ("目标", ""),
    "result": ("结果", ""), "low": ("低于", "below"), "high": ("高于", "above"), "public_benefit": ("公益", ""),
    "operating": ("运营", ""), "max": ("最高", "at most"), "min": ("最低", "at least"), "ratio": ("比例", ""),
    "from": ("起", ""), "by": ("依据", ""), "kind": ("方式", ""), "cap": ("上限", ""), "present": ("到会", ""),
    "excluded": ("不计入", "excluded"),
    "fell_or_below_mean": ("人均支出下降或增幅低于平均", "spending per head fell, or grew less than the mean"),
    "fell": ("人均支出下降", "spending per head fell"),
    "true": ("是", "yes"), "false": ("否", "no"),
    "agreement_performed": ("协议履行良好", ""), "accounts_sound": ("财务制度健全、专账管理", "sound accounts"),
    "no_serious_violation": ("上年没有重大违规", ""), "drugs": ("药品", ""), "consumables": ("医用耗材", ""),
}  # fmt: skip
WORDS |= {key: said for key, said in monitoring_terms.CHOICES.items() if key not in WORDS}
_OF_RULE: dict[tuple[str, str], tuple[str, str]] = {
    ("scope.cross_consortium", "insured"): ("患者参保的医共体", "the patient's own consortium"),
    ("scope.cross_consortium", "provider"): ("收治的医共体", "the treating consortium"),
    ("budget.weights", "insured"): ("参保人数", "insured people"),
    ("budget.split_weights", "insured"): ("参保人数", "insured people"),
}
_UNITS: dict[str, tuple[str, str]] = {
    "working_days": ("个工作日", " working days"), "days": ("天", " days"), "months": ("个月", " months"),
    "years": ("年", " years"),
    "day_of_month": ("日", ""), "count": ("次", ""),
    "groups": ("组", " groups"),
}  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)


def word(key: str, rule: str = "") -> str:
    """The word of a key or choice; one that nobody named is shown as it is."""
    zh, en = _OF_RULE.get((rule, key)) or WORDS.get(key, (key, key))
    return str(pick(zh, en or key.replace("_", " ")))


def value_text(rule: str, value: Any, unit: str = "") -> str:
    """What a rule answers, in the reader's language and with its unit; a dash for no answer."""
    if value is None:
        return "—"
    if isinstance(value, Mapping) and value.get("from") == "agreement":
        return _by_agreement(rule, value, unit)
    say = _SAID.get(rule) or (_scheme if rule.endswith(".scheme") else None)
    if say is not None and isinstance(value, Mapping):
        return say(value)
    if isinstance(value, list):
        shown = [percent(one) if unit == "list" and _is_number(one) else _plain(rule, one, "") for one in value]
        return pick("、", ", ").join(shown) if shown else pick("无", "none")
    if isinstance(value, Mapping):
        return _pairs(rule, value, unit)
    return _plain(rule, value, unit)


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and bool(_NUMBER.match(value))


def _plain(rule: str, value: Any, unit: str) -> str:
    if isinstance(value, Mapping | list):
        return value_text(rule, value, unit)
    if not _is_number(value):
        return word(str(value), rule)
    if unit == "ratio":
        return percent(value)
    if unit == "fen":
        return f"{yuan(int(value)) if '.' not in value else plain(Decimal(value) / 100)} {pick('元', 'yuan')}"
    zh, en = _UNITS.get(unit, ("", ""))
    return f"{value}{pick(f' {zh}' if zh else '', en)}"


def _by_agreement(rule: str, value: Mapping[str, Any], unit: str) -> str:
    said = [pick("由协议约定", "set in the agreement")]
    said += [f"{word(key)} {_plain(rule, value[key], unit)}" for key in ("min", "max") if key in value]
    return pick("，", ", ").join(said)


def _pairs(rule: str, value: Mapping[str, Any], unit: str) -> str:
    numbers = [Decimal(one) for one in value.values() if _is_number(one)]
    if numbers and len(numbers) == len(value):
        if unit in ("shares", "weights") and sum(numbers) == 1:
            return pick("、", ", ").join(f"{word(key, rule)} {percent(one)}" for key, one in value.items())
        if unit == "shares":
            return " : ".join(f"{word(key, rule)} {one}" for key, one in value.items())
    if unit == "days_by_year":
        return pick("；", "; ").join(f"{year} {pick('年度', '')} {day}" for year, day in value.items())
    return pick("；", "; ").join(f"{word(key, rule)}{_inside(rule, key, one)}" for key, one in value.items())


def _inside(rule: str, key: str, value: Any) -> str:
    """What stands under one key of a table: an amount, a share, or a smaller table in brackets."""
    unit = "fen" if key.endswith("_fen") else "ratio" if key in ("fund_share", "low", "high") else ""
    if not isinstance(value, Mapping):
        return f" {_plain(rule, value, unit)}"
    inner = "、".join(f"{word(one)} {_plain(rule, part, unit)}" if unit else f"{word(one)}{_inside(rule, one, part)}"
                     for one, part in value.items())
    return pick(f"（{inner}）", f" ({inner})") if inner else ""


def _retention(value: Mapping[str, Any]) -> str:
    if value["by"] == "flat":
        said = [pick("统一留用 ", "retained at ") + percent(value["ratio"])]
    else:
        said = [_band(band, value["by"]) for band in value["bands"]]
    if value.get("reading"):
        said.append(pick("分档累计", "band by band") if value["reading"] == "marginal" else pick("按所在档计全部结余", "whole"))
    if "gate" in value:
        rate = percent(value["gate"]["min_surplus_rate"])
        said.append(pick(f"结余率低于 {rate} 不留用", f"nothing below a surplus rate of {rate}"))
    if "cap" in value:
        rate = percent(value["cap"]["of_budget"])
        said.append(pick(f"不超过总额预算的 {rate}", f"at most {rate} of the budget"))
    if "withhold" in value:
        rate, then = percent(value["withhold"]["ratio"]), value["withhold"]["then"]
        said.append(pick(f"其中 {rate} {'暂缓拨付' if then == 'deferred' else '留存统筹基金'}", f"{rate} of it {then}"))
    if "fails_below" in value:
        least = value["fails_below"]
        said.append(pick(f"低于 {least} 分不留用", f"nothing below {least} points"))
    return pick("；", "; ").join(said)


def _band(band: Mapping[str, str], by: str = "score") -> str:
    if by == "surplus_rate":
        start = pick(f"结余率 {percent(band['from'])} 起", f"surplus rate from {percent(band['from'])}:")
    else:
        start = pick(f"{band['from']} 分起", f"from {band['from']} points:")
    if "ratio" in band:
        return f"{start} {percent(band['ratio'])}"
    top, less = percent(band["ratio_at_top"]), percent(band["less_per_point"])
    return pick(f"{start}：{band['top']} 分为 {top}，每低 1 分减 {less}",
                f"{start} {top} less {less} per point below {band['top']}")


def _overrun(value: Mapping[str, Any]) -> str:
    kind, said = value.get("kind", "tiers"), []
    if kind == "none":
        return pick("基金不分担，全部由医共体自担", "the consortium bears all")
    if "tiers" in value:
        said = [_tier(tier) for tier in value["tiers"]]
    elif kind == "agreement":
        said = [pick("分担比例由协议约定", "shares set in the agreement")]
    causes = value.get("causes", "any")
    if causes != "any":
        named = pick("、", ", ").join(map(word, causes))
        said.append(pick(f"只分担{named}造成的超支", f"only for {named}"))
    if "ceiling" in value:
        rate = percent(value["ceiling"])
        said.append(pick(f"超过总额预算 {rate} 的部分不分担", f"nothing above {rate} of the budget"))
    if value.get("cap") == "risk_fund":
        said.append(pick("以当年风险金为限", "at most the year's risk fund"))
    if "gate" in value:
        rate, own = percent(value["gate"]["min_overrun_rate"]), value["gate"]["below"] == "own"
        said.append(pick(f"超支低于 {rate} 全部由{'医共体' if own else '基金'}承担",
                         f"below {rate} all borne by the {'consortium' if own else 'fund'}"))
    if value.get("none_if"):
        named = pick("或", " or ").join(map(word, value["none_if"]))
        said.append(pick(f"{named}时不分担", f"nothing if {named}"))
    return pick("；", "; ").join(said)


def ratio_said(answer: str | None) -> str:
    """An agreed ratio as a percentage; what is not yet a number as it was typed."""
    return percent(answer) if answer and re.fullmatch(r"\d+(\.\d+)?", answer) else answer or ""


def tiers_said(answer: Any) -> list[str]:
    """Agreed tiers of an overrun, a sentence each; nothing where none were agreed."""
    return [_tier(tier) for tier in (answer.get("tiers", []) if isinstance(answer, Mapping) else answer or [])]


def _tier(tier: Mapping[str, Any]) -> str:
    share = percent(tier["fund"])
    if tier["upto"] is None:
        return pick(f"其余部分基金分担 {share}", f"the rest: fund {share}")
    return pick(f"至预算 {percent(tier['upto'])} 的部分基金分担 {share}", f"up to {percent(tier['upto'])}: fund {share}")


def _deposit_return(value: Mapping[str, Any]) -> str:
    lowest = value["bands"][0]["from"]
    said = [_band(band) for band in value["bands"]]
    return pick("；", "; ").join([*said, pick(f"低于 {lowest} 分不返还", f"nothing below {lowest} points")])


def _public_health(value: Mapping[str, Any]) -> str:
    split = " : ".join(f"{word(key)} {one}" for key, one in value["split"].items())
    share = percent(value["ratio"])
    return pick(f"牵头医院份额的 {share}；其中 {split}", f"{share} of the lead's share; of which {split}")


def _result_bands(value: Mapping[str, Any]) -> str:
    said = [pick(f"至 {percent(band['upto'])} 的单元得 {percent(band['ratio'])}",
                 f"up to {percent(band['upto'])} of the units get {percent(band['ratio'])}") for band in value["bands"]]
    return pick("名次由前到后，", "by rank, ") + pick("；", "; ").join([*said, pick("其余不参与", "the rest nothing")])


def _targets(value: Mapping[str, Any]) -> str:
    return pick("；", "; ").join(
        f"{pick(one['label'], one.get('label_en') or one['label'])} {'≤' if one['direction'] == 'down' else '≥'} "
        f"{one['target']}" for one in value["indicators"])


def _majority(value: Mapping[str, str]) -> str:
    of = pick("全体", "all seats") if value["of"] == "all" else pick("到会", "those present")
    if "more_than" in value:
        return pick(f"{of}超过 {value['more_than']} 同意", f"more than {value['more_than']} of {of}")
    return pick(f"{of}不少于 {value['at_least']} 同意", f"at least {value['at_least']} of {of}")


def _quorum(value: Mapping[str, Any]) -> str:
    said = [
        pick(f"到会不少于 {value['present']}", f"{value['present']} present"),
        pick("一般事项", "ordinary: ") + _majority(value["ordinary"]),
        pick("重大事项", "major: ") + _majority(value["major"]),
    ]
    if "notice_days" in value:
        said.append(pick(f"提前 {value['notice_days']} 天通知", f"{value['notice_days']} days' notice"))
    if "proxies_each" in value:
        said.append(pick(f"每人至多受 {value['proxies_each']} 人委托", f"{value['proxies_each']} proxy each at most"))
    return pick("；", "; ").join(said)


def _standard(value: Mapping[str, Any]) -> str:
    count = sum(len(dimension["criteria"]) for dimension in value["dimensions"])
    return pick(f"{value['name']}，共 {count} 条", f"{value.get('name_en') or value['name']}, {count} in all")


def _scheme(value: Mapping[str, Any]) -> str:
    said = [
        f"{pick(one['label'], one.get('label_en'))} {one['weight']} {pick('分', 'points')}"
        for one in value["indicators"]
    ]
    if "daily" in value:
        said.append(pick(f"日常检查占 {percent(value['daily'])}", f"daily checks {percent(value['daily'])}"))
    said.append(pick(f"{value['pass']} 分合格", f"pass at {value['pass']}"))
    name = pick(value.get("name", ""), value.get("name_en"))
    return (f"{name}{pick('：', ': ')}" if name else "") + pick("；", "; ").join(said)


_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "clearing.retention": _retention, "clearing.overrun": _overrun, "clearing.deposit_return": _deposit_return,
    "surplus.public_health_share": _public_health, "committee.quorum": _quorum, "qualification.standard": _standard,
    "public_health.result_bands": _result_bands, "public_health.targets": _targets,
} | monitoring_values.SAID | level_values.SAID  # fmt: skip
