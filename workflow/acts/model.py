"""Tables of what surrounds a decision: who acts for whom, who stepped back, who was added, what was signed on paper."""

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

from workflow.db import Day, Key, Moment, key_column, table

delegations = table(
    "delegations",
    key_column(),
    Column("seat_id", Key, ForeignKey("seats.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("since", Day, nullable=False),
    Column("until", Day, nullable=False),
    Column("stage", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False),
    Column("granted_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_by", Key, ForeignKey("persons.id")),
    CheckConstraint("since <= until", name="term"),
    Index(None, "person_id", "until"),
    Index(None, "seat_id"),
)

recusals = table(
    "recusals",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_id", "person_id"),
)

added_seats = table(
    "added_seats",
    Column("case_id", Key, nullable=False),
    Column("round_no", Integer, nullable=False),
    Column("seat_key", Text, nullable=False),
    Column("parent_key", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("asked_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("removed_at", Moment),
    PrimaryKeyConstraint("case_id", "round_no", "seat_key"),
    ForeignKeyConstraint(
        ["case_id", "round_no", "parent_key"],
        ["round_seats.case_id", "round_seats.round_no", "round_seats.seat_key"],
    ),
    CheckConstraint("place IN ('before','after','beside')", name="place"),
)

papers = table(
    "papers",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("seat_key", Text, nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("seat_id", Key, ForeignKey("seats.id"), nullable=False),
    Column("document_number", Text, nullable=False),
    Column("signed_on", Day, nullable=False),
    Column("body", Text, nullable=False),
    Column("scan_sha256", Text, nullable=False),
    Column("subject_hash", Text, nullable=False),
    Column("registered_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("closed_by", Key, ForeignKey("persons.id")),
    Column("closed_at", Moment),
    Column("reason", Text, nullable=False),
    Column("registered_for", Key),
    CheckConstraint("state IN ('registered','confirmed','rejected','overtaken')", name="state"),
    Index(None, "case_id", "state"),
    # What a decision cites: this paper, signed by that person in that seat on that content.
    Index(None, "id", "case_id", "person_id", "seat_id", "subject_hash", unique=True),
)

comments = table(
    "comments",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("audience", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("mentions", Text, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("audience IN ('all','own')", name="audience"),
    Index(None, "case_id"),
)

drafts = table(
    "drafts",
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("person_id", "case_id", "trigger"),
    Index(None, "case_id"),
)

saved_filters = table(
    "saved_filters",
    key_column(),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("person_id", "name"),
)

notice_marks = table(
    "notice_marks",
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("all_before", Integer, nullable=False),
    Column("notice_id", Key, ForeignKey("notices.id"), nullable=False),
    PrimaryKeyConstraint("person_id", "all_before", "notice_id"),
    CheckConstraint("all_before IN (0, 1)", name="all_before"),
)

definitions = table(
    "definitions",
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("stage", "version"),
)

interventions = table(
    "interventions",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("proposed_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Key, ForeignKey("persons.id")),
    Column("decided_at", Moment),
    Column("note", Text, nullable=False),
    CheckConstraint("state IN ('proposed','done','refused')", name="state"),
    CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="two_people"),
    Index(None, "case_id", "state"),
)
