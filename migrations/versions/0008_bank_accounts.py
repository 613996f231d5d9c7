"""Bank accounts of organisations: proposed by one administrator, confirmed by another, never changed.

Revision ID: 0008
Revises: 0007
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

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
TITLES = {"bank_accounts": "银行账户", "bank_account_answers": "银行账户复核"}
# What has the name of a row already replaces it on SQLite, past the triggers of deletion: refused by the key's name.
SAME_ROW = {"bank_accounts": "id = NEW.id", "bank_account_answers": "account_id = NEW.account_id"}


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


def _to(name: str, table: str = "persons") -> Column[Any]:
    return Column(name, NUMBER, ForeignKey(f"{table}.id"), nullable=False)


def _tables() -> None:
    op.create_table(
        "bank_accounts", Column("id", NUMBER, primary_key=True, autoincrement=True, nullable=False),
        _to("organisation_id", "organisations"), *_text("holder", "bank", "number", "reason"), _to("proposed_by"),
        *_text("at"), UniqueConstraint("id", "proposed_by"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("ix_bank_accounts__organisation_id", "bank_accounts", ["organisation_id"])
    op.create_table(
        "bank_account_answers", Column("account_id", NUMBER, nullable=False),
        Column("proposed_by", NUMBER, nullable=False), *_text("verdict"), _to("person_id"), *_text("note", "at"),
        PrimaryKeyConstraint("account_id"),
        ForeignKeyConstraint(["account_id", "proposed_by"], ["bank_accounts.id", "bank_accounts.proposed_by"]),
        CheckConstraint("verdict IN ('confirmed','refused')", name="verdict"),
        CheckConstraint("person_id <> proposed_by", name="two_people"),
        sqlite_strict=True,
    )  # fmt: skip


def upgrade() -> None:
    """The tables and their guards."""
    _tables()
    for table, title in TITLES.items():
        keep(table, title, SAME_ROW[table])


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    for table in ("bank_account_answers", "bank_accounts"):
        op.drop_table(table)
