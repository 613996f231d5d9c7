"""Money in whole fen and the only rounding there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from math import lcm

from governance.refusal import Refusal, Refused

LIMIT_FEN = 10**13
Weight = Decimal | Fraction | int
_YUAN = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?", re.ASCII)
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)


def round_fen(amount: Decimal | Fraction) -> int:
    """An exact amount in fen, rounded half away from zero to a whole fen.

    Raises ValueError when the amount is not finite.
    """
    if isinstance(amount, Decimal):
        if not amount.is_finite():
            raise ValueError("an amount must be finite")
        amount = Fraction(amount)
    numerator, denominator = abs(amount.numerator), amount.denominator
    whole = (2 * numerator + denominator) // (2 * denominator)
    return whole if amount >= 0 else -whole


def share(fen: int, ratio: Decimal) -> int:
    """``fen × ratio`` as whole fen, rounded half up (away from zero) once."""
    return int(_WIDE.multiply(Decimal(fen), ratio).quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_WIDE))


def ratio(part: Fraction | int, whole: Fraction | int = 1) -> Decimal:
    """``part ÷ whole`` as a ratio of six decimals, rounded half up once; raises ZeroDivisionError for no whole."""
    return Decimal(round_fen(Fraction(part) / whole * 10**6)).scaleb(-6)


def apportion(total_fen: int, weights: Sequence[Weight]) -> list[int]:
    """Split ``total_fen`` by ``weights`` so that the parts add up to it exactly, in fen.

    Largest remainder; among equal remainders the part listed first; a negative total mirrors the positive one.
    Raises ValueError when a weight is negative or not finite, or when all are zero and there is something to split.
    """
    if total_fen < 0:
        return [-part for part in apportion(-total_fen, weights)]
    if any((isinstance(weight, Decimal) and not weight.is_finite()) or weight < 0 for weight in weights):
        raise ValueError("weights must be finite and not negative")
    units = _whole_units(weights)
    whole = sum(units)
    if whole == 0:
        if total_fen:
            raise ValueError("nothing to split by: every weight is zero")
        return [0 for _ in units]
    parts, remainders = [], []
    for unit in units:
        part, remainder = divmod(total_fen * unit, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total_fen - sum(parts)
    for index in sorted(range(len(units)), key=lambda position: -remainders[position])[:left]:
        parts[index] += 1
    return parts


def _whole_units(weights: Sequence[Weight]) -> list[int]:
    """The same weights as integers of one common unit."""
    if all(isinstance(weight, int) for weight in weights):
        return [int(weight) for weight in weights]
    ratios = [weight.as_integer_ratio() for weight in weights]
    common = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (common // denominator) for numerator, denominator in ratios]


def parse_yuan(text: str) -> int:
    """Yuan as a person types them (``1234.5``, ``-0.07``) in fen.

    ASCII digits, an optional leading minus, at most two decimals, less than 1e13 fen either way. Raises Refused for
    anything else: separators, exponents, underscores, full-width digits, NaN, spaces inside.
    """
    text = text.strip(" \t\r\n")
    if not _YUAN.fullmatch(text):
        raise Refused(Refusal(
            reason=f"金额“{text}”写法不对：请用半角数字，最多两位小数，不加千分位，例如 1234.50",
            reason_en=f"“{text}” is not an amount: plain digits, at most two decimals, no separators, e.g. 1234.50",
            fact="amount", field="amount",
        ))
    whole, _, cents = text.lstrip("-").partition(".")
    fen = int(whole[:40]) * 100 + int((cents + "00")[:2])
    if fen >= LIMIT_FEN or len(whole.lstrip("0")) > 12:
        raise Refused(Refusal(
            reason=f"金额“{text}”过大：应小于 1000 亿元", reason_en=f"“{text}” is too large: under 100 billion yuan",
            fact="amount", field="amount",
        ))
    return -fen if text.startswith("-") else fen


def yuan(fen: int) -> str:
    """Fen as yuan for people: ``123450`` → ``1,234.50``."""
    whole, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{cents:02d}"


def plain(number: Decimal | int) -> str:
    """A number as its shortest exact text: no exponent, no trailing zeros, ``-0`` as ``0``."""
    if isinstance(number, int):
        return str(number)
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
