"""Raw SQL against what may not change: refused by the database itself, on both kinds, and nothing differs after."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tests.faults.guarded_rows import (
    AT,
    CITATIONS,
    CITING,
    LATER_ATTACKS,
    LATER_REPLACEMENTS,
    RECORD,
    ROWS,
    SEAL,
    SUBJECT,
)
from workflow.db import metadata, reading, writing
from workflow.guards import GUARDED, manifest, missing

ATTACKS = (
    "UPDATE records SET body = '{\"forged\":1}' WHERE seq = 1",
    "UPDATE records SET prev_hash = '', hash = 'h' WHERE seq = 2",
    "UPDATE records SET case_id = case_id",
    "DELETE FROM records",
    "DELETE FROM records WHERE seq = 2",
    f"{RECORD} (1, 4, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h2', 'h4')",
    f"{RECORD} (1, 3, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h1', 'h3')",
    f"{RECORD} (1, 2, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h1', 'h2')",
    f"{RECORD} (1, 0, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', '', 'h0')",
    f"{RECORD} (1, 3, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h2', 'h3'),"
    f" (1, 4, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h2', 'h4')",
    "UPDATE decisions SET verdict = 'agree'",
    "UPDATE decisions SET person_id = 2",
    "DELETE FROM decisions",
    "UPDATE dossiers SET body = '{\"amount\":1}'",
    "DELETE FROM dossiers",
    "UPDATE worksheets SET body = '{}', sha256 = 'y'",
    "DELETE FROM worksheets",
    "UPDATE attachments SET sha256 = 'y'",
    "DELETE FROM attachments",
    "UPDATE case_actors SET duty = 'pay'",
    "DELETE FROM case_actors",
    "UPDATE round_seats SET eligible = '[1,2]'",
    "UPDATE round_seats SET chain = '[]'",
    "DELETE FROM round_seats",
    "UPDATE rounds SET subject_hash = 'other' WHERE round_no = 2",
    "UPDATE rounds SET ballot = 'easier' WHERE round_no = 2",
    "UPDATE rounds SET opened_at = '2020-01-01T00:00:00.000000Z' WHERE round_no = 2",
    "UPDATE rounds SET round_no = 9 WHERE round_no = 2",
    "UPDATE rounds SET outcome = 'passed' WHERE round_no = 1",
    "UPDATE rounds SET outcome = 'open', closed_at = NULL WHERE round_no = 1",
    "DELETE FROM rounds WHERE round_no = 2",
    "UPDATE cases SET stage = 'surplus_plan'",
    "UPDATE cases SET consortium_id = consortium_id + 1",
    "UPDATE cases SET pool = 'employee'",
    "UPDATE cases SET period = '2027', serial = 2",
    "UPDATE cases SET record_seq = 1, record_hash = 'h1'",
    "DELETE FROM cases",
    "UPDATE postings SET fen = fen * 2",
    "UPDATE postings SET party = 'thief' WHERE journal_id = 1 AND line = 2",
    "DELETE FROM postings WHERE journal_id = 1",
    "DELETE FROM postings WHERE journal_id = 2",
    "INSERT INTO postings (journal_id, line, account, party, fen) VALUES (1, 3, 'cash', '', 5)",
    "INSERT INTO postings (journal_id, line, account, party, fen) VALUES (99, 1, 'cash', '', 5)",
    "INSERT INTO postings (journal_id, line, account, party, fen) VALUES (2, 2, 'cash', '', 0)",
    "UPDATE journals SET sealed = 0 WHERE id = 1",
    "UPDATE journals SET sealed = 1 WHERE id = 1",
    "UPDATE journals SET memo = 'other' WHERE id = 1",
    "UPDATE journals SET number = 9 WHERE id = 2",
    "UPDATE journals SET sealed = 1 WHERE id = 2",
    "DELETE FROM journals WHERE id = 2",
    "INSERT INTO journals (id, book, year, number, biz_key, case_id, memo, at, sealed)"
    f" VALUES (50, 'fund', 2026, 3, 'k3', 1, 'm', '{AT}', 1)",
    "INSERT INTO journals (id, book, year, number, biz_key, case_id, memo, at, sealed)"
    f" VALUES (51, 'fund', 2026, 3, 'k1', 1, 'm', '{AT}', 0)",
    "UPDATE answers SET answer = '{\"paid\":1}'",
    "UPDATE answers SET answer = '', body_hash = 'x'",
    "DELETE FROM answers",
    "UPDATE admin_records SET person_id = 2",
    "UPDATE admin_records SET body = '{\"role\":\"auditor\"}'",
    "DELETE FROM admin_records",
    "UPDATE seals SET merkle_root = 'forged'",
    "DELETE FROM seals WHERE day = '2026-03-02'",
    f"{SEAL} ('2026-03-03', '{AT}', 3, 2, 1, 'c', 'r1', 's3', 's4')",
    f"{SEAL} ('2026-03-03', '{AT}', 9, 9, 1, 'c', 'r1', 's2', 's4')",
    "UPDATE seal_heads SET hash = 'forged'",
    "DELETE FROM seal_heads",
    *LATER_ATTACKS,
)

ONLY_SQLITE = (
    "REPLACE INTO seals SELECT day, at, first, last, heads, changes, 'forged', prev_seal_hash, hash FROM seals",
    "INSERT OR REPLACE INTO seal_heads SELECT case_id, seq, day, 'forged' FROM seal_heads",
    f"INSERT OR REPLACE INTO records SELECT case_id, seq, '{AT}', person_id, organisation_id, role, 'forged',"
    " from_state, to_state, body, prev_hash, hash FROM records",
    "INSERT OR REPLACE INTO decisions SELECT id, case_id, round_no, link, seat_key, organisation_id, person_id,"
    " seat_id, duty, subject_hash, 'agree', opinion, details, at, for_person_id, paper_id FROM decisions",
    "INSERT OR REPLACE INTO decisions SELECT 77, case_id, round_no, link, seat_key, organisation_id, person_id,"
    " seat_id, duty, subject_hash, 'agree', opinion, details, at, for_person_id, paper_id FROM decisions",
    "REPLACE INTO dossiers SELECT case_id, version, '{\"amount\":1}', sha256, at, person_id FROM dossiers",
    "REPLACE INTO worksheets SELECT case_id, version, sheet, place, day, book_digest, facts, agreement, 'x', sha256,"
    " at FROM worksheets",
    "REPLACE INTO case_actors VALUES (1, 1, 'pay')",
    "REPLACE INTO round_seats VALUES (1, 1, 'o', 1, '样例', '[1,2]', '')",
    "REPLACE INTO postings VALUES (1, 1, 'cash', '', 999)",
    "REPLACE INTO postings VALUES (2, 1, 'cash', '', 999)",
    f"REPLACE INTO journals VALUES (1, 'fund', 2026, 1, 'k1', 1, 'other', '{AT}', 0)",
    f"REPLACE INTO journals VALUES (77, 'fund', 2026, 7, 'k1', 1, 'other', '{AT}', 0)",
    f"REPLACE INTO journals VALUES (77, 'fund', 2026, 1, 'k77', 1, 'other', '{AT}', 0)",
    f"REPLACE INTO rounds VALUES (1, 1, 'b', '{SUBJECT}', 1, 'passed', '{AT}', '{AT}')",
    "REPLACE INTO cases SELECT id, 'surplus_plan', consortium_id, place, pool, period, 9, state, revision, since,"
    " dossier_version, subject_hash, progress, amount_fen, record_seq, record_hash, opened_at, closed_at, follows_id,"
    " definition FROM cases",
    f"REPLACE INTO admin_records VALUES (1, '{AT}', 2, 'grant_seat', '{{}}')",
    "UPDATE OR REPLACE journals SET number = 1 WHERE id = 2",
    "UPDATE OR REPLACE rounds SET round_no = 1 WHERE round_no = 2",
    *LATER_REPLACEMENTS,
)

SHADOW = (
    "CREATE TEMP TABLE journals (LIKE public.journals); INSERT INTO pg_temp.journals SELECT * FROM public.journals;"
    " UPDATE pg_temp.journals SET sealed = 0;"
)
ONLY_POSTGRESQL = (
    *(f"TRUNCATE {name} CASCADE" for name in GUARDED),
    "TRUNCATE records",
    "SET LOCAL session_replication_role = replica; UPDATE records SET body = 'x'",
    "SET LOCAL session_replication_role = replica; DELETE FROM postings",
    "SET LOCAL session_replication_role = replica; TRUNCATE answers",
    f"{RECORD} (1, 2, '{AT}', 'r', 'forged', 'draft', 'draft', '{{}}', 'h1', 'h2')"
    " ON CONFLICT (case_id, seq) DO UPDATE SET verb = 'forged'",
    "INSERT INTO case_actors VALUES (1, 1, 'pay') ON CONFLICT (case_id, person_id) DO UPDATE SET duty = 'pay'",
    "MERGE INTO answers USING (VALUES (1)) AS one(n) ON true WHEN MATCHED THEN UPDATE SET answer = 'x'",
    "WITH gone AS (DELETE FROM decisions RETURNING 1) SELECT count(*) FROM gone",
    f"{SHADOW} INSERT INTO public.postings (journal_id, line, account, party, fen) VALUES (1, 3, 'cash', '', 5)",
)


@pytest.fixture
def booked(engine: Engine) -> Engine:
    """A database with one of everything that is guarded."""
    with writing(engine) as connection:
        for statement in ROWS:
            connection.exec_driver_sql(statement)
    return engine


def contents(connection: Connection) -> dict[str, list[Any]]:
    """Every row of every guarded table."""
    return {
        name: sorted(map(repr, connection.execute(metadata.tables[name].select()))) for name in (*GUARDED, "vouchers")
    }


@contextmanager
def unchanged(engine: Engine) -> Iterator[None]:
    """What is inside changes no guarded row."""
    with reading(engine) as connection:
        before = contents(connection)
    yield
    with reading(engine) as connection:
        assert contents(connection) == before


def refused(engine: Engine, statement: str) -> bool:
    """Whether the database refuses ``statement``, sent as it stands and committed."""
    try:
        with writing(engine) as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError:
        return True
    return False


def test_no_statement_gets_through(booked: Engine) -> None:
    attacks = ATTACKS + (ONLY_SQLITE if booked.dialect.name == "sqlite" else ONLY_POSTGRESQL)
    with unchanged(booked):
        assert [statement for statement in attacks if not refused(booked, statement)] == []


def test_no_statement_gets_through_a_bare_sqlite_connection(booked: Engine) -> None:
    """Another program opens the file with SQLite's defaults: no foreign keys, no recursive triggers."""
    if booked.dialect.name != "sqlite":
        return
    with unchanged(booked):
        connection = sqlite3.connect(str(booked.url.database), isolation_level=None)
        accepted = accepted_by(connection, ATTACKS + ONLY_SQLITE)
        connection.close()
    assert accepted == []


def accepted_by(connection: sqlite3.Connection, attacks: tuple[str, ...]) -> list[str]:
    """Which of ``attacks`` the database takes; each is undone again."""
    accepted = []
    for statement in attacks:
        connection.execute("SAVEPOINT attack")
        try:
            connection.execute(statement)
            accepted.append(statement)
        except sqlite3.Error:
            pass
        connection.execute("ROLLBACK TO attack")
        connection.execute("RELEASE attack")
    return accepted


def test_each_guard_is_needed(booked: Engine) -> None:
    """Without any one of the triggers some attack gets through, so the attacks try them all."""
    if booked.dialect.name != "sqlite":
        return
    connection = sqlite3.connect(str(booked.url.database), isolation_level=None)
    idle = []
    for name in sorted(manifest("sqlite")):
        connection.execute("BEGIN")
        connection.execute(f"DROP TRIGGER {name}")
        if not accepted_by(connection, ATTACKS + ONLY_SQLITE):
            idle.append(name)
        connection.execute("ROLLBACK")
    connection.close()
    # What is there cannot be written again, because it would not follow the last one either.
    assert idle == ["guard_records__no_replace", "guard_seals__no_replace"]


def test_the_guards_say_why_in_both_languages(booked: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"只增不改.*append-only"), writing(booked) as connection:
        connection.exec_driver_sql("DELETE FROM records")


def test_what_is_allowed_still_works(booked: Engine) -> None:
    with writing(booked) as connection:
        for statement in (
            f"{RECORD} (1, 3, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h2', 'h3'),"
            f" (1, 4, '{AT}', 'r', 'v', 'draft', 'draft', '{{}}', 'h3', 'h4')",
            "UPDATE cases SET state = 'filed', record_seq = 4, record_hash = 'h4', amount_fen = 1",
            f"UPDATE rounds SET outcome = 'passed', closed_at = '{AT}' WHERE round_no = 2",
            "INSERT INTO postings (journal_id, line, account, party, fen) VALUES (2, 2, 'due', '', -7)",
            "UPDATE journals SET sealed = 1 WHERE id = 2",
            f"INSERT INTO answers (key, body_hash, answer, at) VALUES ('n', 'h', '', '{AT}')",
            "UPDATE answers SET answer = '{}' WHERE key = 'n'",
            f"INSERT INTO answers (key, body_hash, answer, at) VALUES ('n', 'h', '', '{AT}') ON CONFLICT DO NOTHING",
            "INSERT INTO case_actors VALUES (1, 1, 'approve') ON CONFLICT DO NOTHING",
            f"UPDATE papers SET state = 'rejected', closed_by = 3, closed_at = '{AT}', reason = '缺章' WHERE id = 1",
            f"{CITING} (2, 1, 1, 'head', 'o', 1, 1, 1, 'approve', '{SUBJECT}', 'agree', '', '{{}}', '{AT}', 2)",
        ):
            connection.exec_driver_sql(statement)


def test_a_decision_cites_only_a_paper_that_its_own_person_signed(booked: Engine) -> None:
    with unchanged(booked):
        for statement in CITATIONS:
            with pytest.raises(DBAPIError, match=r"(?i)foreign key"), writing(booked) as connection:
                connection.exec_driver_sql(statement)


def test_every_guard_stands_and_no_other(engine: Engine) -> None:
    there = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[engine.dialect.name]
    with reading(engine) as connection:
        assert missing(connection) == []
        assert set(connection.scalars(text(there))) == manifest(engine.dialect.name)


def test_a_guard_that_is_gone_or_off_is_missed(engine: Engine) -> None:
    sqlite = engine.dialect.name == "sqlite"
    with writing(engine) as connection:
        if sqlite:
            connection.exec_driver_sql("DROP TRIGGER guard_records__no_update")
            connection.exec_driver_sql("DROP TRIGGER guard_journals__sealing")
        else:
            connection.exec_driver_sql("DROP TRIGGER guard_records__no_update ON records")
            connection.exec_driver_sql("ALTER TABLE journals DISABLE TRIGGER guard_journals__sealing")
    with reading(engine) as connection:
        assert missing(connection) == ["guard_journals__sealing", "guard_records__no_update"]
