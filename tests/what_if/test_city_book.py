"""The workbook of one other rule for a whole city: the amounts of the impact, live sums, and words that stay words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine

from tests.rule_change.changing import City, city_with_month, moment
from tests.rule_change.test_rule_change_impact import computed, proposed
from tests.rule_change.test_rule_change_tally import PAYMENT, RULE, files_of
from workflow.what_if.city_book import book_of

DAY = moment("2025-04-16").date()


@pytest.fixture
def city(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> City:
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))
    return city_with_month(engine)


def papers(content: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {paper.title: [list(row) for row in paper.iter_rows(min_row=5, values_only=True)] for paper in book}


def test_each_amount_is_there_and_the_differences_are_live(city: City) -> None:
    found = computed(city, proposed())
    (one,) = found["cases"]
    content = book_of(found, "质量保证金比例", DAY)
    assert content == book_of(found, "质量保证金比例", DAY)
    read = papers(content)
    row, total = read["各医共体"]
    assert (round(row[5] * 100), round(row[6] * 100)) == (one["decided_fen"], one["would_fen"])
    assert row[7] == "=G5-F5" and total[:3:2] == ["合计 total", row[2]]
    assert total[7] == "=SUMIF($C$5:$C$5,$C6,H$5:H$5)"
    (sheet,) = read["逐张"]
    assert sheet[4:5] == [one["case"]] and sheet[7] == "=G5-F5" and sheet[8] is None
    assert len(read["逐行"]) == len(one["lines"]) > 0
    for line, shown in zip(one["lines"], read["逐行"], strict=True):
        if line["was_fen"] is not None:
            assert (round(shown[5] * 100), round(shown[6] * 100)) == (line["was_fen"], line["now_fen"])


def test_nothing_is_an_amount_too(city: City) -> None:
    found = computed(city, proposed("0"))
    amounts = [shown[6] for shown in papers(book_of(found, "质量保证金比例", DAY))["逐行"] if shown[5] is not None]
    assert 0 in amounts and None not in amounts


def test_what_cannot_be_recomputed_is_listed_with_its_reason(city: City) -> None:
    for path in files_of(city):
        path.unlink()
    read = papers(book_of(computed(city, proposed(PAYMENT, rule=RULE)), "支付标准", DAY))
    (sheet,) = read["逐张"]
    assert sheet[6] is None and sheet[7] is None and "不能重算 2025-03，因为" in sheet[8]


def test_words_stay_words(city: City) -> None:
    found = computed(city, proposed())
    found["sums"][0]["name"] = found["cases"][0]["name"] = "=HYPERLINK(1)"
    book = openpyxl.load_workbook(io.BytesIO(book_of(found, "=1+1", DAY)))
    for paper in ("各医共体", "逐张", "逐行"):
        assert book[paper]["A5"].data_type == "s"
