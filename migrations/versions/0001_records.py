"""Every table of the records.

Revision ID: 0001
Revises:
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

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "organisations", "persons", "seats", "consortia", "memberships", "insured_counts",
    "auth_sessions", "login_attempts", "settings", "answers",
    "cases", "records",
    "dossiers", "attachments", "claim_files", "worksheets",
    "rounds", "round_seats", "case_actors", "decisions",
    "journals", "postings", "vouchers",
    "clocks", "tasks", "notices", "occurrences", "calendar_days",
)  # fmt: skip


def _big(name: str, *constraints: Any, **options: Any) -> Column[int]:
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, *constraints, **{"nullable": False, **options})


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, Integer, **{"nullable": False, **options})


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, **{"nullable": False, **options})


def _id() -> Column[int]:
    return _big("id", primary_key=True, autoincrement=True)


def _table(name: str, *columns: Any) -> None:
    op.create_table(name, *columns, sqlite_strict=True)


# fmt: off
def _parties() -> None:
    _table(
        "organisations",
        _id(), _text("code"), _text("name"), _text("name_en"), _text("kind"), _text("place"),
        UniqueConstraint("code"),
    )
    op.create_index("ix_organisations__place_kind", "organisations", ["place", "kind"])
    _table(
        "persons",
        _id(), _text("login"), _text("name"), _text("password_hash"), _number("demo"),
        _text("disabled_at", nullable=True), UniqueConstraint("login"),
    )
    _table(
        "seats",
        _id(), _big("person_id", ForeignKey("persons.id")), _big("organisation_id", ForeignKey("organisations.id")),
        _text("role"), _text("since"), _text("until", nullable=True),
    )
    op.create_index("ix_seats__organisation_id_role", "seats", ["organisation_id", "role"])
    op.create_index("ix_seats__person_id", "seats", ["person_id"])
    _table(
        "consortia",
        _id(), _text("code"), _text("name"), _text("name_en"), _text("place"),
        _big("lead_id", ForeignKey("organisations.id")), UniqueConstraint("code"),
    )
    _table(
        "memberships",
        _big("consortium_id", ForeignKey("consortia.id")), _big("organisation_id", ForeignKey("organisations.id")),
        _text("level"), _text("since"), _text("until", nullable=True),
        PrimaryKeyConstraint("consortium_id", "organisation_id", "since"),
        CheckConstraint("level IN ('county','township','village')", name="level"),
    )
    _table(
        "insured_counts",
        _big("consortium_id", ForeignKey("consortia.id")), _text("pool"), _text("period"), _number("heads"),
        _text("source"), PrimaryKeyConstraint("consortium_id", "pool", "period"),
        CheckConstraint("heads >= 0", name="heads"),
    )


def _accounts() -> None:
    _table(
        "auth_sessions",
        _text("token_hash", primary_key=True), _big("person_id", ForeignKey("persons.id")), _text("created_at"),
        _text("last_seen_at"), _text("revoked_at", nullable=True), _text("address"), _text("agent"),
    )
    op.create_index("ix_auth_sessions__person_id", "auth_sessions", ["person_id"])
    _table(
        "login_attempts",
        _id(), _text("login"), _text("address"), _text("succeeded"), _text("at"),
    )
    op.create_index("ix_login_attempts__address_at", "login_attempts", ["address", "at"])
    op.create_index("ix_login_attempts__login_at", "login_attempts", ["login", "at"])
    _table(
        "settings",
        _text("name", primary_key=True), _text("value"),
    )
    _table(
        "answers",
        _text("key", primary_key=True), _text("body_hash"), _text("answer"), _text("at"),
    )


def _cases() -> None:
    _table(
        "cases",
        _id(), _text("stage"), _big("consortium_id", ForeignKey("consortia.id")), _text("place"),
        _text("pool", server_default=""), _text("period", server_default=""), _number("serial", server_default="1"),
        _text("state"), _number("revision"), _text("since"), _number("dossier_version"), _text("subject_hash"),
        _text("progress"), _big("amount_fen", nullable=True), _number("record_seq"), _text("record_hash"),
        _text("opened_at"), _text("closed_at", nullable=True),
        _big("follows_id", ForeignKey("cases.id"), nullable=True),
        CheckConstraint("pool IN ('', 'resident', 'employee')", name="pool"),
        UniqueConstraint("stage", "consortium_id", "pool", "period", "serial"),
    )
    op.create_index("ix_cases__consortium_id_stage_period", "cases", ["consortium_id", "stage", "period"])
    op.create_index("ix_cases__stage_state", "cases", ["stage", "state"])
    _table(
        "records",
        _big("case_id", ForeignKey("cases.id")), _number("seq"), _text("at"),
        _big("person_id", ForeignKey("persons.id"), nullable=True),
        _big("organisation_id", ForeignKey("organisations.id"), nullable=True), _text("role"), _text("verb"),
        _text("from_state"), _text("to_state"), _text("body"), _text("prev_hash"), _text("hash"),
        PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_index("ix_records__at", "records", ["at"])


def _contents() -> None:
    _table(
        "dossiers",
        _big("case_id", ForeignKey("cases.id")), _number("version"), _text("body"), _text("sha256"), _text("at"),
        _big("person_id", ForeignKey("persons.id"), nullable=True), PrimaryKeyConstraint("case_id", "version"),
    )
    _table(
        "attachments",
        _id(), _big("case_id", ForeignKey("cases.id")), _text("section"), _text("name"), _text("media_type"),
        _number("size"), _text("sha256"), _big("person_id", ForeignKey("persons.id")), _text("at"),
        UniqueConstraint("case_id", "section", "sha256"),
    )
    _table(
        "claim_files",
        _id(), _big("case_id", ForeignKey("cases.id")), _text("sha256"), _text("name"), _text("path"),
        _number("row_count"), _big("person_id", ForeignKey("persons.id")), _text("at"), _number("superseded"),
        UniqueConstraint("case_id", "sha256"),
    )
    _table(
        "worksheets",
        _big("case_id", ForeignKey("cases.id")), _number("version"), _text("sheet"), _text("place"), _text("day"),
        _text("book_digest"), _text("facts"), _text("agreement"), _text("body"), _text("sha256"), _text("at"),
        PrimaryKeyConstraint("case_id", "version"),
    )


def _decisions() -> None:
    _table(
        "rounds",
        _big("case_id", ForeignKey("cases.id")), _number("round_no"), _text("ballot"), _text("subject_hash"),
        _number("dossier_version"), _text("outcome"), _text("opened_at"), _text("closed_at", nullable=True),
        PrimaryKeyConstraint("case_id", "round_no"),
        CheckConstraint("outcome IN ('open','passed','failed','returned','withdrawn','void','superseded')", name="outcome"),
        UniqueConstraint("case_id", "round_no", "subject_hash"),
    )
    _table(
        "round_seats",
        _big("case_id"), _number("round_no"), _text("seat_key"),
        _big("organisation_id", ForeignKey("organisations.id")), _text("label"), _text("eligible"),
        PrimaryKeyConstraint("case_id", "round_no", "seat_key"),
        ForeignKeyConstraint(["case_id", "round_no"], ["rounds.case_id", "rounds.round_no"]),
    )
    _table(
        "case_actors",
        _big("case_id", ForeignKey("cases.id")), _big("person_id", ForeignKey("persons.id")), _text("duty"),
        PrimaryKeyConstraint("case_id", "person_id"),
        CheckConstraint("duty IN ('prepare','review','approve','pay')", name="duty"),
        UniqueConstraint("case_id", "person_id", "duty"),
    )
    _table(
        "decisions",
        _id(), _big("case_id"), _number("round_no"), _text("link"), _text("seat_key"),
        _big("organisation_id", ForeignKey("organisations.id")), _big("person_id", ForeignKey("persons.id")),
        _big("seat_id", ForeignKey("seats.id")), _text("duty"), _text("subject_hash"), _text("verdict"),
        _text("opinion"), _text("details"), _text("at"),
        CheckConstraint("verdict IN ('agree','disagree','return','abstain')", name="verdict"),
        ForeignKeyConstraint(["case_id", "person_id", "duty"], ["case_actors.case_id", "case_actors.person_id", "case_actors.duty"]),
        ForeignKeyConstraint(["case_id", "round_no", "seat_key"], ["round_seats.case_id", "round_seats.round_no", "round_seats.seat_key"]),
        ForeignKeyConstraint(["case_id", "round_no", "subject_hash"], ["rounds.case_id", "rounds.round_no", "rounds.subject_hash"]),
        UniqueConstraint("case_id", "round_no", "link", "seat_key"),
    )



def _ledger() -> None:
    _table(
        "journals",
        _id(), _text("book"), _number("year"), _number("number"), _text("biz_key"),
        _big("case_id", ForeignKey("cases.id")), _text("memo"), _text("at"), _number("sealed"),
        CheckConstraint("sealed IN (0, 1)", name="sealed"), UniqueConstraint("biz_key"),
        UniqueConstraint("book", "year", "number"),
    )
    _table(
        "postings",
        _big("journal_id", ForeignKey("journals.id")), _number("line"), _text("account"), _text("party"), _big("fen"),
        PrimaryKeyConstraint("journal_id", "line"), CheckConstraint("fen <> 0", name="fen"),
    )
    _table(
        "vouchers",
        _text("book"), _number("year"), _number("last_number"), PrimaryKeyConstraint("book", "year"),
    )


def _deadlines() -> None:
    _table(
        "clocks",
        _big("case_id", ForeignKey("cases.id")), _text("name"), _number("serial"), _text("rule"), _text("started_on"),
        _number("days"), _text("deadline"), _number("provisional"), _text("holder_role"),
        _text("paused_on", nullable=True), _number("paused_days"), _text("stopped_on", nullable=True),
        _text("overdue_on", nullable=True), PrimaryKeyConstraint("case_id", "name", "serial"),
    )
    op.create_index("ix_clocks__running", "clocks", ["stopped_on", "deadline"])
    _table(
        "tasks",
        _id(), _big("case_id", ForeignKey("cases.id")), _text("trigger"),
        _big("organisation_id", ForeignKey("organisations.id")), _text("role"), _text("since"), _text("deadline"),
        UniqueConstraint("case_id", "trigger", "organisation_id", "role"),
    )
    op.create_index("ix_tasks__organisation_id_role_deadline_id", "tasks", ["organisation_id", "role", "deadline", "id"])
    _table(
        "notices",
        _id(), _big("case_id", ForeignKey("cases.id")), _big("organisation_id", ForeignKey("organisations.id")),
        _text("role"), _text("kind"), _text("body"), _text("at"),
    )
    op.create_index("ix_notices__organisation_id_role_id", "notices", ["organisation_id", "role", "id"])
    _table(
        "occurrences",
        _id(), _text("job"), _big("scope"), _text("period"), _text("due_at"), _text("status"), _number("attempts"),
        _text("retry_at", nullable=True), _text("finished_at", nullable=True), _text("error"), _text("note"),
        CheckConstraint("status IN ('waiting','done','failed','resolved')", name="status"),
        UniqueConstraint("job", "scope", "period"),
    )
    op.create_index("ix_occurrences__status_scope", "occurrences", ["status", "scope"])
    _table(
        "calendar_days",
        _text("day", primary_key=True), _number("workday"), _text("source"), _number("confirmed"),
    )
# fmt: on


def upgrade() -> None:
    """From nothing to every table, those referred to first."""
    _parties()
    _accounts()
    _cases()
    _contents()
    _decisions()
    _ledger()
    _deadlines()


def downgrade() -> None:
    """Back to nothing, those that refer to others first."""
    for name in reversed(TABLES):
        op.drop_table(name)
