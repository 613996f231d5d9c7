"""Rules enacted here, the impact shown before, and a place as holder of its own cases.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

from migrations.append_only import keep

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
TITLES = {"enacted_rules": "已发布规则", "rule_impacts": "规则影响测算"}
# What has the name of a row already replaces it on SQLite, past the triggers of deletion: refused by the key's name.
SAME_ROW = {
    "enacted_rules": "id = NEW.id OR seq = NEW.seq OR case_id = NEW.case_id",
    "rule_impacts": "case_id = NEW.case_id AND version = NEW.version",
}


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


def _to(name: str, table: str) -> Column[Any]:
    return Column(name, NUMBER, ForeignKey(f"{table}.id"), nullable=False)


def _tables() -> None:
    op.create_table(
        "enacted_rules",
        Column("id", NUMBER, primary_key=True, autoincrement=True, nullable=False),
        Column("seq", Integer, nullable=False), _to("case_id", "cases"),
        *_text("place", "rule", "since", "value", "status", "document", "document_title", "issuer", "issued_on"),
        *_text("clause", "says", "known_since"), Column("backwards", Integer, nullable=False),
        *_text("scan_sha256", "impact_sha256"), _to("person_id", "persons"), *_text("at", "prev_hash", "hash"),
        UniqueConstraint("seq"), UniqueConstraint("case_id"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_table(
        "rule_impacts", _to("case_id", "cases"), Column("version", Integer, nullable=False),
        *_text("body", "sha256", "at"), PrimaryKeyConstraint("case_id", "version"),
        sqlite_strict=True,
    )  # fmt: skip


def upgrade() -> None:
    """The tables and their guards, the kind of a holder of cases, and the version of what is enacted: nothing yet."""
    _tables()
    op.execute("ALTER TABLE consortia ADD COLUMN kind TEXT NOT NULL DEFAULT 'consortium'")
    op.execute("INSERT INTO settings (name, value) VALUES ('rules.version', '')")
    for table, title in TITLES.items():
        keep(table, title, SAME_ROW[table])


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    op.execute("DELETE FROM settings WHERE name = 'rules.version'")
    op.execute("ALTER TABLE consortia DROP COLUMN kind")
    for table in ("rule_impacts", "enacted_rules"):
        op.drop_table(table)
