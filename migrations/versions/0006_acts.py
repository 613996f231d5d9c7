"""What surrounds a decision: acting for another, recusal, added seats, paper, comments, drafts, pinned definitions.

Revision ID: 0006
Revises: 0005
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

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
APPEND_ONLY = {"recusals": "回避记录", "comments": "留言", "definitions": "流程定义"}
NEW_COLUMNS = (
    ("cases", "definition", "INTEGER NOT NULL DEFAULT '1'"),
    ("decisions", "for_person_id", "{number}"),
    ("decisions", "paper_id", "{number}"),
    ("tasks", "person_id", "{number}"),
)
NEW_INDEXES = (
    ("cases", ["consortium_id", "closed_at", "id"]),
    ("records", ["person_id", "at", "case_id", "seq"]),
    ("records", ["person_id", "seq", "at", "case_id"]),
    ("tasks", ["organisation_id", "role", "deadline", "id", "person_id"]),
    ("notices", ["organisation_id", "role", "kind", "id"]),
)


def _id() -> Column[Any]:
    return Column("id", NUMBER, primary_key=True, autoincrement=True, nullable=False)


def _text(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


def _to(name: str, table: str = "persons", *, nullable: bool = False) -> Column[Any]:
    return Column(name, NUMBER, ForeignKey(f"{table}.id"), nullable=nullable)


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, *parts, sqlite_strict=True)


def _who_acts() -> None:
    _table(
        "delegations", _id(), _to("seat_id", "seats"), _to("person_id"), *_text("since", "until"),
        Column("stage", Text, nullable=False, server_default=""), *_text("reason"), _to("granted_by"), *_text("at"),
        Column("revoked_at", Text), _to("revoked_by", nullable=True),
        CheckConstraint("since <= until", name="term"),
    )  # fmt: skip
    op.create_index("ix_delegations__person_id_until", "delegations", ["person_id", "until"])
    op.create_index("ix_delegations__seat_id", "delegations", ["seat_id"])
    _table(
        "recusals", _to("case_id", "cases"), _to("person_id"), *_text("reason"), _to("recorded_by"), *_text("at"),
        PrimaryKeyConstraint("case_id", "person_id"),
    )  # fmt: skip
    _table(
        "added_seats", Column("case_id", NUMBER, nullable=False), Column("round_no", Integer, nullable=False),
        *_text("seat_key", "parent_key", "place"), _to("person_id"), *_text("role"), _to("asked_by"), *_text("reason", "at"),
        Column("removed_at", Text),
        PrimaryKeyConstraint("case_id", "round_no", "seat_key"),
        ForeignKeyConstraint(
            ["case_id", "round_no", "parent_key"],
            ["round_seats.case_id", "round_seats.round_no", "round_seats.seat_key"],
        ),
        CheckConstraint("place IN ('before','after','beside')", name="place"),
    )  # fmt: skip


def _on_paper() -> None:
    _table(
        "papers", _id(), _to("case_id", "cases"), *_text("trigger", "seat_key"), _to("organisation_id", "organisations"),
        _to("person_id"), _to("seat_id", "seats"),
        *_text("document_number", "signed_on", "body", "scan_sha256", "subject_hash"), _to("registered_by"),
        *_text("registered_at", "state"), _to("closed_by", nullable=True), Column("closed_at", Text), *_text("reason"),
        CheckConstraint("state IN ('registered','confirmed','rejected','overtaken')", name="state"),
    )  # fmt: skip
    op.create_index("ix_papers__case_id_state", "papers", ["case_id", "state"])
    _table(
        "interventions", _id(), _to("case_id", "cases"), *_text("kind", "reason", "body"), _to("proposed_by"),
        *_text("proposed_at", "state"), _to("decided_by", nullable=True), Column("decided_at", Text), *_text("note"),
        CheckConstraint("state IN ('proposed','done','refused')", name="state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
    )  # fmt: skip
    op.create_index("ix_interventions__case_id_state", "interventions", ["case_id", "state"])


def _what_is_said() -> None:
    _table(
        "comments", _id(), _to("case_id", "cases"), _to("person_id"), _to("organisation_id", "organisations"),
        *_text("audience", "body", "mentions", "at"),
        CheckConstraint("audience IN ('all','own')", name="audience"),
    )  # fmt: skip
    op.create_index("ix_comments__case_id", "comments", ["case_id"])
    _table(
        "drafts", _to("person_id"), _to("case_id", "cases"), *_text("trigger", "body", "seen", "at"),
        PrimaryKeyConstraint("person_id", "case_id", "trigger"),
    )  # fmt: skip
    op.create_index("ix_drafts__case_id", "drafts", ["case_id"])
    _table(
        "saved_filters", _id(), _to("person_id"), *_text("name", "query", "at"),
        UniqueConstraint("person_id", "name"),
    )  # fmt: skip
    _table(
        "definitions", *_text("stage"), Column("version", Integer, nullable=False), *_text("body", "sha256", "at"),
        PrimaryKeyConstraint("stage", "version"),
    )  # fmt: skip


# What has the name of a row already replaces it on SQLite, past the triggers of deletion: refused by the key's name.
SAME_ROW = {
    "recusals": "case_id = NEW.case_id AND person_id = NEW.person_id",
    "comments": "id = NEW.id",
    "definitions": "stage = NEW.stage AND version = NEW.version",
}


def upgrade() -> None:
    """The tables, their guards, and what cases, decisions and tasks tell besides."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    _who_acts()
    _on_paper()
    _what_is_said()
    for table, column, kind in NEW_COLUMNS:
        typed = kind.format(number="INTEGER" if sqlite else "BIGINT")
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {typed}")
    for table, columns in NEW_INDEXES:
        op.create_index(f"ix_{table}__{'_'.join(columns)}", table, columns)
    op.drop_index("ix_tasks__organisation_id_role_deadline_id", "tasks")
    for table, title in APPEND_ONLY.items():
        keep(table, title, SAME_ROW[table])


def downgrade() -> None:
    """None of them; the guards go with their tables."""
    op.create_index(
        "ix_tasks__organisation_id_role_deadline_id", "tasks", ["organisation_id", "role", "deadline", "id"]
    )
    for table, columns in reversed(NEW_INDEXES):
        op.drop_index(f"ix_{table}__{'_'.join(columns)}", table)
    for table, column, _kind in reversed(NEW_COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in (
        "definitions", "saved_filters", "drafts", "comments", "interventions", "papers", "added_seats", "recusals",
        "delegations",
    ):  # fmt: skip
        op.drop_table(table)
