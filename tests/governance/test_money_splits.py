"""A hundred thousand random splits: parts add up, stay within a fen and follow their weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import gcd
from random import Random

import pytest

from governance.money import Weight, apportion

SEED = int(os.environ.get("FAULTS_SEED", "20261122"))
RUNS, SPLITS_EACH = 10, 10_000
Split = tuple[int, list[int], list[Weight]]


def splits(random: Random) -> Iterator[Split]:
    """Totals and weights, the weights as whole units and as they are given: integers, decimals or fractions."""
    for _ in range(SPLITS_EACH):
        total = random.choice((random.randrange(100), random.randrange(10**6), random.randrange(10**15)))
        count = random.randint(1, 12)
        largest = random.choice((1, 3, 10, 10**4, 10**9))
        units = [random.randint(0, largest) for _ in range(count)]
        if not any(units):
            units[random.randrange(count)] = 1
        yield total, units, _given(random, units)


def _given(random: Random, units: list[int]) -> list[Weight]:
    form = random.randrange(4)
    if form == 0:
        return list(units)
    if form == 1:
        places = random.randint(1, 9)
        return [Decimal(unit).scaleb(-places) for unit in units]
    if form == 2:
        whole = sum(units)
        return [Fraction(unit, whole) for unit in units]
    return [Decimal(unit) if random.random() < 0.5 else unit for unit in units]


def check(total: int, units: list[int], weights: list[Weight], random: Random) -> None:
    """One split, in exact integers: what must hold of it, of its mirror, and of another order."""
    parts, whole = apportion(total, weights), sum(units)
    assert sum(parts) == total
    for part, unit in zip(parts, units, strict=True):
        assert abs(part * whole - total * unit) < whole
    ranked = sorted(zip(units, parts, strict=True))
    for (lighter, less), (heavier, more) in pairwise(ranked):
        assert less <= more or lighter == heavier
    assert apportion(-total, weights) == [-part for part in parts]
    order = list(range(len(units)))
    random.shuffle(order)
    shuffled = apportion(total, [weights[index] for index in order])
    again = [shuffled[order.index(index)] for index in range(len(units))]
    assert sum(again) == total and all(abs(one - other) <= 1 for one, other in zip(parts, again, strict=True))
    moved = {total * units[index] % whole for index, part in enumerate(parts) if part != again[index]}
    assert len(moved) <= 1  # only parts whose remainders are equal may change places


@pytest.mark.parametrize("run", range(RUNS))
def test_ten_thousand_splits_share_every_fen_once(run: int) -> None:
    random = Random(f"{SEED}-{run}")
    for total, units, weights in splits(random):
        try:
            check(total, units, weights, random)
        except AssertionError as failed:
            raise AssertionError(f"FAULTS_SEED={SEED}, run {run}: {total} by {weights}") from failed


def test_a_common_factor_of_the_weights_changes_nothing() -> None:
    random = Random(SEED)
    for total, units, _ in splits(random):
        common = gcd(*units)
        assert apportion(total, units) == apportion(total, [unit // common for unit in units])
