"""Rules enacted in this database: data beside the shipped rule books, known to every process with its next transaction.

Each row carries the hash of the one before it. The last hash is kept as a setting: it names the whole list, so that
what was read under it need not be read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Connection, ForeignKey, Integer, PrimaryKeyConstraint, Text, bindparam, column, select
from sqlalchemy import table as named

from governance.rulebook import Book, RuleBook
from governance.rulebook.catalogue import Document
from governance.rulebook.enacting import Enacted, merged
from workflow.db import Day, Flag, Key, Moment, canonical, key_column, table
from workflow.prepared import Prepared

VERSION = "rules.version"
_BOOKS_KEPT = 8
_FIELDS = (
    "seq", "case_id", "place", "rule", "since", "value", "status", "document", "document_title", "issuer", "issued_on",
    "clause", "says", "known_since", "backwards", "scan_sha256", "impact_sha256", "person_id",
)  # fmt: skip

enacted_rules = table(
    "enacted_rules",
    key_column(),
    Column("seq", Integer, nullable=False, unique=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False, unique=True),
    Column("place", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("since", Day, nullable=False),
    Column("value", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("document_title", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("issued_on", Day, nullable=False),
    Column("clause", Text, nullable=False),
    Column("says", Text, nullable=False),
    Column("known_since", Day, nullable=False),
    Column("backwards", Flag, nullable=False),
    Column("scan_sha256", Text, nullable=False),
    Column("impact_sha256", Text, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

rule_impacts = table(
    "rule_impacts",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_id", "version"),
)

# The settings by their bare names: the module of tables imports this one.
_SETTINGS = named("settings", column("name"), column("value"))
_VERSION = Prepared(select(_SETTINGS.c.value).where(_SETTINGS.c.name == bindparam("name")))
_books: dict[str, RuleBook] = {}
_compared: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class Broken(RuntimeError):
    """What is kept as enacted is not what was enacted: the hashes do not join."""


def book_of(connection: Connection, shipped: RuleBook) -> RuleBook:
    """``shipped`` with what this database has enacted; the stored version is compared once a transaction.

    Raises ``Broken`` when the rows were changed behind the house's back, BadRules when they no longer agree with what
    is shipped.
    """
    version = version_of(connection)
    if not version:
        return shipped
    found = _books.get(version)
    return _merged(shipped, checked(connection, version)) if found is None else found


def books_since(connection: Connection, shipped: RuleBook, at: datetime) -> Iterator[RuleBook]:
    """The rule books this database has had: the one in force at ``at`` first, then earlier and later ones.

    Raises ``Broken`` and BadRules as ``book_of`` does.
    """
    version = version_of(connection)
    rows = checked(connection, version) if version else []
    known = sum(row.at <= at for row in rows)
    for count in sorted(range(len(rows) + 1), key=lambda number: abs(number - known)):
        yield _merged(shipped, rows[:count])


def book_of_its_time(
    connection: Connection, shipped: RuleBook, *, place: str, day: date, digest: str, at: datetime,
    agreement: Mapping[str, Any],
) -> Book:
    """The rules a sheet was calculated by: of those this database had one after the other, the one with its digest.

    Where none has it, the one in force at ``at``, when the sheet was calculated.
    """
    first: Book | None = None
    for held in books_since(connection, shipped, at):
        book = held.at(place).in_force(day, agreement=agreement)
        if book.digest == digest:
            return book
        first = first or book
    assert first is not None, "there is always a rule book as shipped"
    return first


def _merged(shipped: RuleBook, rows: list[Any]) -> RuleBook:
    if not rows:
        return shipped
    version = rows[-1].hash
    if version not in _books:
        if len(_books) >= _BOOKS_KEPT:
            _books.clear()
        _books[version] = merged(shipped, [enacted_from(row) for row in rows])
    return _books[version]


def version_of(connection: Connection) -> str:
    """What names everything enacted in this database; empty while nothing is."""
    transaction = connection.get_transaction()
    if transaction is not None and transaction in _compared:
        return _compared[transaction]
    stored = _VERSION.first(connection, {"name": VERSION})
    version = stored.value if stored else ""
    heed(connection, version)
    return version


def heed(connection: Connection, stored: str) -> None:
    """Take the stored version as compared for this transaction, by whoever has read it along with other settings."""
    transaction = connection.get_transaction()
    if transaction is not None:
        _compared[transaction] = stored


def checked(connection: Connection, version: str) -> list[Any]:
    """Every enacted row in its order; raises ``Broken`` unless each joins the one before, up to ``version``."""
    rows = list(connection.execute(select(enacted_rules).order_by(enacted_rules.c.seq)))
    before = ""
    for row in rows:
        if row.prev_hash != before or row.hash != row_hash(before, row._mapping):
            raise Broken(f"已发布规则第 {row.seq} 条与其哈希不符 (enacted rule {row.seq} does not match its hash)")
        before = row.hash
    if before != version:
        raise Broken("已发布规则的末条与登记的版本不符 (the last enacted rule is not the version on record)")
    return rows


def problems(connection: Connection) -> list[str]:
    """What of the enacted rules and of the impacts kept is not as it was enacted, in words; empty when all is."""
    found = []
    try:
        checked(connection, version_of(connection))
    except Broken as broken:
        found.append(str(broken))
    columns = rule_impacts.c
    for row in connection.execute(select(columns.case_id, columns.version, columns.body, columns.sha256)):
        if hashlib.sha256(row.body.encode()).hexdigest() != row.sha256:
            found.append(f"案件 {row.case_id} 影响测算第 {row.version} 版：内容与哈希不符")
    return found


def row_hash(before: str, values: Mapping[str, Any]) -> str:
    """The hash that ties an enacted rule to the one before it."""
    told = {name: _plain(values[name]) for name in _FIELDS}
    return hashlib.sha256(f"enacted_rules/v1|{before}|{canonical(told)}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def enacted_from(row: Any) -> Enacted:
    """An enacted row as the rule books take it."""
    document = Document(row.document, row.document_title, issuer=row.issuer, date=row.issued_on)
    return Enacted(
        row.place, row.rule, row.since, json.loads(row.value), row.status, document, row.clause, row.says,
        row.known_since,
    )


def append(connection: Connection, values: Mapping[str, Any]) -> str:
    """Enact one rule, with ``at`` and every field but the number; returns the new version.

    The setting's row is locked meanwhile, so that two enactments follow each other.
    """
    query = select(_SETTINGS.c.value).where(_SETTINGS.c.name == VERSION)
    if connection.dialect.name != "sqlite":
        query = query.with_for_update()
    before = connection.scalar(query)
    assert before is not None, "the migration lays the setting down"
    last = select(enacted_rules.c.seq).order_by(enacted_rules.c.seq.desc()).limit(1)
    row = {**values, "seq": 1 + (connection.scalar(last) or 0), "prev_hash": before}
    version = row["hash"] = row_hash(before, row)
    connection.execute(enacted_rules.insert(), row)
    connection.execute(_SETTINGS.update().where(_SETTINGS.c.name == VERSION).values(value=version))
    heed(connection, version)
    return version
