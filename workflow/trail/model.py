"""Daily seals over the records of all cases; append-only, guarded like the records themselves."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

from workflow.db import Day, Key, Moment, table

seals = table(
    "seals",
    Column("day", Day, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("first", Key, nullable=False),
    Column("last", Key, nullable=False),
    Column("heads", Integer, nullable=False),
    Column("changes", Text, nullable=False),
    Column("merkle_root", Text, nullable=False),
    Column("prev_seal_hash", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
)

seal_heads = table(
    "seal_heads",
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("day", Day, ForeignKey("seals.day"), nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "seq"),
    UniqueConstraint("day", "case_id"),
)
