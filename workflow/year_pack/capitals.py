"""Amounts in words, as on a cheque: 人民币捌佰万元整, and for readers of English ``eight million yuan``."""

from __future__ import annotations

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_THOUSANDS = ("", " thousand", " million", " billion", " trillion", " quadrillion")


def capitals(fen: int) -> str:
    """``fen`` in the financial numerals of Chinese; a negative amount begins with 负."""
    yuan, rest = divmod(abs(fen), 100)
    jiao, cent = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    part = (f"{_DIGITS[jiao]}角" if jiao else "零" if whole and cent else "") + (f"{_DIGITS[cent]}分" if cent else "")
    said = whole + part if part else (whole or "零元") + "整"
    return f"人民币{'负' if fen < 0 else ''}{said}"


def _whole(number: int) -> str:
    """The numeral of a whole number, one 零 wherever digits are skipped."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _whole(high) + name + gap + (_whole(low) if low else "")
    return _four(number)


def _four(group: int) -> str:
    found, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(found)
            continue
        found += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return found


def in_english(fen: int) -> str:
    """``fen`` in English words: ``eight million yuan and five fen``."""
    yuan, rest = divmod(abs(fen), 100)
    said = f"{_words(yuan)} yuan" + (f" and {_words(rest)} fen" if rest else "")
    return f"minus {said}" if fen < 0 else said


def _words(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, one = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[one]}" if one else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" {_words(rest)}" if rest else "")
    parts, place = [], 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            parts.append(_words(group) + _THOUSANDS[place])
        place += 1
    return " ".join(reversed(parts))
