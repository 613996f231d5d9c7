"""The records every stage shares: cases, what they hold, who decided what, what was paid, and what is due."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

from workflow.acts.model import definitions as definitions
from workflow.banking.model import bank_account_answers, bank_account_numbers, bank_accounts  # noqa: F401
from workflow.calendar.model import calendar_days as calendar_days
from workflow.claims.model import claim_files as claim_files
from workflow.db import Day, Fen, Flag, Key, Moment, key_column, table
from workflow.enacted import rule_impacts as rule_impacts
from workflow.register.model import register_file_answers, register_files  # noqa: F401
from workflow.trail.model import seal_heads, seals  # noqa: F401

settings = table("settings", Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

cases = table(
    "cases",
    key_column(),
    Column("stage", Text, nullable=False),
    Column("consortium_id", Key, ForeignKey("consortia.id"), nullable=False),
    Column("place", Text, nullable=False),
    Column("pool", Text, nullable=False, server_default=""),
    Column("period", Text, nullable=False, server_default=""),
    Column("serial", Integer, nullable=False, server_default="1"),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("dossier_version", Integer, nullable=False),
    Column("subject_hash", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("amount_fen", Fen),
    Column("record_seq", Integer, nullable=False),
    Column("record_hash", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("follows_id", Key, ForeignKey("cases.id")),
    Column("definition", Integer, nullable=False, server_default="1"),
    UniqueConstraint("stage", "consortium_id", "pool", "period", "serial"),
    CheckConstraint("pool IN ('', 'resident', 'employee')", name="pool"),
    Index(None, "consortium_id", "stage", "period"),
    Index(None, "consortium_id", "closed_at", "id"),
    Index(None, "stage", "state"),
)

dossiers = table(
    "dossiers",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id")),
    PrimaryKeyConstraint("case_id", "version"),
)

attachments = table(
    "attachments",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("section", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("case_id", "section", "sha256"),
)

worksheets = table(
    "worksheets",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("day", Day, nullable=False),
    Column("book_digest", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_id", "version"),
)

records = table(
    "records",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id")),
    Column("organisation_id", Key, ForeignKey("organisations.id")),
    Column("role", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "seq"),
    Index(None, "at"),
    Index(None, "person_id", "at", "case_id", "seq"),
    Index(None, "person_id", "seq", "at", "case_id"),
)

rounds = table(
    "rounds",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("round_no", Integer, nullable=False),
    Column("ballot", Text, nullable=False),
    Column("subject_hash", Text, nullable=False),
    Column("dossier_version", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    PrimaryKeyConstraint("case_id", "round_no"),
    UniqueConstraint("case_id", "round_no", "subject_hash"),
    CheckConstraint("outcome IN ('open','passed','failed','returned','withdrawn','void','superseded')", name="outcome"),
)

round_seats = table(
    "round_seats",
    Column("case_id", Key, nullable=False),
    Column("round_no", Integer, nullable=False),
    Column("seat_key", Text, nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("eligible", Text, nullable=False),
    # The links of this seat where its place asks for more than the ballot's own, frozen as the round opens.
    Column("chain", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("case_id", "round_no", "seat_key"),
    ForeignKeyConstraint(["case_id", "round_no"], ["rounds.case_id", "rounds.round_no"]),
)

case_actors = table(
    "case_actors",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("duty", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "person_id"),
    UniqueConstraint("case_id", "person_id", "duty"),
    CheckConstraint("duty IN ('prepare','review','approve','pay')", name="duty"),
)

decisions = table(
    "decisions",
    key_column(),
    Column("case_id", Key, nullable=False),
    Column("round_no", Integer, nullable=False),
    Column("link", Text, nullable=False),
    Column("seat_key", Text, nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("seat_id", Key, ForeignKey("seats.id"), nullable=False),
    Column("duty", Text, nullable=False),
    Column("subject_hash", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("opinion", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("for_person_id", Key),
    Column("paper_id", Key),
    UniqueConstraint("case_id", "round_no", "link", "seat_key"),
    ForeignKeyConstraint(
        ["case_id", "round_no", "subject_hash"], ["rounds.case_id", "rounds.round_no", "rounds.subject_hash"]
    ),
    ForeignKeyConstraint(
        ["case_id", "round_no", "seat_key"], ["round_seats.case_id", "round_seats.round_no", "round_seats.seat_key"]
    ),
    ForeignKeyConstraint(
        ["case_id", "person_id", "duty"], ["case_actors.case_id", "case_actors.person_id", "case_actors.duty"]
    ),
    ForeignKeyConstraint(
        ["paper_id", "case_id", "person_id", "seat_id", "subject_hash"],
        ["papers.id", "papers.case_id", "papers.person_id", "papers.seat_id", "papers.subject_hash"],
        name="fk_decisions__papers",
    ),
    CheckConstraint("verdict IN ('agree','disagree','return','abstain')", name="verdict"),
)

clocks = table(
    "clocks",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("started_on", Day, nullable=False),
    Column("days", Integer, nullable=False),
    Column("deadline", Day, nullable=False),
    Column("provisional", Flag, nullable=False),
    Column("holder_role", Text, nullable=False),
    Column("paused_on", Day),
    Column("paused_days", Integer, nullable=False),
    Column("stopped_on", Day),
    Column("overdue_on", Day),
    PrimaryKeyConstraint("case_id", "name", "serial"),
    Index("ix_clocks__running", "stopped_on", "deadline"),
)

tasks = table(
    "tasks",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("person_id", Key),
    UniqueConstraint("case_id", "trigger", "organisation_id", "role"),
    # An inbox is read from this alone, in its order, however many tasks others have.
    Index(None, "organisation_id", "role", "deadline", "id", "person_id"),
)

notices = table(
    "notices",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id")),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "organisation_id", "role", "id"),
    Index(None, "organisation_id", "role", "kind", "id"),
)

journals = table(
    "journals",
    key_column(),
    Column("book", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("biz_key", Text, nullable=False, unique=True),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("memo", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("sealed", Integer, nullable=False),
    UniqueConstraint("book", "year", "number"),
    CheckConstraint("sealed IN (0, 1)", name="sealed"),
)

postings = table(
    "postings",
    Column("journal_id", Key, ForeignKey("journals.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("fen", Fen, nullable=False),
    PrimaryKeyConstraint("journal_id", "line"),
    CheckConstraint("fen <> 0", name="fen"),
)

vouchers = table(
    "vouchers",
    Column("book", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    PrimaryKeyConstraint("book", "year"),
)

occurrences = table(
    "occurrences",
    key_column(),
    Column("job", Text, nullable=False),
    Column("scope", Key, nullable=False),
    Column("period", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("finished_at", Moment),
    Column("error", Text, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("job", "scope", "period"),
    CheckConstraint("status IN ('waiting','done','failed','resolved')", name="status"),
    Index(None, "status", "scope"),
)

answers = table(
    "answers",
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
