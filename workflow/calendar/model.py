"""The table of calendar days: which are working days, by which notice, and whether they are announced yet."""

from __future__ import annotations

from sqlalchemy import Column, Text

from workflow.db import Day, Flag, table

calendar_days = table(
    "calendar_days",
    Column("day", Day, primary_key=True),
    Column("workday", Flag, nullable=False),
    Column("source", Text, nullable=False),
    Column("confirmed", Flag, nullable=False),
)
