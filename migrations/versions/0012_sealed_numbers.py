"""The number of a bank account is no longer stored in clear: it stands sealed in a table of its own.

The rows of accounts stay as they are; only the column of the clear number goes, and its old bytes with it: SQLite
writes zeros over what it frees, PostgreSQL writes the table anew before the column is dropped.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text, text

from migrations.append_only import keep

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
TABLE = "bank_account_numbers"
KEPT = f"银行账号不能删除或覆盖（{TABLE}）。{TABLE}: nothing may be deleted or replaced."
FIXED = (
    f"银行账号只能换密钥重新加密，其他内容不能修改（{TABLE}）。"
    " A sealed number is only sealed anew; nothing else of it changes."
)
MOVED = "NEW.account_id <> OLD.account_id OR NEW.tail <> OLD.tail OR NEW.key = OLD.key"


def _guards_on_sqlite() -> None:
    same = f" WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE account_id = NEW.account_id)"
    for rule, when, condition, said in (
        ("no_delete", "DELETE", "", KEPT), ("no_replace", "INSERT", same, KEPT),
        ("fixed", "UPDATE", f" WHEN {MOVED}", FIXED),
    ):  # fmt: skip
        op.execute(
            f"CREATE TRIGGER guard_{TABLE}__{rule} BEFORE {when} ON {TABLE} FOR EACH ROW{condition}"
            f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )


def _guards_on_postgresql() -> None:
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    refuse = f"RAISE EXCEPTION USING MESSAGE = '{FIXED}', ERRCODE = 'integrity_constraint_violation';"
    op.execute(
        f"CREATE FUNCTION guard_{TABLE}_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp"
        f" AS $guard$ BEGIN IF {MOVED} THEN {refuse} END IF; RETURN NEW; END $guard$"
    )
    for rule, when, each, call in (
        ("no_delete", "DELETE", "ROW", f"guard_refuse('{KEPT}')"),
        ("no_truncate", "TRUNCATE", "STATEMENT", f"guard_refuse('{KEPT}')"),
        ("fixed", "UPDATE", "ROW", f"guard_{TABLE}_fixed()"),
    ):
        op.execute(
            f"CREATE TRIGGER guard_{TABLE}__{rule} BEFORE {when} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION {call}"
        )
        op.execute(f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER guard_{TABLE}__{rule}")


def _seal_what_is_there() -> None:
    """Seal every number that was stored in clear; a database without accounts asks for no key."""
    from workflow.banking import sealing

    connection = op.get_bind()
    rows = connection.execute(text("SELECT id, organisation_id, holder, bank, number FROM bank_accounts ORDER BY id"))
    for row in rows.all():
        held = sealing.seal(row.number, [row.id, row.organisation_id, row.holder, row.bank])
        connection.execute(
            text(f"INSERT INTO {TABLE} VALUES (:id, :key, :sealed, :mark, :tail)"),
            {"id": row.id, "key": held.key, "sealed": held.sealed, "mark": held.mark, "tail": held.tail},
        )  # fmt: skip


def upgrade() -> None:
    """The table, what is sealed, the guards; and the column of clear numbers goes."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        TABLE, Column("account_id", NUMBER, ForeignKey("bank_accounts.id"), nullable=False),
        *(Column(name, Text, nullable=False) for name in ("key", "sealed", "mark", "tail")),
        PrimaryKeyConstraint("account_id"), sqlite_strict=True,
    )  # fmt: skip
    op.create_index(f"ix_{TABLE}__mark", TABLE, ["mark"])
    _seal_what_is_there()
    if sqlite:
        op.execute("PRAGMA secure_delete = ON")
        _guards_on_sqlite()
    else:
        op.execute("ALTER TABLE bank_accounts ALTER COLUMN number TYPE text USING repeat('', length(number))")
        _guards_on_postgresql()
    op.execute("ALTER TABLE bank_accounts DROP COLUMN number")


def downgrade() -> None:
    """The numbers in clear again, where there are any, in the table of accounts."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    op.execute("ALTER TABLE bank_accounts ADD COLUMN number TEXT NOT NULL DEFAULT ''")
    for rule in ("delete", "update", "replace" if sqlite else "truncate"):
        op.execute(f"DROP TRIGGER guard_bank_accounts__no_{rule}" + ("" if sqlite else " ON bank_accounts"))
    _open_what_is_there()
    keep("bank_accounts", "银行账户", "id = NEW.id")
    op.drop_table(TABLE)
    if not sqlite:
        op.execute(f"DROP FUNCTION guard_{TABLE}_fixed()")


def _open_what_is_there() -> None:
    from workflow.banking import sealing

    connection = op.get_bind()
    rows = connection.execute(
        text(f"SELECT * FROM bank_accounts JOIN {TABLE} ON account_id = bank_accounts.id ORDER BY account_id")
    )
    for row in rows.all():
        held = sealing.Sealed(row.key, row.sealed, row.mark, row.tail)
        number = sealing.opened(held, [row.account_id, row.organisation_id, row.holder, row.bank])
        connection.execute(
            text("UPDATE bank_accounts SET number = :number WHERE id = :id"), {"number": number, "id": row.account_id}
        )
