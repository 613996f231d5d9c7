"""Papers change in one way only: registered, then closed by somebody else; a decision cites the paper it came from.

A seat tells besides who granted it, so that whoever put somebody in office does not decide beside them.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import json
from collections.abc import Callable

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CITED = ("id", "case_id", "person_id", "seat_id", "subject_hash")
CITING = ("paper_id", *CITED[1:])
INDEX = f"ix_papers__{'_'.join(CITED)}"
KEY = "fk_decisions__papers"
FOREIGN = f"CONSTRAINT {KEY} FOREIGN KEY({', '.join(CITING)}) REFERENCES papers ({', '.join(CITED)})"

FIXED = (
    "id", "case_id", "trigger", "seat_key", "organisation_id", "person_id", "seat_id", "document_number", "signed_on",
    "body", "scan_sha256", "subject_hash", "registered_by", "registered_at",
)  # fmt: skip
MOVED = (
    " OR ".join(f"NEW.{name} <> OLD.{name}" for name in FIXED)
    + " OR coalesce(NEW.registered_for, 0) <> coalesce(OLD.registered_for, 0)"
    " OR OLD.state <> 'registered' OR NEW.state = 'registered' OR NEW.closed_at IS NULL"
    " OR (NEW.closed_by IS NULL) <> (NEW.state = 'overtaken')"
    " OR coalesce(NEW.closed_by, 0) IN (NEW.registered_by, coalesce(NEW.registered_for, -1))"
    " OR (NEW.state = 'rejected' AND NEW.reason = '')"
)
MOVED_MESSAGE = (
    "线下签署登记后只能由登记人以外的人确认或不予确认一次，或者失效；其他内容不能修改。"
    " A registered paper is closed once, by somebody else, or overtaken; nothing else of it changes."
)
OPENED = (
    "NEW.state <> 'registered' OR NEW.closed_by IS NOT NULL OR NEW.closed_at IS NOT NULL OR NEW.reason <> ''"
    " OR NEW.person_id IN (NEW.registered_by, coalesce(NEW.registered_for, 0))"
)
OPENED_MESSAGE = (
    "线下签署须先登记，登记人不能是签署人。A paper is first registered, by somebody who has not signed it."
)
KEPT_MESSAGE = "线下签署不能删除或覆盖（papers）。papers: nothing may be deleted or replaced."
SAME_ROW = "EXISTS (SELECT 1 FROM papers WHERE id = NEW.id)"
# rule, moment, when it is broken, what is said
RULES = (("opened", "INSERT", OPENED, OPENED_MESSAGE), ("closing", "UPDATE", MOVED, MOVED_MESSAGE))


def _guards_on_sqlite() -> None:
    kept = (("no_delete", "DELETE", "true", KEPT_MESSAGE), ("no_replace", "INSERT", SAME_ROW, KEPT_MESSAGE))
    for rule, when, broken, message in (*kept, *RULES):
        op.execute(
            f"CREATE TRIGGER guard_papers__{rule} BEFORE {when} ON papers FOR EACH ROW WHEN {broken}"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guards_on_postgresql() -> None:
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    calls = [
        ("no_delete", "DELETE", "ROW", f"guard_refuse('{KEPT_MESSAGE}')"),
        ("no_truncate", "TRUNCATE", "STATEMENT", f"guard_refuse('{KEPT_MESSAGE}')"),
    ]
    for rule, when, broken, message in RULES:
        refuse = f"RAISE EXCEPTION USING MESSAGE = '{message}', ERRCODE = 'integrity_constraint_violation';"
        op.execute(
            f"CREATE FUNCTION guard_papers_{rule}() RETURNS trigger LANGUAGE plpgsql"
            f" SET search_path = {schema}, pg_temp AS $guard$ BEGIN IF {broken} THEN {refuse} END IF; RETURN NEW; END $guard$"
        )
        calls.append((rule, when, "ROW", f"guard_papers_{rule}()"))
    for rule, when, each, call in calls:
        name = f"guard_papers__{rule}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON papers FOR EACH {each} EXECUTE FUNCTION {call}")
        op.execute(f"ALTER TABLE papers ENABLE ALWAYS TRIGGER {name}")


def _with_key(made: str) -> str:
    end = made.rindex(")")
    return f"{made[:end]}, {FOREIGN}{made[end:]}"


def _without_key(made: str) -> str:
    return made.replace(f", {FOREIGN}", "")


def _rebuild(change: Callable[[str], str]) -> None:
    """On SQLite a table gets a key by being made anew, with every row, index and trigger it had, or not at all."""
    connection = op.get_bind()
    before = connection.scalar(text("SELECT count(*) FROM decisions"))
    made = str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'decisions'")))
    beside = list(
        connection.scalars(
            text("SELECT sql FROM sqlite_master WHERE tbl_name = 'decisions' AND type <> 'table' AND sql IS NOT NULL")
        )
    )
    head, bracket, body = change(made).partition("(")
    connection.exec_driver_sql(head.replace("decisions", "decisions_anew") + bracket + body)
    connection.exec_driver_sql("INSERT INTO decisions_anew SELECT * FROM decisions")
    connection.exec_driver_sql("DROP TABLE decisions")
    connection.exec_driver_sql("ALTER TABLE decisions_anew RENAME TO decisions")
    for one in beside:
        connection.exec_driver_sql(one)
    if connection.scalar(text("SELECT count(*) FROM decisions")) != before:
        raise RuntimeError("decisions 表重建后行数不符。The table of decisions lost rows.")


def _granters() -> None:
    """Who granted each seat, from the record of administrative acts; the machine's own command line is nobody."""
    connection = op.get_bind()
    query = text("SELECT person_id, body FROM admin_records WHERE verb = 'grant_seat' AND person_id IS NOT NULL")
    for row in connection.execute(query).all():
        named = {"person": row.person_id, "seat": json.loads(row.body)["seat"]}
        connection.execute(text("UPDATE seats SET granted_by = :person WHERE id = :seat"), named)


def upgrade() -> None:
    """The columns, the key, the guards."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    number = "INTEGER" if sqlite else "BIGINT"
    op.execute(f"ALTER TABLE papers ADD COLUMN registered_for {number}")
    op.execute(f"ALTER TABLE seats ADD COLUMN granted_by {number}")
    op.create_index("ix_seats__granted_by", "seats", ["granted_by"])
    op.create_index(INDEX, "papers", list(CITED), unique=True)
    _granters()
    if sqlite:
        _rebuild(_with_key)
        _guards_on_sqlite()
    else:
        op.execute(f"ALTER TABLE decisions ADD {FOREIGN}")
        _guards_on_postgresql()


def downgrade() -> None:
    """None of them."""
    if op.get_bind().dialect.name == "sqlite":
        for rule in ("no_delete", "no_replace", *(one[0] for one in RULES)):
            op.execute(f"DROP TRIGGER guard_papers__{rule}")
        _rebuild(_without_key)
    else:
        for rule in ("no_delete", "no_truncate"):
            op.execute(f"DROP TRIGGER guard_papers__{rule} ON papers")
        for rule, *_rest in RULES:
            op.execute(f"DROP FUNCTION guard_papers_{rule}() CASCADE")
        op.execute(f"ALTER TABLE decisions DROP CONSTRAINT {KEY}")
    op.drop_index(INDEX, "papers")
    op.drop_index("ix_seats__granted_by", "seats")
    op.execute("ALTER TABLE seats DROP COLUMN granted_by")
    op.execute("ALTER TABLE papers DROP COLUMN registered_for")
