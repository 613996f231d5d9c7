"""Sample claims are labelled, repeatable, and add up to the totals asked for, to the fen."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from workflow.claims.checking import Expected
from workflow.claims.reading import read
from workflow.claims.sampling import sample
from workflow.claims.storing import frozen
from workflow.claims.tally import tally

MEMBERS = [("LEAD", "county"), ("TCM", "county"), *((f"TOWN-{number}", "township") for number in range(1, 11))]
DIGEST = "ac2b140e5a76f7f7a63ec9e57c52617c96cdb8502fece24663bc31fcad592a47"


def made(seed: str = "1", cases: int = 300, period: str = "2025-02", **totals: int) -> bytes:
    return sample(seed=seed, consortium="A", other_consortium="B", pool="resident", period=period, members=MEMBERS,
                  totals=totals, cases=cases)


def added_up(data: bytes, folder: Path, period: str = "2025-02") -> Any:
    expected = Expected("A", "resident", period, frozenset(code for code, _ in MEMBERS))
    stored = frozen(read(data, "sample.csv", expected=expected, known_rows=None), folder)
    return tally([stored.path], consortium="A", pool="resident", period=period, members=dict(MEMBERS))


@pytest.mark.parametrize("seed", range(25))
def test_a_sample_adds_up_to_the_fen(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    totals = {"own_fen": draw.randrange(1, 4 * 10**9), "inflow_fen": draw.randrange(10**9)}
    totals["away_fen"] = draw.randrange(10**8)
    tallies = added_up(made(str(seed), draw.randrange(3, 400), **totals), tmp_path)
    assert {f"{kind}_fen": tallies.of_kind(kind) for kind in ("own", "inflow", "away")} == totals
    assert tallies.of_kind("excluded") == 0


def test_a_sample_is_labelled_and_the_same_on_every_machine(tmp_path: Path) -> None:
    data = made(own_fen=2_999_583_334, inflow_fen=102_880_650, away_fen=906_275_010)
    lines = data.decode("ascii").splitlines()
    assert len(lines) == 301 and all(line.startswith("SAMPLE-A-resident-2025-02-") for line in lines[1:])
    assert hashlib.sha256(data).hexdigest() == DIGEST
    members = added_up(data, tmp_path).as_facts()["members"]
    assert all(entry["payable_fen"] for entry in members)
    categories = {category for entry in members for category in entry["payable_fen"]}
    assert categories == {"drg", "bed_day", "item", "capitation"}


def test_small_and_empty_samples(tmp_path: Path) -> None:
    assert added_up(made(cases=1, own_fen=1), tmp_path).of_kind("own") == 1
    assert added_up(made(cases=3, own_fen=0, inflow_fen=5), tmp_path).of_kind("inflow") == 5
    assert len(made(own_fen=0).splitlines()) == 1
    for wrong in ({"own_fen": -1}, {"surprise_fen": 1}):
        with pytest.raises(ValueError, match="a sample needs"):
            made(**wrong)
