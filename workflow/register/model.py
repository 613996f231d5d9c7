"""Files of the register: what one person imported, what another said to it; both only ever added."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text
from sqlalchemy.schema import Index, UniqueConstraint

from workflow.db import Key, Moment, key_column, table

register_files = table(
    "register_files",
    key_column(),
    Column("place", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("imported_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("id", "imported_by"),
    Index(None, "place", "period"),
)

register_file_answers = table(
    "register_file_answers",
    Column("file_id", Key, nullable=False),
    Column("imported_by", Key, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("file_id"),
    ForeignKeyConstraint(["file_id", "imported_by"], ["register_files.id", "register_files.imported_by"]),
    CheckConstraint("verdict IN ('confirmed','refused')", name="verdict"),
    CheckConstraint("person_id <> imported_by", name="two_people"),
)
