"""Rules enacted here, the impact shown before, and a place as holder of its own cases.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

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
    """The tables and their guards, the kind of a holder of cases, and the version of what is enacted: nothing yet."""
    _tables()
    op.execute("ALTER TABLE consortia ADD COLUMN kind TEXT NOT NULL DEFAULT 'consortium'")
    op.execute("INSERT INTO settings (name, value) VALUES ('rules.version', '')")
    _guards(sqlite=op.get_bind().dialect.name == "sqlite")


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    op.execute("DELETE FROM settings WHERE name = 'rules.version'")
    op.execute("ALTER TABLE consortia DROP COLUMN kind")
    for table in ("rule_impacts", "enacted_rules"):
        op.drop_table(table)
