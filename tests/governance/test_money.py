"""Money: one rounding, splits that add up, amounts as people type them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.money import apportion, parse_yuan, plain, round_fen, share, yuan
from governance.refusal import Refused

WEIGHTS = st.lists(
    st.one_of(st.integers(0, 10**6), st.decimals("0", "1000", places=3)), min_size=1, max_size=25,
).filter(lambda weights: sum(weights) > 0)


@pytest.mark.parametrize(("fen", "ratio", "expected"), [
    (1, "0.5", 1), (-1, "0.5", -1), (3, "0.5", 2), (1, "0.4999999999999999999999999999", 0), (10, "0.05", 1),
    (9, "0.05", 0), (2532884792, "0.05", 126644240), (10**30 + 1, "0.5", 5 * 10**29 + 1),
])
def test_share_rounds_half_away_from_zero_once(fen: int, ratio: str, expected: int) -> None:
    assert share(fen, Decimal(ratio)) == expected


def test_round_fen_takes_exact_amounts_only() -> None:
    assert [round_fen(Fraction(5, 2)), round_fen(Fraction(-5, 2)), round_fen(Decimal("2.49"))] == [3, -3, 2]
    with pytest.raises(ValueError, match="finite"):
        round_fen(Decimal("NaN"))


@pytest.mark.parametrize(("total", "weights", "parts"), [
    (100, [1, 1, 1], [34, 33, 33]),
    (-100, [1, 1, 1], [-34, -33, -33]),
    (922930000, [4, 4, 2], [369172000, 369172000, 184586000]),
    (1191338846 - 200000000, [Decimal("0.5"), Decimal("0.5")], [495669423, 495669423]),
    (7, [0, 2, 0], [0, 7, 0]),
    (0, [0, 0], [0, 0]),
    (0, [], []),
])
def test_the_largest_remainder_comes_first(total: int, weights: list[Decimal | int], parts: list[int]) -> None:
    assert apportion(total, weights) == parts


def test_apportion_refuses_what_cannot_be_split() -> None:
    for weights in ([0, 0], [], [1, -1], [Decimal("NaN"), 1], [Decimal("Infinity")]):
        with pytest.raises(ValueError, match="weight"):
            apportion(5, weights)


@given(st.integers(-(10**15), 10**15), WEIGHTS)
def test_parts_add_up_and_stay_within_one_fen_of_their_exact_share(total: int, weights: list[Decimal | int]) -> None:
    parts = apportion(total, weights)
    whole = sum(Fraction(weight) for weight in weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1
        assert part == 0 or weight > 0


@given(st.integers(0, 10**15), WEIGHTS)
def test_a_negative_total_mirrors_the_positive_one(total: int, weights: list[Decimal | int]) -> None:
    assert apportion(-total, weights) == [-part for part in apportion(total, weights)]


@given(st.integers(0, 10**15), WEIGHTS, st.randoms(use_true_random=False))
def test_order_matters_only_between_equal_remainders(total: int, weights: list[Decimal | int], random: object) -> None:
    order = list(range(len(weights)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = apportion(total, [weights[index] for index in order])
    straight = apportion(total, weights)
    for position, index in enumerate(order):
        assert abs(shuffled[position] - straight[index]) <= 1
    assert sum(shuffled) == sum(straight)


@pytest.mark.parametrize(("text", "fen"), [
    ("0", 0), ("1234.5", 123450), ("-0.07", -7), ("99999999999.99", 9999999999999), (" 12 ", 1200), ("007", 700),
])
def test_parse_yuan_reads_what_a_person_types(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize("text", [
    "", "NaN", "inf", "1e3", "1_000", "1,000", "１２", "1.234", ".5", "5.", "+5", "--5", "1 000", "0x10", "100000000000",
    "9" * 400, "-", "１.5", "٣",
])
def test_parse_yuan_refuses_everything_else(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_yuan(text)
    assert "金额" in refused.value.refusals[0].reason and refused.value.refusals[0].reason_en


@given(st.integers(-(10**13) + 1, 10**13 - 1))
def test_yuan_is_read_back_without_its_separators(fen: int) -> None:
    assert parse_yuan(yuan(fen).replace(",", "")) == fen


def test_people_see_thousands_and_cents_and_machines_the_shortest_text() -> None:
    assert [yuan(123450), yuan(-7), yuan(0)] == ["1,234.50", "-0.07", "0.00"]
    assert [plain(Decimal(text)) for text in ("0.80", "1E+2", "-0.0", "0", "60")] == ["0.8", "100", "0", "0", "60"]
