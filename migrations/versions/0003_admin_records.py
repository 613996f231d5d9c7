"""Administrative acts: who added, disabled, seated or enrolled whom; append-only, guarded like the records of cases.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "admin_records"
REFUSAL = f"管理记录只增不改，不能修改、删除或覆盖（{TABLE}）。{TABLE} is append-only."


def _on_sqlite() -> None:
    there = f" WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"
    for rule, when, condition in (("delete", "DELETE", ""), ("update", "UPDATE", ""), ("replace", "INSERT", there)):
        op.execute(
            f"CREATE TRIGGER guard_{TABLE}__no_{rule} BEFORE {when} ON {TABLE} FOR EACH ROW{condition}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )


def _on_postgresql() -> None:
    for when, each in (("DELETE", "ROW"), ("UPDATE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = f"guard_{TABLE}__no_{when.lower()}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} ON {TABLE} FOR EACH {each}"
            f" EXECUTE FUNCTION guard_refuse('{REFUSAL}')"
        )
        op.execute(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}")


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
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def downgrade() -> None:
    """Neither; the guards go with the table."""
    op.drop_table(TABLE)
