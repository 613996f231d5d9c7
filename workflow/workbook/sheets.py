"""The sheets of a workbook as a person reads them: lines, facts, rules, intermediate results. Chinese first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet as Paper

from governance.rulebook import STATUS_NAMES
from workflow.pages import formula_words
from workflow.pages.rule_values import value_text
from workflow.pages.words import spoken
from workflow.workbook.apportioning import HEADINGS
from workflow.workbook.exact import LARGEST
from workflow.workbook.formulas import Formula, formulas
from workflow.workbook.layout import FACTS, FIRST_ROW, LINES, RULES, WORKINGS, Row, Table
from workflow.workbook.source import Line, Source

_LIVE, _FACT, _FIXED = "公式 formula", "据实 a fact", "数值 a value, not recalculated"
_LINE_HEADINGS = [
    "项目", "Item", "金额（元） Yuan", "分或数值 Fen or value", "取数 How", "存档值 As stored", "核对 Check", "计算式", "Formula",
    "规则 Rule", "规则值 Value", "起执行 Since", "文件 Document", "条款 Clause", "状态 Status", "理由 Reason",
]
_FACT_HEADINGS = ["事实", "Fact", "名称 Name", "值 Value", "换算整数 As an integer", "× Times"]
_RULE_HEADINGS = [
    "规则", "Rule", "名称 Name", "值 Value", "换算整数 As an integer", "× Times", "起执行 Since", "文件 Document",
    "条款 Clause", "原文 Says", "状态 Status",
]
_NOTE = (
    "“事实”里黄色的值可以改，本表随之重算；取数为“数值”的行不变。出现 #N/A 说明改后的数据须由系统重新计算。金额按分计算，四舍五入到分。"
    " Yellow facts may be changed and the lines follow; “value” lines do not. #N/A: run the worksheet again."
)
_INPUT = PatternFill("solid", fgColor="FFF7D6")
_HEAD = PatternFill("solid", fgColor="E8ECF1")
_BOLD = Font(bold=True)
_YUAN, _WHOLE = "#,##0.00", "#,##0"
_UNSAFE = ("=", "+", "-", "@", "\t", "\r", "\n")


def fill(book: Workbook, source: Source, titles: Sequence[str]) -> None:
    """Write all sheets of one worksheet; ``titles`` are its heading and what it stands on."""
    lines = book.create_sheet(LINES)
    made = formulas(source)
    _heading(lines, [*titles, _NOTE], _LINE_HEADINGS, [34, 30, 18, 18, 14, 18, 12, 44, 44, 28, 14, 12, 22, 14, 12, 24])
    for number, (line, formula) in enumerate(zip(source.lines, made, strict=True), start=FIRST_ROW):
        _line(lines, number, line, formula)
    facts = book.create_sheet(FACTS)
    _heading(facts, ["事实 Facts"], _FACT_HEADINGS, [40, 40, 40, 20, 18, 10])
    _rows(facts, source.facts, editable=True)
    _name_facts(book, source.facts)
    rules = book.create_sheet(RULES)
    _heading(rules, ["规则 Rules"], _RULE_HEADINGS, [40, 40, 40, 20, 18, 10, 12, 24, 14, 60, 14])
    _rows(rules, source.rules, editable=False)
    for provision, first, count in source.provisions:
        for row in range(first, first + count):
            for column, said in enumerate(_cited(provision), start=7):
                text(rules.cell(row, column), said)
    workings = book.create_sheet(WORKINGS)
    _heading(workings, ["辅助计算 Intermediate results"], HEADINGS, [40, 8, *[18] * (len(HEADINGS) - 2)])
    for row, cells in enumerate(source.workings.rows, start=FIRST_ROW):
        for column, said in enumerate(cells, start=1):
            if column > 1 and said.startswith("="):
                workings.cell(row, column).value = said
            elif said:
                text(workings.cell(row, column), said)


def text(cell: Any, said: object) -> None:
    """Write words that stay words: never a formula, an error or a number, whatever they begin with."""
    shown = ILLEGAL_CHARACTERS_RE.sub("", "" if said is None else str(said))[:32767]
    if not shown:
        return
    cell.value = shown
    cell.data_type = "s"
    cell.quotePrefix = shown.startswith(_UNSAFE)


def _heading(paper: Paper, titles: Sequence[str], headings: Sequence[str], widths: Sequence[int]) -> None:
    for row, title in enumerate(titles, start=1):
        text(paper.cell(row, 1), title)
    paper.cell(1, 1).font = Font(bold=True, size=14)
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True), start=1):
        cell: Any = paper.cell(FIRST_ROW - 1, column)
        text(cell, heading)
        cell.font, cell.fill, cell.alignment = _BOLD, _HEAD, Alignment(wrap_text=True, vertical="top")
        paper.column_dimensions[cell.column_letter].width = width
    paper.freeze_panes = f"C{FIRST_ROW}"


def _line(paper: Paper, row: int, line: Line, formula: Formula | None) -> None:
    money = line["amount_fen"] is not None
    stored = line["amount_fen"] if money else line["value"]
    text(paper.cell(row, 1), line["label"])
    text(paper.cell(row, 2), line["label_en"])
    figure, kept = paper.cell(row, 4), paper.cell(row, 6)
    if formula is None:
        value(figure, stored, line["unit"])
    else:
        figure.value = formula.text
    value(kept, stored, line["unit"])
    if money:
        paper.cell(row, 3).value = f"=D{row}/100"
        paper.cell(row, 3).number_format = _YUAN
        figure.number_format = kept.number_format = _WHOLE
    text(paper.cell(row, 5), _FIXED if formula is None else _FACT if formula.given else _LIVE)
    if stored is not None:
        paper.cell(row, 7).value = f'=IF(D{row}=F{row},"一致 same","已改 changed")'
    for column, language in ((8, "zh"), (9, "en")):
        with spoken(language):
            text(paper.cell(row, column), formula_words.formula(line["formula"]))
    provision = line["provision"]
    if provision is not None:
        with spoken("zh"):
            said = value_text(provision["rule"], provision["value"], provision.get("unit", ""))
        since, document, clause, _says, status = _cited(provision)
        for column, word in enumerate((provision["rule"], said, since, document, clause, status), start=10):
            text(paper.cell(row, column), word)
    text(paper.cell(row, 16), line.get("reason"))


def _cited(provision: Any) -> tuple[str, str, str, str, str]:
    """Since when, by which document and clause, in what words, and how sure it is."""
    cite = provision.get("cite") or {}
    status = provision.get("status", "")
    named = " ".join(STATUS_NAMES[status]) if status in STATUS_NAMES else status
    document = " ".join(part for part in (cite.get("document", ""), cite.get("title", "")) if part)
    return str(provision.get("since") or ""), document, cite.get("clause", ""), cite.get("says", ""), named


def value(cell: Any, said: Any, unit: str = "") -> None:
    """Write a number as a number where a spreadsheet holds it exactly, else as text; truth values as themselves."""
    if isinstance(said, str) and unit in ("points", "ratio") and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", said):
        said = Decimal(said)
    if isinstance(said, bool) or (isinstance(said, int | Decimal) and abs(said) < LARGEST):
        cell.value = said
    elif said is not None:
        text(cell, said)


def _rows(paper: Paper, table: Table, *, editable: bool) -> None:
    for number, row in enumerate(table.rows, start=FIRST_ROW):
        text(paper.cell(number, 1), row.title)
        text(paper.cell(number, 2), row.title_en)
        text(paper.cell(number, 3), row.path)
        value(paper.cell(number, 4), row.value)
        if editable and not isinstance(row.value, str):
            paper.cell(number, 4).fill = _INPUT
        _as_integer(paper, number, row)


def _as_integer(paper: Paper, number: int, row: Row) -> None:
    """A decimal as the integer that formulas count with, #N/A when it has more decimals than that."""
    if row.decimals is None:
        return
    times = 10**row.decimals
    paper.cell(number, 5).value = f"=IF(ROUND(D{number}*{times},0)/{times}=D{number},ROUND(D{number}*{times},0),NA())"
    paper.cell(number, 6).value = times


def _name_facts(book: Workbook, table: Table) -> None:
    """Names for the cells of the facts, such as ``fact_members_0_carried_in_fen``."""
    taken: set[str] = set()
    for path in table.at:
        name = "fact_" + re.sub(r"\W+", "_", path).strip("_")[:200]
        if name.casefold() not in taken:
            taken.add(name.casefold())
            book.defined_names[name] = DefinedName(name, attr_text=table.cell(path))
