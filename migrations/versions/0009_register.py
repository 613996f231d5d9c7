"""Files of the register of insured people: imported by one person, confirmed by another, never changed.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
TITLES = {"register_files": "参保人归属名册", "register_file_answers": "参保人归属名册复核"}
# What has the name of a row already replaces it on SQLite, past the triggers of deletion: refused by the key's name.
SAME_ROW = {"register_files": "id = NEW.id", "register_file_answers": "file_id = NEW.file_id"}


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


def _to(name: str) -> Column[Any]:
    return Column(name, NUMBER, ForeignKey("persons.id"), nullable=False)


def _tables() -> None:
    op.create_table(
        "register_files", Column("id", NUMBER, primary_key=True, autoincrement=True, nullable=False),
        *_text("place", "period", "sha256"), Column("row_count", Integer, nullable=False), *_text("body"),
        _to("imported_by"), *_text("at"), UniqueConstraint("id", "imported_by"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_register_files__place_period", "register_files", ["place", "period"])
    op.create_table(
        "register_file_answers", Column("file_id", NUMBER, nullable=False),
        Column("imported_by", NUMBER, nullable=False), *_text("verdict"), _to("person_id"), *_text("note", "at"),
        PrimaryKeyConstraint("file_id"),
        ForeignKeyConstraint(["file_id", "imported_by"], ["register_files.id", "register_files.imported_by"]),
        CheckConstraint("verdict IN ('confirmed','refused')", name="verdict"),
        CheckConstraint("person_id <> imported_by", name="two_people"),
        sqlite_strict=True,
    )  # fmt: skip


def _guard(table: str, rule: str, refusal: str, *, sqlite: bool) -> None:
    name = f"guard_{table}__no_{rule}"
    if sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {rule.upper()} ON {table} FOR EACH ROW"
            f" BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )
        return
    each = "STATEMENT" if rule == "truncate" else "ROW"
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {rule.upper()} ON {table} FOR EACH {each}"
        f" EXECUTE FUNCTION guard_refuse('{refusal}')"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _guards(*, sqlite: bool) -> None:
    for table, title in TITLES.items():
        refusal = f"{title}只增不改，不能修改、删除或覆盖（{table}）。{table} is append-only."
        for rule in ("delete", "update") if sqlite else ("delete", "update", "truncate"):
            _guard(table, rule, refusal, sqlite=sqlite)
        if sqlite:
            op.execute(
                f"CREATE TRIGGER guard_{table}__no_replace BEFORE INSERT ON {table} FOR EACH ROW"
                f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {SAME_ROW[table]})"
                f" BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )


def upgrade() -> None:
    """The tables and their guards."""
    _tables()
    _guards(sqlite=op.get_bind().dialect.name == "sqlite")


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    for table in ("register_file_answers", "register_files"):
        op.drop_table(table)
