"""Whoever owns the database can drop its triggers and make a whole chain fit again; the seals still tell.

Seven kinds of tampering at many random places; each forger knows the algorithm and mends whatever the database holds.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.faults.test_trail import drop_triggers
from tests.kernel.sample_stage import Sample
from workflow import records
from workflow.db import canonical, reading, writing
from workflow.trail import checks, export, sealing, verifier

PLACES = 200 if os.environ.get("FAULTS") == "deep" else 12
Chain = list[dict[str, Any]]


def edited(chain: Chain, place: int, other: Chain) -> Chain:
    chain[place]["body"]["data"]["note"] = "改过"
    return chain


def deleted(chain: Chain, place: int, other: Chain) -> Chain:
    return chain[:place] + chain[place + 1:]


def swapped(chain: Chain, place: int, other: Chain) -> Chain:
    neighbour = place - 1 if place else place + 1
    chain[place], chain[neighbour] = chain[neighbour], chain[place]
    return chain


def inserted(chain: Chain, place: int, other: Chain) -> Chain:
    more = json.loads(json.dumps(chain[place]))
    more["body"]["data"]["note"] = "插入的"
    return [*chain[:place], more, *chain[place:]]


def cut_off(chain: Chain, place: int, other: Chain) -> Chain:
    return chain[:max(place, 1)]


def backdated(chain: Chain, place: int, other: Chain) -> Chain:
    chain[place]["body"]["at"] = "2020-01-01T00:00:00.000000Z"
    return chain


def moved(chain: Chain, place: int, other: Chain) -> Chain:
    chain[place]["body"] = {**other[0]["body"], "case": chain[place]["body"]["case"]}
    return chain


KINDS: tuple[Callable[[Chain, int, Chain], Chain], ...] = (
    edited, deleted, swapped, inserted, cut_off, backdated, moved,
)  # fmt: skip


@pytest.fixture
def open_to_all(sealed: Sample) -> Sample:
    """The sealed cases in a database whose owner has dropped the triggers."""
    with writing(sealed.engine) as connection:
        drop_triggers(connection)
        if connection.dialect.name == "postgresql":
            for table in ("seals", "seal_heads"):
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return sealed


def chain_of(connection: Connection, case_id: int) -> Chain:
    query = text("SELECT * FROM records WHERE case_id = :case ORDER BY seq")
    rows = [dict(row._mapping) for row in connection.execute(query, {"case": case_id})]
    return [{**row, "body": json.loads(row["body"])} for row in rows]


def forge(connection: Connection, case_id: int, chain: Chain) -> None:
    """Write the chain anew with numbers, columns and hashes that fit, and let the case agree."""
    connection.execute(text("DELETE FROM records WHERE case_id = :case"), {"case": case_id})
    prev = ""
    for seq, row in enumerate(chain, start=1):
        body = canonical(row["body"])
        digest = records.chain_hash(seq, prev, body)
        values = {**row, "seq": seq, "body": body, "prev_hash": prev, "hash": digest, "at": row["body"]["at"]}
        for column, key in (("verb", "verb"), ("from_state", "from"), ("to_state", "to"), ("role", "role"),
                            ("person_id", "person"), ("organisation_id", "organisation")):  # fmt: skip
            values[column] = row["body"][key]
        names = ", ".join(values)
        connection.execute(
            text(f"INSERT INTO records ({names}) VALUES ({', '.join(f':{one}' for one in values)})"), values
        )
        prev = digest
    connection.execute(
        text("UPDATE cases SET record_seq = :seq, record_hash = :hash, state = :state WHERE id = :case"),
        {"seq": len(chain), "hash": prev, "state": chain[-1]["body"]["to"], "case": case_id},
    )


def reseal(connection: Connection) -> None:
    """Make the table of seals fit the forged records, as far as the records go."""
    seals = list(sealing.each_seal(connection))
    connection.execute(text("DELETE FROM seal_heads"))
    connection.execute(text("DELETE FROM seals"))
    for seal in seals:
        due = sealing.Due(0, seal["day"], sealing.datetime.fromisoformat(seal["at"]))
        sealing.seal_day(connection, due, due.due_at)


@pytest.mark.parametrize("tamper", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("resealed", [False, True], ids=["records", "records-and-seals"])
def test_a_forgery_that_fits_everywhere_is_found_by_the_seals(
    open_to_all: Sample, tamper: Callable[[Chain, int, Chain], Chain], resealed: bool
) -> None:
    chance = random.Random(tamper.__name__)
    for _ in range(PLACES):
        with open_to_all.engine.connect().execution_options(writing=True) as connection, connection.begin() as undone:
            case_id = chance.choice([1, 2, 3, 4, 5])
            chain, other = chain_of(connection, case_id), chain_of(connection, case_id % 5 + 1)
            place = chance.randrange(len(chain))
            forge(connection, case_id, tamper(chain, place, other))
            assert records.verify(connection) == [], "the forgery fits"
            if resealed:
                reseal(connection)
            told = checks.verify(connection).problems
            undone.rollback()
        assert any(one.startswith((f"案件 {case_id} ", f"案件 {case_id}：")) for one in told), (place, told)
    with reading(open_to_all.engine) as connection:
        left = [one for one in checks.verify(connection).problems if "触发器" not in one]
    assert left == []


SEAL_ATTACKS = (
    ("UPDATE seals SET merkle_root = 'f' WHERE day = '2026-03-04'", "2026-03-04 的封印"),
    ("UPDATE seals SET hash = 'f' WHERE day = '2026-03-07'", "2026-03-07 的封印"),
    ("UPDATE seals SET last = last + 1 WHERE day = '2026-03-03'", "2026-03-03 的封印"),
    ("UPDATE seal_heads SET hash = 'f' WHERE day = '2026-03-04'", "2026-03-04 的封印"),
    ("UPDATE seal_heads SET seq = seq + 100 WHERE day = '2026-03-04'", "2026-03-04 的封印"),
    ("DELETE FROM seal_heads WHERE day = '2026-03-05'", "2026-03-05 的封印"),
)


@pytest.mark.parametrize(("statement", "named"), SEAL_ATTACKS)
def test_an_edited_seal_is_named_by_its_day(open_to_all: Sample, statement: str, named: str) -> None:
    with open_to_all.engine.connect().execution_options(writing=True) as connection, connection.begin() as undone:
        assert connection.execute(text(statement)).rowcount
        told = checks.verify(connection).problems
        undone.rollback()
    assert any(named in one for one in told), told


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-05", "2026-03-07"])
def test_a_deleted_seal_is_named_by_its_day(open_to_all: Sample, day: str) -> None:
    with open_to_all.engine.connect().execution_options(writing=True) as connection, connection.begin() as undone:
        connection.execute(text("DELETE FROM seal_heads WHERE day = :day"), {"day": day})
        connection.execute(text("DELETE FROM seals WHERE day = :day"), {"day": day})
        told = checks.verify(connection).problems
        undone.rollback()
    assert f"{day} 的封印：封印表缺失" in told


def test_an_edited_file_is_named(sealed: Sample, seals_folder: Path) -> None:
    path = seals_folder / "2026.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        day = json.loads(line)["day"]
        for forged in (line.replace('"heads":5', '"heads":4', 1), None, line[:-9]):
            if forged == line:
                continue
            kept = [*lines[:number], *([] if forged is None else [forged]), *lines[number + 1:]]
            path.write_text("\n".join(kept) + "\n", encoding="utf-8")
            with reading(sealed.engine) as connection:
                told = checks.verify(connection).problems
            assert any(day in one for one in told), (number, told)


def test_a_witness_may_be_older_but_not_different(sealed: Sample, seals_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(seals_folder, copy)
    path = copy / "2026.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]), encoding="utf-8")
    with reading(sealed.engine) as connection:
        assert checks.verify(connection, copy).problems == []
        (tmp_path / "empty").mkdir()
        assert checks.verify(connection, tmp_path / "empty").problems != []


def test_the_stand_alone_verifier_finds_the_same_in_an_export(
    open_to_all: Sample, seals_folder: Path, tmp_path: Path
) -> None:
    chance, path = random.Random(3), tmp_path / "export.jsonl"
    for tamper in KINDS:
        with open_to_all.engine.connect().execution_options(writing=True) as connection, connection.begin() as undone:
            case_id = chance.choice([1, 2, 3, 4, 5])
            chain, other = chain_of(connection, case_id), chain_of(connection, case_id % 5 + 1)
            forge(connection, case_id, tamper(chain, chance.randrange(len(chain)), other))
            reseal(connection)
            path.write_text("".join(export.lines(connection)), encoding="utf-8")
            undone.rollback()
        with path.open(encoding="utf-8") as lines:
            told = verifier.Export(seals_folder).read(lines)
        assert any(one.startswith((f"案件 {case_id} ", f"案件 {case_id}：")) for one in told), (tamper, told)
