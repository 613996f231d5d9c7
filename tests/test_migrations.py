"""The migrations bring exactly the schema that the program expects, up and down, on both databases, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask_migrate
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, inspect, text

import workflow.accounts.model
import workflow.model
import workflow.organisations.model  # noqa: F401
from workflow import guards
from workflow.banking import accounts, sealing
from workflow.db import make_engine, metadata, reading, upgrade, writing
from workflow.guards import LATER, manifest, missing

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}
UNGUARDED_LATER = {"delegations", "added_seats", "interventions", "drafts", "saved_filters", "notice_marks"}
FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"


def go(engine: Engine, revision: str) -> None:
    """Bring the schema to ``revision``, from above or from below."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        if revision == "head":
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)


def shape(engine: Engine) -> dict[str, Any]:
    """Tables with their columns, keys, constraints and indexes, as the database itself tells them."""
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        seen = inspect(connection)
        for table in seen.get_table_names():
            if table == "alembic_version":
                continue
            found[table] = {
                "columns": [
                    (one["name"], str(one["type"]), one["nullable"], one["default"]) for one in seen.get_columns(table)
                ],
                "key": seen.get_pk_constraint(table),
                "foreign": sorted(seen.get_foreign_keys(table), key=repr),
                "unique": sorted(seen.get_unique_constraints(table), key=repr),
                "checks": sorted(seen.get_check_constraints(table), key=repr),
                "indexes": sorted(seen.get_indexes(table), key=repr),
                "options": seen.get_table_options(table),
            }
    return found


def left_over(engine: Engine) -> list[str]:
    """What a database holds besides the mark of Alembic: tables, triggers, functions."""
    with reading(engine) as connection:
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        names += connection.scalars(text(TRIGGERS[engine.dialect.name]))
        if engine.dialect.name == "postgresql":
            names += connection.scalars(text(FUNCTIONS))
    return names


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a database without a table."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/empty.sqlite")
        yield engine
        engine.dispose()
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.create()
    engine = make_engine(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def test_the_migrations_bring_the_schema_of_the_program(empty: Engine) -> None:
    go(empty, "head")
    migrated = shape(empty)
    go(empty, "base")
    with writing(empty) as connection:
        metadata.create_all(connection)
    assert migrated == shape(empty)
    assert set(migrated) == set(metadata.tables)


def test_every_constraint_has_a_name(engine: Engine) -> None:
    for table, parts in shape(engine).items():
        named = [parts["key"], *parts["foreign"], *parts["unique"], *parts["checks"], *parts["indexes"]]
        assert all(one["name"] for one in named), table
        assert parts["key"]["constrained_columns"], table


def test_every_table_is_strict_on_sqlite(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            strict = connection.execute(text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
            loose = {name for name, is_strict in strict if not is_strict}
        assert loose - {"sqlite_schema", "sqlite_sequence"} == {"alembic_version"}


def test_up_down_and_up_again(empty: Engine) -> None:
    go(empty, "head")
    first = shape(empty)
    go(empty, "0003")
    with reading(empty) as connection:
        later = {name for name, revision in LATER.items() if revision > "0003"}
        assert {name.split("__")[0] for name in missing(connection)} == {f"guard_{name}" for name in later}
    assert set(shape(empty)) == set(metadata.tables) - later - UNGUARDED_LATER
    go(empty, "0002")
    with reading(empty) as connection:
        assert {name.split("__")[0] for name in missing(connection)} == {f"guard_{name}" for name in LATER}
    assert set(shape(empty)) == set(metadata.tables) - LATER.keys() - UNGUARDED_LATER
    go(empty, "0001")
    with reading(empty) as connection:
        assert set(missing(connection)) == manifest(empty.dialect.name)
    assert set(left_over(empty)) == set(metadata.tables) - LATER.keys() - UNGUARDED_LATER
    go(empty, "base")
    assert left_over(empty) == []
    go(empty, "head")
    assert shape(empty) == first
    with reading(empty) as connection:
        assert missing(connection) == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    before = shape(engine)
    upgrade(engine)
    assert shape(engine) == before


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_a_migration_that_leaves_a_guard_out_is_undone(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "OWN_RULES", guards.OWN_RULES | {"guard_records__planted"})
    with pytest.raises(RuntimeError, match="guard_records__planted"):
        upgrade(empty)
    assert left_over(empty) == []


def test_flask_migrate_reaches_the_engine_of_the_application(empty: Engine) -> None:
    app = Flask("sample")
    app.extensions["gongzhi.engine"] = empty
    flask_migrate.Migrate(app, SimpleNamespace(metadata=metadata), directory=str(MIGRATIONS))
    with app.app_context():
        flask_migrate.upgrade()
    with reading(empty) as connection:
        assert missing(connection) == []
    with app.app_context():
        flask_migrate.downgrade(revision="base")
    assert left_over(empty) == []


def test_numbers_stored_in_clear_are_sealed_and_their_bytes_gone(empty: Engine, tmp_path: Path) -> None:
    number = "6228480402564890018"
    go(empty, "head")
    go(empty, "0011")
    with writing(empty) as connection:
        for statement in (
            "INSERT INTO organisations (id, code, name, name_en, kind, place) VALUES (1,'o','样例','o','hospital','p')",
            "INSERT INTO persons (id, login, name, password_hash, demo) VALUES (1, 'a', '甲', '!', 1)",
            "INSERT INTO bank_accounts (id, organisation_id, holder, bank, number, reason, proposed_by, at)"
            f" VALUES (1, 1, '户名', '样例银行', '{number}', '开户', 1, '2026-03-01T01:00:00.000000Z')",
        ):
            connection.execute(text(statement))
    go(empty, "head")
    with reading(empty) as connection:
        assert missing(connection) == []
        row = connection.execute(text("SELECT * FROM bank_account_numbers")).one()
        assert accounts.in_force(connection, [1]) == {}
        account = connection.execute(text("SELECT * FROM bank_accounts")).one()
        held = sealing.Sealed(row.key, row.sealed, row.mark, row.tail)
        assert sealing.opened(held, accounts.bound_to(account)) == number and row.tail == number[-4:]
        assert "number" not in account._mapping and number not in repr(row)
    if empty.dialect.name == "sqlite":
        empty.dispose()
        left = b"".join(one.read_bytes() for one in tmp_path.glob("empty.sqlite*"))
        assert number.encode() not in left
    go(empty, "0011")
    with reading(empty) as connection:
        assert connection.scalar(text("SELECT number FROM bank_accounts")) == number
