"""Daily seals over the heads of all chains of records; append-only, each following the one before it.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

from migrations.append_only import keep

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = {"seals": "封印", "seal_heads": "封印的链尾"}
ALREADY = {
    "seals": "day = NEW.day OR prev_seal_hash = NEW.prev_seal_hash",
    "seal_heads": "(case_id = NEW.case_id AND seq = NEW.seq) OR (day = NEW.day AND case_id = NEW.case_id)",
}
LAST = "FROM seals ORDER BY day DESC LIMIT 1"
UNCHAINED = (
    f"NEW.prev_seal_hash <> coalesce((SELECT hash {LAST}), '')"
    f" OR NEW.day <= coalesce((SELECT day {LAST}), '')"
    f" OR NEW.first <> coalesce((SELECT last {LAST}), 0) + 1"
)
CHAIN_MESSAGE = "封印须紧接前一日的封印。A seal follows the seal before it."


def _tables() -> None:
    number = BigInteger().with_variant(Integer(), "sqlite")
    op.create_table(
        "seals",
        Column("day", Text, primary_key=True, nullable=False),
        Column("at", Text, nullable=False),
        Column("first", number, nullable=False),
        Column("last", number, nullable=False),
        Column("heads", Integer, nullable=False),
        Column("changes", Text, nullable=False),
        Column("merkle_root", Text, nullable=False),
        Column("prev_seal_hash", Text, nullable=False),
        Column("hash", Text, nullable=False),
        UniqueConstraint("prev_seal_hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "seal_heads",
        Column("case_id", number, ForeignKey("cases.id"), nullable=False),
        Column("seq", Integer, nullable=False),
        Column("day", Text, ForeignKey("seals.day"), nullable=False),
        Column("hash", Text, nullable=False),
        PrimaryKeyConstraint("case_id", "seq"),
        UniqueConstraint("day", "case_id"),
        sqlite_strict=True,
    )


def _chained() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER guard_seals__chained BEFORE INSERT ON seals FOR EACH ROW WHEN {UNCHAINED}"
            f" BEGIN SELECT RAISE(ABORT, '{CHAIN_MESSAGE}'); END"
        )
        return
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    op.get_bind().exec_driver_sql(
        f"CREATE FUNCTION guard_seals_chained() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp"
        f" AS $guard$ BEGIN IF {UNCHAINED} THEN RAISE EXCEPTION USING MESSAGE = '{CHAIN_MESSAGE}',"
        " ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $guard$"
    )
    op.execute(
        "CREATE TRIGGER guard_seals__chained BEFORE INSERT ON seals FOR EACH ROW EXECUTE FUNCTION guard_seals_chained()"
    )
    op.execute("ALTER TABLE seals ENABLE ALWAYS TRIGGER guard_seals__chained")


def upgrade() -> None:
    """The tables and their guards."""
    _tables()
    for table, title in TABLES.items():
        keep(table, title, ALREADY[table])
    _chained()


def downgrade() -> None:
    """Neither; the guards go with their tables."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION guard_seals_chained()")
