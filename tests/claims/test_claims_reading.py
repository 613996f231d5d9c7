"""A claims file is read whole or refused whole, with every error at once and how to mend it."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date
from typing import Any

import pytest

from tests.claims.files import (
    EXPECTED,
    NAMES,
    YUAN_HEADERS,
    accepted,
    case,
    csv_of,
    refused,
    reversal,
    rezipped,
    xlsx_of,
    yuan_row,
)
from workflow.claims.checking import Expected
from workflow.claims.reading import read
from workflow.claims.storing import canonical

ITEM = {"category": "item", "weight": "", "standard_fen": "", "bed_days": "", "group_code": ""}


def test_the_same_rows_read_the_same_from_every_format() -> None:
    rows = [case("C1"), case("C2", provider="TOWN-1"), reversal("C3", "C1")]
    wanted = canonical(accepted(csv_of(*rows)).rows)
    labelled = [YUAN_HEADERS, *(yuan_row(row) for row in rows)]
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in labelled)
    for data, name in [
        (csv_of(*rows, encoding="utf-8-sig"), "a.csv"),
        (csv_of(*reversed(rows), encoding="gb18030"), "A.CSV"),
        (text.encode("gb18030"), "a.csv"),
        (text.replace("resident", "城乡居民").replace("drg", "DRG住院").encode("utf-8-sig"), "a.csv"),
        (xlsx_of(labelled), "a.xlsx"),
        (xlsx_of([NAMES, *([row[name] or None for name in NAMES] for row in rows)]), "a.xlsx"),
    ]:
        assert canonical(accepted(data, name).rows) == wanted


def test_excel_numbers_are_read_by_their_shortest_decimal_form() -> None:
    row = yuan_row(case())
    row[NAMES.index("patient_fen")] = 1234.1
    row[NAMES.index("admitted_on")] = date(2026, 3, 2)
    row[NAMES.index("weight")] = 0.07
    batch = accepted(xlsx_of([YUAN_HEADERS, row]), "a.xlsx").as_dicts()[0]
    assert (batch["patient_fen"], batch["admitted_on"], batch["weight_ten_thousandths"]) == (123410, "2026-03-02", 700)
    row[NAMES.index("patient_fen")] = 0.301
    row[NAMES.index("claim_id")] = 20260300000000012
    errors = refused(xlsx_of([YUAN_HEADERS, row]), "a.xlsx").errors
    assert [(error.row, error.column) for error in errors] == [(2, "结算流水号"), (2, "个人负担（元）")]
    assert "科学计数" in errors[0].problem and "两位小数" in errors[1].problem


@pytest.mark.parametrize(("changes", "column", "problem"), [
    ({"claim_id": ""}, "claim_id", "不能为空"),
    ({"claim_id": "=HYPERLINK(1)"}, "claim_id", "编码只能用半角"),
    ({"claim_id": "C１"}, "claim_id", "编码只能用半角"),
    ({"claim_id": "<script>"}, "claim_id", "编码只能用半角"),
    ({"claim_id": "2.026E+16"}, "claim_id", "科学计数"),
    ({"claim_id": "OLD-1"}, "claim_id", "以前已导入"),
    ({"provider": "NOBODY", "insured_consortium": "B"}, "provider", "不是本医共体成员，参保人也不归属本医共体"),
    ({"pool": "employee"}, "pool", "险种与本次导入不符（应为城乡居民）"),
    ({"pool": "农合"}, "pool", "险种不在允许的范围内"),
    ({"period": "2026-04"}, "period", "应为 2026-03"),
    ({"period": "2026-13"}, "period", "清算月份写法不对"),
    ({"category": "lottery"}, "category", "支付类别不在允许的范围内"),
    ({"admitted_on": "2026-02-30"}, "admitted_on", "不是有效日期"),
    ({"admitted_on": "03/02/2026"}, "admitted_on", "不是有效日期"),
    ({"discharged_on": "2026-03-01"}, "discharged_on", "出院日期早于入院日期"),
    ({"discharged_on": "2026-04-01"}, "discharged_on", "日期晚于清算月份"),
    ({"weight": "1.23456"}, "weight", "小数不超过 4 位"),
    ({"weight": "-1"}, "weight", "不能为负数"),
    ({"bed_days": "3.5"}, "bed_days", "天数应为半角整数"),
    ({"weight": "", "standard_fen": ""}, "standard_fen", "需要支付标准"),
    (ITEM | {"fund_fen": ""}, "fund_fen", "需要统筹基金支付金额"),
    (ITEM | {"fund_fen": "-100"}, "fund_fen", "金额为负，但不是冲正行"),
    ({"patient_fen": "-1"}, "patient_fen", "金额为负，但不是冲正行"),
    ({"reverses": "GHOST"}, "standard_fen", "冲正行的金额应为负数"),
    ({"provider": "CITY", "standard_fen": "", "fund_fen": ""}, "standard_fen", "需要支付标准，或统筹基金支付"),
    ({"provider": "CITY", "category": "bed_day", "fund_fen": ""}, "fund_fen", "床日需要统筹基金支付金额"),
    ({"group_code": "=1+1"}, "group_code", "病组编码含有不允许的字符"),
])
def test_a_bad_cell_is_named_with_its_row_and_its_sentence(changes: dict[str, Any], column: str, problem: str) -> None:
    bad = refused(csv_of(case("C0"), case(**changes)), known=frozenset({"OLD-1"}))
    found = [error for error in bad.errors if error.column == column]
    assert found and problem in found[0].problem, bad.errors
    assert found[0].row == 3 and found[0].mend and found[0].problem_en
    assert bad.summary == "2 行中 1 行有错，未导入任何数据"


NASTY = ["NaN", "nan", "Infinity", "-inf", "1e9", "1E+2", "1_000", "１２３", "1,234", "1.234", "0.001", ".5", "5.",
         "+1", "--1", "1 000", "￥5", "5元", "一千", "0x10",
         "٣٤", "1e-2", "1..2", "1/2", "=1+1", "TRUE", "1\u00a0", "\u200b5", "−5",
         "1'000",
         "99999999999999", "1000000000000.00", "5%", "(5)", "null", "#REF!", "1;DROP", "²", "Ⅷ", "1d"]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("yuan", [False, True], ids=["fen", "yuan"])
def test_money_is_plain_digits_or_refused(text: str, yuan: bool) -> None:
    row = [f'"{text}"' if name == "patient_fen" else ("" if yuan and name.endswith("_fen") and name != "standard_fen"
           else value) for name, value in case().items()]
    header = YUAN_HEADERS if yuan else NAMES
    data = (",".join(header) + "\n" + ",".join(row)).encode()
    bad = refused(data)
    assert [error.row for error in bad.errors] == [2] and "金额" in bad.errors[0].problem
    line: list[Any] = yuan_row(case()) if yuan else list(case().values())
    line[NAMES.index("patient_fen")] = text
    assert refused(xlsx_of([header, line]), "a.xlsx").errors


def test_every_error_comes_at_once_and_nothing_is_imported() -> None:
    rows = [case("C1", patient_fen="x"), case("C1", pool="employee"), reversal("C3", "C3"), case("C4"),
            case("C5", weight="y", category="z")]
    bad = refused(csv_of(*rows))
    assert [(error.row, error.column) for error in bad.errors if error.column in
            ("patient_fen", "claim_id", "pool", "reverses", "weight", "category")] == [
        (2, "patient_fen"), (3, "pool"), (3, "claim_id"), (4, "reverses"), (6, "category"), (6, "weight")]
    assert bad.summary == "5 行中 4 行有错，未导入任何数据"


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    header, first, second = csv_of(case("C1"), case("C2", pool="x")).decode().split("\r\n")
    assert refused(f"{header}\n{first}\n\n,,,\n{second}\n".encode()).errors[0].row == 5
    lines = [NAMES, list(case("C1").values()), [], list(case("C2", pool="x").values())]
    assert refused(xlsx_of(lines), "a.xlsx").errors[0].row == 4


def test_reversals_name_a_claim_once() -> None:
    assert len(accepted(csv_of(reversal("R1", "OLD")), known=frozenset({"OLD"})).rows) == 1
    assert len(accepted(csv_of(reversal("R1", "C1"), case("C1"))).rows) == 2
    for rows, words in [
        ([reversal("R1", "GHOST")], "被冲正的结算流水号不存在"),
        ([reversal("R1", "R1")], "被冲正的结算流水号不存在"),
        ([case("C1"), reversal("R1", "C1"), reversal("R2", "C1")], "与第 3 行冲正同一条结算"),
        ([case("C1"), reversal("R1", "C1"), reversal("R2", "R1")], "不能冲正一条冲正"),
    ]:
        assert words in refused(csv_of(*rows)).errors[0].problem
    with pytest.raises(Exception, match="未导入"):
        read(csv_of(reversal("R1", "OLD")), "a.csv", expected=EXPECTED, known_rows=None)


def test_a_claim_repeated_is_refused_even_when_its_first_row_is_bad() -> None:
    bad = refused(csv_of(case("C1", weight="bad"), case("C1")))
    assert "与第 2 行重复" in bad.errors[-1].problem and bad.errors[-1].row == 3


def test_headers_unknown_repeated_missing_and_cells_without_one() -> None:
    assert "不认识的列" in refused(csv_of(case(), headers=[*NAMES[:-1], "surprise"])).errors[0].problem
    assert "列重复" in refused(csv_of(case(), headers=[*NAMES[:-1], "provider"])).errors[0].problem
    missing = refused(csv_of(case(), headers=["备注", *NAMES[1:]])).errors[0]
    assert "缺少“结算流水号”列" in missing.problem
    bad = refused(csv_of(case()) + b",stray")
    assert "单元格没有对应的表头" in bad.errors[0].problem
    assert "只有表头" in refused(csv_of()).errors[0].problem


def test_away_and_excluded_providers_are_told_apart() -> None:
    away = case(provider="CITY-9", weight="", standard_fen="")
    assert accepted(csv_of(away)).rows
    wider = Expected("A", "resident", "2026-03", EXPECTED.members, frozenset({"PRIVATE-1"}))
    assert accepted(csv_of(case(provider="PRIVATE-1", insured_consortium="")), expected=wider).rows


def _entry(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def _sheet(data: bytes) -> bytes:
    return _entry(data, "xl/worksheets/sheet1.xml")


BAD_TEXTS = [
    ("empty", b"", "a.csv", "空的"),
    ("html as csv", b"<html><body>1</body></html>", "a.csv", "网页"),
    ("html as xlsx", b"<table>1</table>", "a.xlsx", "不是 Excel 工作簿"),
    ("pdf as csv", b"%PDF-1.7 ...", "a.csv", "PDF"),
    ("pdf as xlsx", b"%PDF-1.7 ...", "a.xlsx", "不是 Excel 工作簿"),
    ("csv as xlsx", csv_of(case()), "a.xlsx", "不是 Excel 工作簿"),
    ("xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "a.xls", "只接受"),
    ("no extension", csv_of(case()), "claims", "只接受"),
    ("too large", b"a" * (20 * 2**20 + 1), "a.csv", "20 MB"),
    ("NUL", csv_of(case()) + b"\x00", "a.csv", "空字节"),
    ("utf-16 csv", csv_of(case()).decode().encode("utf-16"), "a.csv", "空字节"),
    ("no encoding", b"claim_id\n\xff\xff\xff", "a.csv", "GB18030"),
    ("quotes", b'claim_id,"provider\n1', "a.csv", "引号"),
]


def _bad_workbooks() -> list[tuple[str, bytes, str, str]]:
    good = xlsx_of([NAMES, list(case().values())])
    sheet = _sheet(good)
    plain_zip = io.BytesIO()
    with zipfile.ZipFile(plain_zip, "w") as archive:
        archive.writestr("a.txt", "hello")
    many = rezipped(good, {f"xl/media/{number}.bin": b"x" for number in range(1_001)})
    bomb = rezipped(good, {"xl/media/bomb.bin": b"\x00" * 30_000_000})
    formula = sheet.replace(b"</sheetData>", b'<row r="3"><c r="B3"><f>1+1</f><v>2</v></c></row></sheetData>')
    far = sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>')
    entity = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + sheet
    elsewhere = {"xl/odd.bin": formula, "xl/_rels/workbook.xml.rels":
                 _entry(good, "xl/_rels/workbook.xml.rels").replace(b"worksheets/sheet1.xml", b"odd.bin")}
    lying = bomb.replace(struct.pack("<L", 30_000_000), struct.pack("<L", 1_000))
    half = good[: len(good) // 2]
    return [
        ("xlsx as csv", good, "a.csv", "Excel 工作簿，不是 CSV"),
        ("xlsm", good, "a.xlsm", "只接受"),
        ("macros", rezipped(good, {"xl/vbaProject.bin": b"x"}), "a.xlsx", "带宏"),
        ("plain zip", plain_zip.getvalue(), "a.xlsx", "不是 Excel 工作簿"),
        ("half a file", half, "a.xlsx", "不是 Excel 工作簿"),
        ("many entries", many, "a.xlsx", "超过 1000"),
        ("bomb", bomb, "a.xlsx", "解压后过大"),
        ("bomb with a false size", lying, "a.xlsx", "不是 Excel 工作簿"),
        ("entity", rezipped(good, {"xl/worksheets/sheet1.xml": entity}), "a.xlsx", "XML 声明"),
        ("utf-16 sheet", rezipped(good, {"xl/worksheets/sheet1.xml": sheet.decode().encode("utf-16")}), "a.xlsx", "编码"),
        ("far cell", rezipped(good, {"xl/worksheets/sheet1.xml": far}), "a.xlsx", "超出 52 列"),
        ("path", rezipped(good, {"../../evil": b"x"}), "a.xlsx", "不是 Excel 工作簿"),
        ("formula", rezipped(good, {"xl/worksheets/sheet1.xml": formula}), "a.xlsx", "公式"),
        ("formula elsewhere", rezipped(good, elsewhere), "a.xlsx", "公式"),
        ("broken sheet", rezipped(good, {"xl/workbook.xml": b"<workbook"}), "a.xlsx", "无法读取"),
    ]


@pytest.mark.parametrize(
    ("data", "filename", "words"), [pytest.param(*bad[1:], id=bad[0]) for bad in BAD_TEXTS + _bad_workbooks()])
def test_a_file_that_is_not_what_it_claims_is_refused(data: bytes, filename: str, words: str) -> None:
    assert words in refused(data, filename).errors[0].problem


def test_a_formula_is_named_by_its_cell() -> None:
    good = xlsx_of([NAMES, list(case().values())])
    row = b'<row r="3"><c r="A3"><v>1</v></c><c r="T3" t="str"><f>SUM(A1)</f><v>2</v></c></row></sheetData>'
    bad = refused(rezipped(good, {"xl/worksheets/sheet1.xml": _sheet(good).replace(b"</sheetData>", row)}), "a.xlsx")
    assert (bad.errors[0].row, bad.errors[0].column) == (3, "T")
