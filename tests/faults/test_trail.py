"""Records edited, removed, moved, added or cut off behind the program's back: the verification names the place.

The triggers that refuse this are dropped first, as an owner of the database could.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text

from tests.kernel.sample_stage import Sample, registered, settle_in
from workflow import records
from workflow.attempt import Case
from workflow.db import canonical, reading, writing
from workflow.model import cases

STEPS = 8


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    with registered():
        yield settle_in(engine)


@pytest.fixture
def trails(sample: Sample) -> list[int]:
    """Three agreed cases of eight records each, in a database without its triggers."""
    numbers = [sample.open_case("under_review") for _ in range(3)]
    for number in numbers:
        sample.opine(number)
        sample.decide(number)
    with writing(sample.engine) as connection:
        drop_triggers(connection)
    return numbers


def drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        for table in ("records", "cases"):
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def found(sample: Sample, case_id: int | None = None) -> list[str]:
    with reading(sample.engine) as connection:
        return records.verify(connection, case_id)


def row(connection: Connection, case_id: int, seq: int) -> Any:
    return connection.execute(
        text("SELECT * FROM records WHERE case_id = :case AND seq = :seq"), {"case": case_id, "seq": seq}
    ).one()


def say(connection: Connection, statement: str, **values: Any) -> None:
    assert connection.execute(text(statement), values).rowcount >= 1


def edit_body(connection: Connection, case_id: int, seq: int) -> None:
    body = json.loads(row(connection, case_id, seq).body)
    body["data"]["verdict"] = "disagree"
    say(connection, "UPDATE records SET body = :body WHERE case_id = :case AND seq = :seq",
        body=canonical(body), case=case_id, seq=seq)  # fmt: skip


def edit_column(connection: Connection, case_id: int, seq: int) -> None:
    say(connection, "UPDATE records SET person_id = NULL, verb = 'paid' WHERE case_id = :case AND seq = :seq",
        case=case_id, seq=seq)  # fmt: skip


def edit_moment(connection: Connection, case_id: int, seq: int) -> None:
    say(connection, "UPDATE records SET at = '2020-01-01T00:00:00.000000Z' WHERE case_id = :case AND seq = :seq",
        case=case_id, seq=seq)  # fmt: skip


def edit_and_rehash(connection: Connection, case_id: int, seq: int) -> None:
    """One record forged with a hash that fits it: the next one, or the case, does not fit any more."""
    one = row(connection, case_id, seq)
    body = json.loads(one.body)
    body["data"]["opinion"] = "同意支付"
    forged = canonical(body)
    say(connection, "UPDATE records SET body = :body, hash = :hash WHERE case_id = :case AND seq = :seq",
        body=forged, hash=records.chain_hash(seq, one.prev_hash, forged), case=case_id, seq=seq)  # fmt: skip


def delete(connection: Connection, case_id: int, seq: int) -> None:
    say(connection, "DELETE FROM records WHERE case_id = :case AND seq = :seq", case=case_id, seq=seq)


def truncate(connection: Connection, case_id: int, seq: int) -> None:
    say(connection, "DELETE FROM records WHERE case_id = :case AND seq >= :seq", case=case_id, seq=seq)


def swap(connection: Connection, case_id: int, seq: int) -> None:
    """Change places with the record before, or with the one after for the first."""
    other = seq - 1 if seq > 1 else seq + 1
    for old, new in ((seq, 1000), (other, seq), (1000, other)):
        say(connection, "UPDATE records SET seq = :new WHERE case_id = :case AND seq = :old",
            new=new, old=old, case=case_id)  # fmt: skip


def insert(connection: Connection, case_id: int, seq: int) -> None:
    """One more record at the end, with a hash that fits."""
    last = row(connection, case_id, STEPS)
    body = json.loads(last.body)
    body["data"]["revision"] += seq
    text_of_it = canonical(body)
    say(
        connection,
        "INSERT INTO records (case_id, seq, at, person_id, organisation_id, role, verb, from_state, to_state, body,"
        " prev_hash, hash) SELECT case_id, seq + 1, at, person_id, organisation_id, role, verb, from_state, to_state,"
        " :body, hash, :hash FROM records WHERE case_id = :case AND seq = :last",
        body=text_of_it, hash=records.chain_hash(STEPS + 1, last.hash, text_of_it), case=case_id, last=STEPS,
    )  # fmt: skip


def move(connection: Connection, case_id: int, seq: int) -> None:
    """A record put into another case."""
    say(connection, "UPDATE records SET case_id = :other, seq = 99 WHERE case_id = :case AND seq = :seq",
        other=case_id + 1 if case_id == 1 else 1, case=case_id, seq=seq)  # fmt: skip


KINDS: tuple[Callable[[Connection, int, int], None], ...] = (
    edit_body, edit_column, edit_moment, edit_and_rehash, delete, truncate, swap, insert, move,
)  # fmt: skip


def test_nothing_is_found_where_nothing_was_done(sample: Sample, trails: list[int]) -> None:
    assert found(sample) == []
    with reading(sample.engine) as connection:
        heads = [Case(*one).record_seq for one in connection.execute(select(cases))]
    assert heads == [STEPS + 0] * 3


@pytest.mark.parametrize("tamper", KINDS, ids=lambda kind: kind.__name__)
def test_tampering_is_named_by_case_and_record(
    sample: Sample, trails: list[int], tamper: Callable[[Connection, int, int], None]
) -> None:
    """At every record of one case, in a transaction that is then undone."""
    case_id = random.Random(tamper.__name__).choice(trails)
    for seq in range(1, STEPS + 1):
        with sample.engine.connect() as connection:
            tamper(connection, case_id, seq)
            told = records.verify(connection)
            alone = records.verify(connection, case_id)
            connection.rollback()
        assert told, f"{tamper.__name__} at record {seq} was not found"
        assert any(f"案件 {case_id} " in one or f"案件 {case_id}：" in one for one in told)
        assert alone
    assert found(sample) == []


def test_a_state_changed_behind_the_records_is_named(sample: Sample, trails: list[int]) -> None:
    with writing(sample.engine) as connection:
        say(connection, "UPDATE cases SET state = 'paid' WHERE id = :case", case=trails[1])
    assert found(sample) == [f"案件 {trails[1]}：状态 paid 与最后一条记录不符"]
    assert found(sample, trails[0]) == []


def test_mutant_that_trusts_the_hashes_it_reads_is_blind_to_a_cut_chain(
    sample: Sample, trails: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the head kept in the case a cut at the end leaves a chain that fits: so the head is compared."""
    with writing(sample.engine) as connection:
        truncate(connection, trails[0], STEPS)
    assert found(sample) == [f"案件 {trails[0]}：链尾与案件不符，末尾记录被删或被加"]
    with writing(sample.engine) as connection:
        last = row(connection, trails[0], STEPS - 1)
        say(connection, "UPDATE cases SET record_seq = :seq, record_hash = :hash, state = :state WHERE id = :case",
            seq=STEPS - 1, hash=last.hash, state=last.to_state, case=trails[0])  # fmt: skip
    assert found(sample) == []
