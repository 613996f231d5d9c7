"""Notices that are of no single case: a day's digest, and the calendar that is missing.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = "id, case_id, organisation_id, role, kind, body, at"


def _rebuild_on_sqlite(*, of_no_case: bool) -> None:
    """SQLite cannot loosen a column: the table is made anew and its rows are carried over."""
    op.drop_index("ix_notices__organisation_id_role_id", "notices")
    op.rename_table("notices", "notices_before")
    op.create_table(
        "notices",
        Column("id", Integer, primary_key=True, autoincrement=True, nullable=False),
        Column("case_id", Integer, ForeignKey("cases.id"), nullable=of_no_case),
        Column("organisation_id", Integer, ForeignKey("organisations.id"), nullable=False),
        Column("role", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("at", Text, nullable=False),
        sqlite_strict=True,
    )
    op.execute(f"INSERT INTO notices ({COLUMNS}) SELECT {COLUMNS} FROM notices_before")
    op.drop_table("notices_before")
    op.create_index("ix_notices__organisation_id_role_id", "notices", ["organisation_id", "role", "id"])


def upgrade() -> None:
    """A notice may be of no case."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_on_sqlite(of_no_case=True)
    else:
        op.alter_column("notices", "case_id", existing_type=BigInteger(), nullable=True)


def downgrade() -> None:
    """Each notice is of a case again; those of none are gone."""
    op.execute("DELETE FROM notices WHERE case_id IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_on_sqlite(of_no_case=False)
    else:
        op.alter_column("notices", "case_id", existing_type=BigInteger(), nullable=False)
