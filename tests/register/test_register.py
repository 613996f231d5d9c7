"""The register of insured people: all or nothing, two people, counts that add up, and no identifier kept anywhere."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import duckdb
import openpyxl
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from governance.refusal import Refused
from governance.roles import Role
from tests.register.registers import CANARY, HEADER, OTHER, PLACE, SECRET, csv_of, open_desk, person, row
from workflow.db import metadata, reading, writing
from workflow.organisations.model import insured_counts
from workflow.register import storing
from workflow.register.model import register_files
from workflow.register.reading import keyed


def counts(engine: Engine, period: str) -> dict[str, int]:
    with reading(engine) as connection:
        found = select(insured_counts.c.pool, insured_counts.c.consortium_id, insured_counts.c.heads)
        rows = connection.execute(found.where(insured_counts.c.period == period)).all()
    return {f"{one.pool}-{one.consortium_id}": one.heads for one in rows}


def body(engine: Engine, file: int) -> dict[str, dict[str, int]]:
    with reading(engine) as connection:
        told = json.loads(connection.scalar(select(register_files.c.body).where(register_files.c.id == file)))
    return {one["consortium"]: one for one in told["counts"]}


def test_counts_come_from_a_file_that_two_people_stand_for(engine: Engine) -> None:
    desk = open_desk(engine)
    file = desk.bring(csv_of(row(person(1)), row(person(2)), row(person(3), "sample-b", pool="职工")))
    assert counts(engine, "2026-01") == {}
    for by, words in ((desk.county.actor(Role.AGENCY_CLERK).person_id, "两人"),):
        with pytest.raises(Refused, match=words):
            desk.answer(file, by=by)
    with pytest.raises(Refused, match="原因"):
        desk.answer(file, "refused")
    desk.answer(file)
    assert sorted(counts(engine, "2026-01").values()) == [1, 2]
    with reading(engine) as connection:
        source = connection.scalar(select(insured_counts.c.source).where(insured_counts.c.heads == 2))
        assert source == "sha256:" + connection.scalar(select(register_files.c.sha256))
    with pytest.raises(Refused, match="已经办理过"):
        desk.answer(file)


def test_changes_add_up_to_the_difference(engine: Engine) -> None:
    desk = open_desk(engine)
    desk.confirmed(csv_of(*(row(person(number)) for number in range(1, 7)), row(person(7), "sample-b")))
    here = {"since": "2026-02-10"}
    gone = {"until": "2026-02-09"}
    file = desk.bring(
        csv_of(
            row(person(1)), row(person(2)), row(person(3), change="death", **gone), row(person(4), change="迁出", **gone),
            row(person(5), change="leave", **gone), row(person(5), "sample-b", change="move_in", **here),
            row(person(6)), row(person(7), "sample-b"), row(person(8), change="birth", **here),
            row(person(9), change="新参保", **here),
        ),
        "2026-02",
    )  # fmt: skip
    told = body(engine, file)
    assert told["sample-a"] == {
        "consortium": "sample-a", "pool": "resident", "heads": 5, "before": 6, "birth": 1, "move_in": 0, "enrol": 1,
        "death": 1, "move_out": 1, "leave": 1,
    }  # fmt: skip
    assert told["sample-b"]["heads"] == 2 and told["sample-b"]["move_in"] == 1


def test_a_change_without_its_reason_is_refused(engine: Engine) -> None:
    desk = open_desk(engine)
    desk.confirmed(csv_of(row(person(1)), row(person(2))))
    with pytest.raises(Refused) as refused:
        desk.bring(csv_of(row(person(1)), row(person(3))), "2026-02")
    said = [str(one.reason) for one in refused.value.refusals]
    assert "第 3 行“变动”" in said[0] and "上期在册的 1 人" in said[1]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((row(person(1)), row(person(1), "sample-b")), "第 3 行“参保人标识”：与第 2 行是同一人、同一险种，却属于两个医共体"),
        ((row(person(1)), row(person(1))), "重复登记"),
        ((row("张三"),), "第 2 行“参保人标识”"),
        ((row("4.30102E+17"),), "科学计数"),
        ((row(person(1)), row("ab" * 32)), "统一用一种"),
        ((row(person(1), pool="farmers"),), "第 2 行“险种”"),
        ((row(person(1), "nobody"),), "没有这个代码"),
        ((row(person(1), "sample-c"),), "没有这个代码"),
        ((row(person(1), county="cn-hunan"),), "县区代码"),
        ((row(person(1), since="2026-02-01"),), "晚于本期"),
        ((row(person(1), since="2026-13-01"),), "日期"),
        ((row(person(1), until="2019-01-01"),), "早于起始日"),
        ((row(person(1), until="2025-12-31"),), "早于本期"),
        ((row(person(1), until="2026-01-20"),), "须写明死亡"),
        ((row(person(1), change="death"),), "本期内的截止日"),
        ((row(person(1), change="flown"),), "第 2 行“变动”"),
        ((row(person(1)) + ",张三",), "没有对应的表头"),
        ((), "没有数据行"),
    ],
)  # fmt: skip
def test_a_wrong_file_leaves_nothing(engine: Engine, register_folder: Path, rows: tuple[str, ...], words: str) -> None:
    desk = open_desk(engine)
    with pytest.raises(Refused, match=words) as refused:
        desk.bring(csv_of(*rows))
    assert person(1) not in str(refused.value.refusals) and "张三" not in str(refused.value.refusals)
    assert not register_folder.exists()
    with reading(engine) as connection:
        assert connection.execute(select(register_files)).all() == []


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "r.csv", "空的"), (b"PAR1 no PAR1", "r.parquet", "Parquet"), (b"x", "r.parquet", "Parquet"),
        (b"%PDF-1.7", "r.csv", "不是 CSV"), (csv_of(), "r.exe", "只接受"), (b"a,b\n1,2\n", "r.csv", "缺少这些列"),
        ((HEADER + ",name\n").encode(), "r.csv", "第 8 列不是名册的列"),
        (f"{CANARY},{CANARY}\n".encode(), "r.csv", "第 1 列不是名册的列"),
    ],
)  # fmt: skip
def test_what_is_no_register_is_refused(engine: Engine, content: bytes, name: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        open_desk(engine).bring(content, name=name)
    assert CANARY not in str(refused.value.refusals)


def test_the_same_again_is_refused_and_another_waits(engine: Engine, register_folder: Path) -> None:
    desk = open_desk(engine)
    first, second = csv_of(row(person(1)), row(person(2))), csv_of(row(person(2)))
    file = desk.bring(first)
    with pytest.raises(Refused, match="待确认"):
        desk.bring(second)
    assert len(list(register_folder.rglob("*.parquet"))) == 1
    desk.answer(file)
    with pytest.raises(Refused, match="完全相同"):
        desk.bring(csv_of(row(person(2)), row(person(1))))
    desk.confirmed(second)
    assert list(counts(engine, "2026-01").values()) == [1]


def test_nobody_is_in_two_places(engine: Engine) -> None:
    desk = open_desk(engine)
    desk.bring(csv_of(row(person(1))))
    both = csv_of(row(person(2), "sample-c", county=OTHER), row(person(1), "sample-c", county=OTHER))
    with pytest.raises(Refused, match=r"第 3 行.*同期已在.*北河"):
        desk.bring(both, place=OTHER)
    desk.bring(both, "2026-02", place=OTHER)


def test_every_format_says_the_same(engine: Engine, tmp_path: Path) -> None:
    desk = open_desk(engine)
    rows = [row(person(1)), row(person(2), until="2026-01-20", change="death")]
    book = openpyxl.Workbook()
    for line in (HEADER, *rows):
        book.active.append([cell or None for cell in line.split(",")])
    sheet = io.BytesIO()
    book.save(sheet)
    path = tmp_path / "given.parquet"
    (tmp_path / "given.csv").write_bytes(csv_of(*rows))
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{tmp_path}/given.csv', types={{'person': 'VARCHAR'}})) TO '{path}'")
    found = set()
    for content, name in ((csv_of(*rows), "r.csv"), (sheet.getvalue(), "r.xlsx"), (path.read_bytes(), "r.parquet")):
        file = desk.bring(content, name=name)
        desk.answer(file, "refused", note="样例")
        with reading(engine) as connection:
            found.add(connection.scalar(select(register_files.c.sha256).where(register_files.c.id == file)))
    assert len(found) == 1


def test_no_identifier_is_kept_anywhere(engine: Engine, tmp_path: Path, register_folder: Path) -> None:
    desk = open_desk(engine)
    desk.confirmed(csv_of(row(CANARY)))
    (kept,) = [path for path in register_folder.rglob("*") if path.is_file()]
    rows = duckdb.sql(f"SELECT * FROM read_parquet('{kept}')").fetchall()
    assert rows[0][0] == keyed(SECRET, CANARY) and CANARY not in str(rows)
    assert kept.stem == storing.content_sha256(kept)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
    with reading(engine) as connection:
        for table in metadata.sorted_tables:
            assert CANARY not in str(connection.execute(select(table)).all()), table.name


def test_a_changed_file_is_not_confirmed(engine: Engine, register_folder: Path) -> None:
    desk = open_desk(engine)
    file = desk.bring(csv_of(row(person(1))))
    (kept,) = register_folder.rglob("*.parquet")
    kept.chmod(0o644)
    other = f"SELECT 'x' AS person, * EXCLUDE person FROM read_parquet('{kept}')"
    duckdb.sql(f"COPY ({other}) TO '{kept}.new' (FORMAT parquet)")
    Path(f"{kept}.new").replace(kept)
    with pytest.raises(Refused, match="已被改动"):
        desk.answer(file)
    kept.write_bytes(b"PAR1")
    with pytest.raises(Refused, match="已被改动"):
        desk.answer(file)
    kept.unlink()
    with pytest.raises(Refused, match="从备份恢复"):
        desk.answer(file)


def test_the_database_itself_keeps_files_and_the_two_people(engine: Engine) -> None:
    desk = open_desk(engine)
    file = desk.bring(csv_of(row(person(1))))
    clerk = desk.county.actor(Role.AGENCY_CLERK).person_id
    for statement in (
        "UPDATE register_files SET period = '2030'", "DELETE FROM register_files",
        "INSERT INTO register_file_answers (file_id, imported_by, verdict, person_id, note, at)"
        f" VALUES ({file}, {clerk}, 'confirmed', {clerk}, '', 'x')",
    ):  # fmt: skip
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(text(statement))


def test_a_hundred_thousand_rows_are_quick(sqlite_url: str) -> None:
    from workflow.db import make_engine

    engine = make_engine(sqlite_url)
    desk = open_desk(engine)
    content = csv_of(*(row(f"{number:018d}", "sample-a" if number % 3 else "sample-b") for number in range(100_000)))
    started = time.perf_counter()
    desk.confirmed(content)
    assert time.perf_counter() - started < 15
    assert sorted(counts(engine, "2026-01").values()) == [33_334, 66_666]
    engine.dispose()


def test_the_place_is_one_of_the_office(engine: Engine) -> None:
    from workflow.lifecycle import NotFound

    with pytest.raises(NotFound):
        open_desk(engine).bring(csv_of(row(person(1))), place="demo-suixi")
    assert PLACE != OTHER
