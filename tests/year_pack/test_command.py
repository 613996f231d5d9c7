"""``flask year-pack``: the workbook it writes, and what it says in Chinese where it writes none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from tests.clearing.clearings import Desk
from workflow import create_app


def run(engine: Engine, target: Path, *, place: str, year: str = "2025") -> Any:
    """The command on the test's database."""
    app = create_app({
        "DATABASE_URL": engine.url.render_as_string(hide_password=False), "TESTING": True, "SECRET_KEY": "k" * 40,
    })  # fmt: skip
    answer = app.test_cli_runner().invoke(args=["year-pack", "--place", place, "--year", year, str(target)])
    app.extensions["gongzhi.engine"].dispose()
    return answer


@pytest.mark.parametrize(
    ("place", "year", "says"),
    [
        ("no-such-city", "2025", "没有代码为“no-such-city”的地区"),
        ("", "25", "“25”不是年度"),
        ("", "二〇二五", "请填四位年度"),
        ("", "２０２５", "请填四位年度"),
        ("", "2019", "2019 年没有任何预算、结算或清算"),
        ("demo-suixi", "2025", "请核对地区和年度"),
    ],
)
def test_bad_input_is_said_in_chinese_and_writes_nothing(
    engine: Engine, tmp_path: Path, place: str, year: str, says: str
) -> None:
    desk = Desk(engine)
    answer = run(engine, tmp_path / "pack.xlsx", place=place or desk.county.place, year=year)
    assert answer.exit_code != 0 and says in answer.output, answer.output
    assert "Traceback" not in answer.output and not list(tmp_path.glob("*.xlsx"))


def test_a_year_that_is_not_cleared_is_written_and_told(engine: Engine, tmp_path: Path) -> None:
    desk, target = Desk(engine), tmp_path / "pack.xlsx"
    answer = run(engine, target, place=desk.county.place)
    assert answer.exit_code == 0 and "年度清算有 1 项还没有审批" in answer.output
    assert load_workbook(io.BytesIO(target.read_bytes())).sheetnames == ["执行", "各月", "清算", "留用", "分配"]


def test_a_cleared_year_is_written_without_a_word_of_warning(engine: Engine, tmp_path: Path) -> None:
    desk, target = Desk(engine), tmp_path / "pack.xlsx"
    desk.approved()
    answer = run(engine, target, place=desk.county.place)
    assert answer.exit_code == 0 and "注意" not in answer.output and "清算：1 行，未定 0 行" in answer.output
