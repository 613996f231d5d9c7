"""Every workbook, opened and calculated by LibreOffice, comes to the fen of the worksheet; also on other facts."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from governance.sheets import SHEETS
from tests.conftest import not_here
from tests.workbook.examples import examples, on_other_facts
from tests.workbook.recalculation import MISSING, changed, how, recalculated, same, soffice
from workflow.workbook.writing import workbook

# Sheets with so many examples that some of them are enough to try other facts on.
MANY = {"annual-clearing", "chronic-package", "indicators"}


@pytest.fixture(scope="module", autouse=True)
def libreoffice() -> None:
    if soffice() is None:
        not_here(MISSING)


def test_every_line_comes_to_the_fen_of_the_worksheet(tmp_path: Any) -> None:
    found, lines = examples(), Counter[str]()
    sheets = [one.data() for one in found]
    contents = [workbook(data, one.facts) for data, one in zip(sheets, found, strict=True)]
    wrong, fixed = [], []
    for one, data, content, figures in zip(found, sheets, contents, recalculated(tmp_path, contents), strict=True):
        lines.update([one.sheet])
        wrong += [(one.says, line["key"], figure) for line, figure in zip(data["lines"], figures, strict=False)
                  if not same(line, figure)]
        fixed += [(one.sheet, line["key"]) for line, way in zip(data["lines"], how(content), strict=True)
                  if way == "数值" and (line["amount_fen"], line["value"]) != (None, None)]
    assert not wrong
    assert not fixed, "every line that has a figure follows the facts"
    assert set(lines) == set(SHEETS)


def test_other_facts_in_the_file_give_what_the_worksheet_gives_on_them(tmp_path: Any) -> None:
    numbers, contents, others, keys = random.Random(7), [], [], []
    for one in examples():
        data = one.data()
        content = workbook(data, one.facts)
        for _attempt in range(numbers.random() < 0.4 if one.sheet in MANY else 1):
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
            compared["#N/A" if figure == "#N/A" else one.sheet] += 1
            if figure != "#N/A" and not same(now[key], figure):
                wrong.append((one.says, key, figure, now[key], changes))
    print(compared)
    assert not wrong, wrong[:3]
    assert set(compared) - {"#N/A"} == set(SHEETS) and all(compared[sheet] >= 15 for sheet in SHEETS), compared
    assert compared.total() > 1000 and compared["#N/A"] < compared.total() / 10
