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
    for table in ("bank_account_answers", "bank_accounts"):
        op.drop_table(table)
