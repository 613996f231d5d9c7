"""Sessions and failed attempts; a session is a row, so that ending it works at once."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text

from workflow.db import Key, Moment, key_column, table

auth_sessions = table(
    "auth_sessions",
    Column("token_hash", Text, primary_key=True),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "person_id"),
)

login_attempts = table(
    "login_attempts",
    key_column(),
    Column("login", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("succeeded", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "login", "at"),
    Index(None, "address", "at"),
)
