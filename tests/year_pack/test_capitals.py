"""Amounts in words: the numerals of cheques, and English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.year_pack.capitals import capitals, in_english

_DIGIT = {name: number for number, name in enumerate("零壹贰叁肆伍陆柒捌玖")}


@pytest.mark.parametrize(
    ("fen", "chinese", "english"),
    [
        (0, "人民币零元整", "zero yuan"),
        (1, "人民币壹分", "zero yuan and one fen"),
        (105, "人民币壹元零伍分", "one yuan and five fen"),
        (1000, "人民币壹拾元整", "ten yuan"),
        (101_000_000, "人民币壹佰零壹万元整", "one million ten thousand yuan"),
        (800_000_000, "人民币捌佰万元整", "eight million yuan"),
        (1_000_100, "人民币壹万零壹元整", "ten thousand one yuan"),
        (10_000_000_100, "人民币壹亿零壹元整", "one hundred million one yuan"),
        (-2_295_000_000, "人民币负贰仟贰佰玖拾伍万元整", "minus twenty-two million nine hundred fifty thousand yuan"),
        (1_517_043_612, "人民币壹仟伍佰壹拾柒万零肆佰叁拾陆元壹角贰分",
         "fifteen million one hundred seventy thousand four hundred thirty-six yuan and twelve fen"),
    ],
)  # fmt: skip
def test_known_amounts(fen: int, chinese: str, english: str) -> None:
    assert (capitals(fen), in_english(fen)) == (chinese, english)


def _read(numeral: str) -> int:
    """What a numeral of whole yuan says, read by its places alone."""
    for name, size in (("亿", 10**8), ("万", 10**4)):
        if name in numeral:
            high, _, low = numeral.rpartition(name)
            return _read(high) * size + _read(low)
    total, digit = 0, 0
    for sign in numeral:
        if sign in _DIGIT:
            digit = _DIGIT[sign]
        else:
            total, digit = total + digit * {"拾": 10, "佰": 100, "仟": 1000}[sign], 0
    return total + digit


@given(st.integers(min_value=1, max_value=10**14))
def test_the_numeral_reads_back(yuan: int) -> None:
    said = capitals(yuan * 100)
    assert _read(said.removeprefix("人民币").removesuffix("元整")) == yuan
    assert "零零" not in said and not said.endswith("零元整")
