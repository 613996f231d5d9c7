"""Organisations, people, seats, consortia, members, insured people by count, and the record of administrative acts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Text

from workflow.db import Day, Flag, Key, Moment, key_column, table

organisations = table(
    "organisations",
    key_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Index(None, "place", "kind"),
)

persons = table(
    "persons",
    key_column(),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("demo", Flag, nullable=False),
    Column("disabled_at", Moment),
)

seats = table(
    "seats",
    key_column(),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("since", Day, nullable=False),
    Column("until", Day),
    # Who put them in office; nobody where the machine's own command line did.
    Column("granted_by", Key),
    Index(None, "granted_by"),
    Index(None, "person_id"),
    Index(None, "organisation_id", "role"),
)

consortia = table(
    "consortia",
    key_column(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("lead_id", Key, ForeignKey("organisations.id"), nullable=False),
    # A place's own cases are held by a row of kind "place": no members, seen by the bodies of the place and above.
    Column("kind", Text, nullable=False, server_default="consortium"),
)

memberships = table(
    "memberships",
    Column("consortium_id", Key, ForeignKey("consortia.id"), nullable=False),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False),
    Column("level", Text, nullable=False),
    Column("since", Day, nullable=False),
    Column("until", Day),
    PrimaryKeyConstraint("consortium_id", "organisation_id", "since"),
    CheckConstraint("level IN ('county','township','village')", name="level"),
)

insured_counts = table(
    "insured_counts",
    Column("consortium_id", Key, ForeignKey("consortia.id"), nullable=False),
    Column("pool", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("heads", Integer, nullable=False),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("consortium_id", "pool", "period"),
    CheckConstraint("heads >= 0", name="heads"),
)

admin_records = table(
    "admin_records",
    key_column(),
    Column("at", Moment, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id")),
    Column("verb", Text, nullable=False),
    Column("body", Text, nullable=False),
)
