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

from migrations.append_only import keep

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


def upgrade() -> None:
    """The tables and their guards."""
    _tables()
    for table, title in TITLES.items():
        keep(table, title, SAME_ROW[table])


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    for table in ("register_file_answers", "register_files"):
        op.drop_table(table)
