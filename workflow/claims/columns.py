"""The columns of a claims file: their names, their Chinese headers, and how each cell is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from governance.money import LIMIT_FEN, parse_yuan
from governance.refusal import Refused

POOLS = {"resident": "城乡居民", "employee": "职工"}
CATEGORIES = {
    "drg": "DRG住院", "dip": "DIP住院", "bed_day": "床日", "capitation": "门诊包干", "item": "按项目",
    "family_doctor": "家庭医生签约",
}
INPATIENT_GROUPS = ("drg", "dip")

LONGEST_AMOUNT = len(str(LIMIT_FEN - 1))

Value = str | int | None
_ASCII_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")
_GROUP_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,99}")
_SCIENTIFIC = re.compile(r"-?[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
_WHOLE_FEN = re.compile(r"-?[0-9]+")
_DAY = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})")
_PERIOD = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:-01)?")


class BadCell(Exception):
    """A cell that cannot be read: the problem in Chinese and in English, and how to mend it."""

    def __init__(self, problem: str, problem_en: str, mend: str) -> None:
        super().__init__(problem)
        self.problem, self.problem_en, self.mend = problem, problem_en, mend


@dataclass(frozen=True, slots=True)
class Column:
    """One column: code ``name``, people's ``label``, how a cell is ``parse``d, and its type where it is ``stored``.

    Amounts are whole fen. Weights and points are kept as whole ten-thousandths, under a name that says so.
    """

    name: str
    label: str
    label_en: str
    parse: Callable[[str], Value]
    stored: str = "VARCHAR"
    required: bool = False
    stored_name: str = ""
    parse_labelled: Callable[[str], Value] | None = None

    @property
    def key(self) -> str:
        """The name under which the value is kept."""
        return self.stored_name or self.name


def code(text: str) -> Value:
    """A claim or organisation code: ASCII letters, digits and ``_ . : / -``, at most 64."""
    if _SCIENTIFIC.fullmatch(text):
        raise BadCell("号码被表格软件改成了科学计数，末尾几位可能已丢失",
                      "the number was turned into scientific notation",
                      "把该列设为“文本”格式后重新导出")
    if not _ASCII_CODE.fullmatch(text):
        raise BadCell("编码只能用半角字母、数字和 _ . : / -，不超过 64 位",
                      "codes are ASCII letters, digits and _ . : / -, at most 64",
                      "按原系统的编码填写，去掉空格和其他符号")
    return text


def group_code(text: str) -> Value:
    """A DRG or DIP group code."""
    if not _GROUP_CODE.fullmatch(text):
        raise BadCell("病组编码含有不允许的字符", "the group code has characters that are not allowed",
                      "按医保平台分组结果的编码填写")
    return text


def fen(text: str) -> Value:
    """Whole fen, below the limit either way."""
    if not _WHOLE_FEN.fullmatch(text):
        raise BadCell("金额写法不对：本列以分为单位，只能是半角整数",
                      "not an amount: this column is whole fen, plain digits",
                      "去掉小数点、千分位和单位，例如 123450 表示 1234.50 元")
    if len(text.lstrip("-0")) > LONGEST_AMOUNT:
        raise BadCell("金额过大：应小于 1000 亿元", "the amount is too large: under 100 billion yuan", "核对金额和单位")
    return int(text)


def yuan(text: str) -> Value:
    """Yuan with at most two decimals, as whole fen."""
    try:
        return parse_yuan(text)
    except Refused as refused:
        reason = refused.refusals[0]
        raise BadCell(reason.reason, reason.reason_en, "用半角数字填写，以元为单位，例如 1234.50") from refused


def _ten_thousandths(digits: int) -> Callable[[str], Value]:
    pattern = re.compile(rf"(-?)([0-9]{{1,{digits}}})(?:\.([0-9]{{1,4}}))?")

    def parse(text: str) -> Value:
        match = pattern.fullmatch(text)
        if not match:
            raise BadCell(f"应为半角数字，整数不超过 {digits} 位，小数不超过 4 位",
                          f"a plain number: at most {digits} digits before and 4 after the point",
                          "按医保平台分组结果的数值填写，例如 1.2345")
        units = int(match[2]) * 10_000 + int(((match[3] or "") + "0000")[:4])
        return -units if match[1] else units

    return parse


def whole_days(text: str) -> Value:
    """A number of days, whole, at most 9999; negative only where the row is a reversal."""
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise BadCell("天数应为半角整数", "days are a plain whole number", "填写整天数，例如 12")
    return int(text)


def day(text: str) -> Value:
    """A calendar day as ``YYYY-MM-DD``."""
    match = _DAY.fullmatch(text)
    try:
        if not match or not 2000 <= int(match[1]) <= 2099:
            raise ValueError(text)
        return date(int(match[1]), int(match[3]), int(match[4])).isoformat()
    except ValueError as error:
        raise BadCell("不是有效日期", "not a valid day", "写成 2026-01-05 的样子") from error


def period(text: str) -> Value:
    """A settlement month as ``YYYY-MM``."""
    match = _PERIOD.fullmatch(text)
    if not match:
        raise BadCell("清算月份写法不对", "not a settlement month", "写成 2026-01 的样子")
    return match[1]


def _one_of(choices: dict[str, str], what: str, what_en: str) -> Callable[[str], Value]:
    by_word = {label: name for name, label in choices.items()} | {name: name for name in choices}

    def parse(text: str) -> Value:
        if text not in by_word:
            raise BadCell(f"{what}不在允许的范围内", f"unknown {what_en}",
                          f"填写其中之一：{'、'.join(choices.values())}")
        return by_word[text]

    return parse


def _amount(name: str, label: str, label_en: str) -> Column:
    return Column(name, label, label_en, fen, "BIGINT", parse_labelled=yuan)


COLUMNS: tuple[Column, ...] = (
    Column("claim_id", "结算流水号", "claim", code, required=True),
    Column("reverses", "冲正原流水号", "reverses", code),
    Column("provider", "医疗机构编码", "provider", code, required=True),
    Column("insured_county", "参保县区", "insured county", code),
    Column("insured_consortium", "参保人归属医共体", "insured consortium", code),
    Column("pool", "险种", "pool", _one_of(POOLS, "险种", "pool"), required=True),
    Column("period", "清算月份", "settlement period", period, required=True),
    Column("admitted_on", "入院日期", "admitted on", day, required=True),
    Column("discharged_on", "出院日期", "discharged on", day),
    Column("category", "支付类别", "payment category",
           _one_of(CATEGORIES, "支付类别", "payment category"), required=True),
    Column("group_code", "病组编码", "group", group_code),
    Column("weight", "病组权重", "weight", _ten_thousandths(3), "BIGINT", stored_name="weight_ten_thousandths"),
    Column("points", "病种分值", "points", _ten_thousandths(6), "BIGINT", stored_name="points_ten_thousandths"),
    _amount("group_mean_fen", "病组例均费用", "mean cost of the group"),
    _amount("cost_fen", "医疗总费用", "total cost"),
    Column("bed_days", "住院床日", "bed days", whole_days, "BIGINT"),
    _amount("standard_fen", "支付标准", "payment standard"),
    _amount("patient_fen", "个人负担", "patient share"),
    _amount("catastrophic_fen", "大病保险支付", "catastrophic insurance"),
    _amount("aid_fen", "医疗救助支付", "medical aid"),
    _amount("other_fen", "其他基金支付", "other funds"),
    _amount("fund_fen", "统筹基金支付", "fund share"),
)
KEYS: tuple[str, ...] = tuple(column.key for column in COLUMNS)
INDEX: dict[str, int] = {key: position for position, key in enumerate(KEYS)}
AMOUNTS: tuple[str, ...] = (
    "cost_fen", "standard_fen", "patient_fen", "catastrophic_fen", "aid_fen", "other_fen", "fund_fen")
REQUIRED: frozenset[str] = frozenset(column.name for column in COLUMNS if column.required)
IGNORED_HEADERS = frozenset({"备注", "校验结果"})
_ALIASES = {"就诊日期": "入院日期", "机构编码": "医疗机构编码", "归属医共体": "参保人归属医共体"}


def column_of(header: str) -> tuple[Column, Callable[[str], Value]] | None:
    """The column a header names and how its cells are read, or None when it names none.

    A code name (``fund_fen``) means whole fen; a Chinese header (``统筹基金支付``, ``统筹基金支付（元）``) means yuan.
    """
    for column in COLUMNS:
        if header == column.name:
            return column, column.parse
    label = header.removesuffix("（元）").removesuffix("(元)")
    for column in COLUMNS:
        if _ALIASES.get(label, label) == column.label and (label == header or column.parse_labelled):
            return column, column.parse_labelled or column.parse
    return None
