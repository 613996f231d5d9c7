"""Every workbook, opened and calculated by LibreOffice, comes to the fen of the worksheet; also on other facts."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tests.conftest import not_here
from tests.workbook.examples import examples, on_other_facts
from tests.workbook.recalculation import MISSING, changed, how, recalculated, same, soffice
from workflow.workbook.writing import workbook

# The least share of a sheet's lines that has a live formula: a split by factors is a value, and what stands on it.
FLOORS = {"monthly-settlement": 1, "annual-clearing": 0.99, "surplus-plan": 1, "budget": 0.9, "assessment": 1,
          "qualification": 1, "payment-modes": 1, "chronic-package": 1, "public-health": 0.85, "health-unit": 0.03,
          "unit-accounts": 0.65, "indicators": 0.4}


# Sheets with so many examples that some of them are enough to try other facts on.
MANY = {"annual-clearing", "indicators", "public-health", "health-unit", "unit-accounts"}


@pytest.fixture(scope="module", autouse=True)
def libreoffice() -> None:
    if soffice() is None:
        not_here(MISSING)


def test_every_line_comes_to_the_fen_of_the_worksheet(tmp_path: Any) -> None:
    found, live, lines = examples(), Counter[str](), Counter[str]()
    sheets = [one.data() for one in found]
    contents = [workbook(data, one.facts) for data, one in zip(sheets, found, strict=True)]
    wrong = []
    for one, data, content, figures in zip(found, sheets, contents, recalculated(tmp_path, contents), strict=True):
        wrong += [(one.says, line["key"], figure) for line, figure in zip(data["lines"], figures, strict=False)
                  if not same(line, figure)]
        ways = Counter(how(content))
        lines[one.sheet] += sum(ways.values())
        live[one.sheet] += sum(ways.values()) - ways["数值"]
    print({sheet: f"{live[sheet]}/{count}" for sheet, count in lines.items()})
    assert not wrong
    assert all(live[sheet] >= FLOORS[sheet] * count for sheet, count in lines.items()), (live, lines)


def test_other_facts_in_the_file_give_what_the_worksheet_gives_on_them(tmp_path: Any) -> None:
    numbers, contents, others, keys = random.Random(7), [], [], []
    for one in examples():
        data = one.data()
        content = workbook(data, one.facts)
        for _attempt in range(numbers.random() < 0.4 if one.sheet in MANY else 2):
            if (other := on_other_facts(one, numbers)) is not None:
                contents.append(changed(content, other[0]))
                others.append((one, other[1].data(), other[0]))
                keys.append([(line["key"], way) for line, way in zip(data["lines"], how(content), strict=True)])
    wrong, compared = [], Counter[str]()
    for (one, data, changes), named, figures in zip(others, keys, recalculated(tmp_path, contents), strict=True):
        now = {line["key"]: line for line in data["lines"]}
        for (key, way), figure in zip(named, figures, strict=False):
            if key not in now or way == "数值":
                continue
            compared["#N/A" if figure == "#N/A" else "same" if same(now[key], figure) else "wrong"] += 1
            if figure != "#N/A" and not same(now[key], figure):
                wrong.append((one.says, key, figure, now[key], changes))
    print(compared)
    assert not wrong, wrong[:3]
    assert compared["same"] > 1000 and compared["#N/A"] < compared["same"] / 10
