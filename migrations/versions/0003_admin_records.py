"""Administrative acts: who added, disabled, seated or enrolled whom; append-only, guarded like the records of cases.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text

from migrations.append_only import keep

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "admin_records"


def upgrade() -> None:
    """The table and its guards."""
    number = BigInteger().with_variant(Integer(), "sqlite")
    op.create_table(
        TABLE,
        Column("id", number, primary_key=True, autoincrement=True, nullable=False),
        Column("at", Text, nullable=False),
        Column("person_id", number, ForeignKey("persons.id")),
        Column("verb", Text, nullable=False),
        Column("body", Text, nullable=False),
        sqlite_strict=True,
    )
    keep(TABLE, "管理记录", "id = NEW.id")


def downgrade() -> None:
    """Neither; the guards go with the table."""
    op.drop_table(TABLE)
