"""Which notices a person has read: one by one, or one with all before it that reached the same post.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, PrimaryKeyConstraint

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Nothing has been read yet."""
    op.create_table(
        "notice_marks",
        Column("person_id", NUMBER, ForeignKey("persons.id"), nullable=False),
        Column("all_before", Integer, nullable=False),
        Column("notice_id", NUMBER, ForeignKey("notices.id"), nullable=False),
        PrimaryKeyConstraint("person_id", "all_before", "notice_id"),
        CheckConstraint("all_before IN (0, 1)", name="all_before"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """What was read is forgotten."""
    op.drop_table("notice_marks")
