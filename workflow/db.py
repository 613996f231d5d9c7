"""The database: engine, column types that read the same on SQLite and PostgreSQL, and writing transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "uq": "uq_%(table_name)s__%(column_0_N_name)s",
        "ck": "ck_%(table_name)s__%(constraint_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s__%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer(), "sqlite")
Fen = BigInteger().with_variant(Integer(), "sqlite")


class Day(TypeDecorator[date]):
    """A calendar day of Asia/Shanghai, kept as ``YYYY-MM-DD`` so that it sorts and reads alike everywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Any) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Any) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``; naive datetimes are refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Flag(TypeDecorator[bool]):
    """Yes or no, kept as 1 or 0."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Any) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Any) -> bool | None:
        return None if value is None else bool(value)


def moment_text(at: datetime) -> str:
    """``at`` as the text that is stored; raises ``ValueError`` for a moment without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Any) -> str:
    """The one text of a value of plain data: sorted keys, no spaces, no floats."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key_column(**options: Any) -> Column[int]:
    """The numeric primary key every table with rows of its own carries."""
    return Column("id", Key, primary_key=True, autoincrement=True, **options)


def table(name: str, *columns: Any) -> Table:
    """A table of ours; STRICT on SQLite, so that a wrong type is refused there too."""
    return Table(name, metadata, *columns, sqlite_strict=True)


def make_engine(url: str) -> Engine:
    """An engine for ``url``: SQLite with WAL, full sync and foreign keys, or PostgreSQL through psycopg 3."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if url.startswith("sqlite:///") and ":memory:" not in url:
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    # A database in memory lives in its one connection; everything else has a pool that may overflow.
    pool = {} if url == "sqlite://" else {"max_overflow": 20}
    engine = create_engine(url, pool_pre_ping=url.startswith("postgresql"), **pool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
        "busy_timeout=15000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write: all of it is kept, or none."""
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, undone at its end."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def locking(connection: Connection, statement: Any) -> Any:
    """``statement`` with a row lock where the database has them; SQLite holds its one write lock already."""
    return statement.with_for_update() if connection.dialect.name != "sqlite" else statement


def upgrade(engine: Engine) -> None:
    """Bring the schema of ``engine`` to the newest migration, the calendar to the years that are announced.

    The table of each stage is kept as a new version where it has changed.
    """
    from alembic import command
    from alembic.config import Config

    from workflow import clock, stages
    from workflow.calendar_days import seed_calendar
    from workflow.definitions import versions

    stages.load()
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent.parent / "migrations"))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        seed_calendar(connection)
        versions.record_all(connection, clock.real_now())
