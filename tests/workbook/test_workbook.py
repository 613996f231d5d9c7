"""What a workbook holds: the same bytes each time, words that stay words, and no number that is not exact."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook

from governance.money import share
from governance.sheets import run
from tests.conftest import not_here
from tests.governance.books import book, month, year
from tests.workbook.examples import examples
from tests.workbook.recalculation import MISSING, changed, recalculated, soffice
from workflow import i18n
from workflow.cli.rules import COMMANDS
from workflow.workbook.exact import LARGEST, NotExact, Term, amount, number, rounded
from workflow.workbook.writing import workbook

RULES = {"settlement.deposit_ratio": "0.145"}


def a_month(name: str = "lead", own_fen: int = 100) -> dict[str, Any]:
    payable = {"item": {"own": own_fen}}
    return month({"member": name, "payable_fen": payable, "audit_deduction_fen": 0, "carried_in_fen": 0})


def written(facts: dict[str, Any], sheet: str = "monthly-settlement", rules: Any = None) -> bytes:
    return workbook(run(sheet, facts, book(rules or RULES)).as_data(), facts)


def test_the_same_worksheet_gives_the_same_bytes() -> None:
    for one in examples()[::9]:
        first = workbook(one.data(), one.facts)
        assert first == workbook(one.data(), one.facts)
        entries = zipfile.ZipFile(io.BytesIO(first)).infolist()
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("name", [
    "=1+1", "+86", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "#N/A", '=HYPERLINK("http://x","y")', "1E5", "TRUE",
])  # fmt: skip
def test_words_stay_words_whatever_they_begin_with(name: str) -> None:
    papers = load_workbook(io.BytesIO(written(a_month(name))))
    cells = [cell for paper in papers for row in paper.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if isinstance(cell.value, str) and name in cell.value} == {"s"}
    own = [cell for cell in cells if cell.value == name]
    assert own and {cell.quotePrefix for cell in own} == {name[0] in "=+-@\t"}


def test_what_a_spreadsheet_cannot_hold_is_refused() -> None:
    with pytest.raises(NotExact):
        amount("A1", LARGEST)
    many = Term("A1", Fraction(LARGEST - 1))
    with pytest.raises(NotExact):
        rounded(many + number(Decimal("0.001")), lambda _name, term: term, "")


def test_an_amount_too_large_leaves_its_lines_as_values() -> None:
    papers = load_workbook(io.BytesIO(written(a_month(own_fen=10**15))))
    lines = {row[0].value: row for row in papers["计算表"].iter_rows(min_row=5)}
    assert (lines["lead 应付合计"][3].value, lines["lead 应付合计"][4].value[:2]) == ("1000000000000000", "数值")
    assert lines["lead 质量保证金"][4].value[:2] == "数值" and lines["lead 审核拒付"][4].value[:2] == "据实"


def test_a_half_is_rounded_up_where_doubles_would_round_it_down(tmp_path: Path) -> None:
    """100 fen at 0.145 are 14.5; a spreadsheet's own product is 14.499999999999998."""
    if soffice() is None:
        not_here(MISSING)
    assert share(100, Decimal("0.145")) == 15 and round(100 * 0.145) == 14
    halves = [fen for fen in (100, 300, 700, 1100, 10**13 - 700, 10**12 + 300) if fen * 145 % 1000 == 500]
    contents = [changed(written(a_month()), {"members[0].payable_fen.item.own": fen}) for fen in halves]
    deposits = [int(figures[2]) for figures in recalculated(tmp_path, contents)]
    assert len(halves) > 2 and deposits == [share(fen, Decimal("0.145")) for fen in halves]


def test_a_hair_below_a_half_is_rounded_down_where_doubles_see_a_half(tmp_path: Path) -> None:
    """Nine trillion fen at six decimals end in .499999, which a double of that size cannot tell from a half."""
    if soffice() is None:
        not_here(MISSING)
    ratio = "0.145003"
    fen = 9 * 10**12 + 499999 * pow(145003, -1, 10**6) % 10**6
    assert fen * 145003 % 10**6 == 499999 and int(fen * 0.145003 + 0.5) == share(fen, Decimal(ratio)) + 1
    facts = a_month(own_fen=fen)
    figures = recalculated(tmp_path, [written(facts, rules={"settlement.deposit_ratio": ratio})])
    assert int(figures[0][2]) == share(fen, Decimal(ratio))


def test_facts_that_ask_for_another_worksheet_show_na_rather_than_a_wrong_figure(tmp_path: Path) -> None:
    if soffice() is None:
        not_here(MISSING)
    content = written(year(), "annual-clearing", {"clearing.overrun": {"kind": "none"}})
    figures = recalculated(tmp_path, [content, changed(content, {"own_fen": 999999})])
    keys = [line.key for line in run("annual-clearing", year(), book({})).lines]
    before, after = (dict(zip(keys, one, strict=True)) for one in figures)
    assert (before["surplus_fen"], before["retained_fen"], before["due_fen"]) == ("0", "0", "0")
    assert (after["surplus_fen"], after["retained_fen"], after["due_fen"]) == ("1", "#N/A", "#N/A")


def test_the_command_writes_the_workbook(tmp_path: Path) -> None:
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    facts, target = tmp_path / "facts.json", tmp_path / "month.xlsx"
    facts.write_text(json.dumps(a_month() | {"agreement": {"settlement.deposit_ratio": "0.05"}}), encoding="utf-8")
    command = ["sheet", "monthly-settlement", "--place", "demo-suixi", "--on", "2025-06-30", "--facts"]
    done = app.test_cli_runner().invoke(args=[*command, str(facts), "--xlsx", str(target)])
    assert done.exit_code == 0 and "lead 应付合计" in done.output
    lines = load_workbook(target)["计算表"]
    assert "样例" in lines["A2"].value and (lines["A5"].value, lines["F5"].value) == ("lead 应付合计", 100)
    assert lines["H7"].value == "最大值(应付合计 − 审核拒付，0) × 质量保证金比例"
    assert lines["I7"].value == "max(gross − audit deduction, 0) × deposit ratio"
    many = tmp_path / "facts.jsonl"
    many.write_text("{}", encoding="utf-8")
    refused = app.test_cli_runner().invoke(args=[*command, str(many), "--xlsx", str(target)])
    assert refused.exit_code == 2 and "只收一份" in refused.output
