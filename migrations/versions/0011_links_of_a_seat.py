"""The links of a round's seat, frozen as it opens, where its place asks for more than the ballot's own.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Seats of rounds that are there already keep the links of their ballot."""
    op.execute("ALTER TABLE round_seats ADD COLUMN chain TEXT NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Every seat has the links of its ballot again."""
    op.execute("ALTER TABLE round_seats DROP COLUMN chain")
