"""The claim files of a case: what was uploaded, by whom, and which of them a later one replaces."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Text, UniqueConstraint

from workflow.db import Flag, Key, Moment, key_column, table

claim_files = table(
    "claim_files",
    key_column(),
    Column("case_id", Key, ForeignKey("cases.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("superseded", Flag, nullable=False),
    UniqueConstraint("case_id", "sha256"),
)
