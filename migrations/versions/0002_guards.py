"""Guards in the database: what was decided, recorded or booked stays as it is, whoever writes SQL.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Each guarded table and what people call it; the last four change under rules of their own, the others never.
TITLES = {
    "records": "办理记录",
    "decisions": "意见与表决",
    "dossiers": "案卷版本",
    "worksheets": "计算表",
    "attachments": "附件",
    "case_actors": "岗位经办人",
    "round_seats": "表决席位",
    "postings": "凭证分录",
    "answers": "已答复的提交",
    "rounds": "表决轮次",
    "cases": "案件",
    "journals": "记账凭证",
}
CHANGED_UNDER_RULES = ("answers", "rounds", "cases", "journals")

# What makes a row "already there", in SQLite's words. The same duty taken twice by one person is no change, and
# answers are written with ON CONFLICT DO NOTHING, which such a trigger would turn into an error, as attachments may be.
ALREADY = {
    "records": "case_id = NEW.case_id AND seq = NEW.seq",
    "decisions": "id = NEW.id OR (case_id = NEW.case_id AND round_no = NEW.round_no"
    " AND link = NEW.link AND seat_key = NEW.seat_key)",
    "dossiers": "case_id = NEW.case_id AND version = NEW.version",
    "worksheets": "case_id = NEW.case_id AND version = NEW.version",
    "case_actors": "case_id = NEW.case_id AND person_id = NEW.person_id AND duty <> NEW.duty",
    "round_seats": "case_id = NEW.case_id AND round_no = NEW.round_no AND seat_key = NEW.seat_key",
    "postings": "journal_id = NEW.journal_id AND line = NEW.line",
    "rounds": "case_id = NEW.case_id AND round_no = NEW.round_no",
    "cases": "id = NEW.id",
    "journals": "id = NEW.id OR biz_key = NEW.biz_key OR (book = NEW.book AND year = NEW.year AND number = NEW.number)",
}


def _kept(*columns: str) -> str:
    """That one of ``columns``, none of which may be null, would change."""
    return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in columns)


CASE_CHANGED = _kept("id", "stage", "consortium_id", "pool", "period", "serial") + " OR NEW.record_seq < OLD.record_seq"
CASE_MESSAGE = (
    "案件的事项、医共体、资金池、期间、序号不能修改，记录序号只增不减。"
    " A case keeps what it is about, and its record number never falls."
)

ROUND_CHANGED = (
    _kept("case_id", "round_no", "ballot", "subject_hash", "dossier_version", "opened_at")
    + " OR (OLD.outcome <> 'open' AND (NEW.outcome <> OLD.outcome"
    " OR coalesce(NEW.closed_at, '') <> coalesce(OLD.closed_at, '')))"
)
ROUND_MESSAGE = (
    "表决轮次的内容不能修改，已有结果的不能再改结果。 A round keeps its subject, and its outcome once it has one."
)

LINES = "FROM postings WHERE journal_id = OLD.id"
SEALING = (
    "OLD.sealed <> 0 OR NEW.sealed <> 1 OR "
    + _kept("id", "book", "year", "number", "biz_key", "case_id", "memo", "at")
    + f" OR (SELECT count(*) {LINES}) < 2 OR (SELECT sum(fen) {LINES}) <> 0"
)
SEALING_MESSAGE = (
    "凭证只能封存一次，封存时至少两条分录且借贷平衡，其他内容不能修改。"
    " A journal is only sealed, once, with two lines or more that balance."
)
OPENED_MESSAGE = "凭证须先以未封存状态写入。A journal is written unsealed."
UNSEALED_MESSAGE = "分录只能写入未封存的凭证。Lines go into unsealed journals only."
ANSWERED = "OLD.answer <> '' OR " + _kept("key", "body_hash", "at")
ANSWERED_MESSAGE = "一次提交只答复一次，答复后不能修改。 A request is answered once, and the answer stays."
CHAIN_MESSAGE = (
    "办理记录须紧接上一条：序号加一，且带上一条的哈希。A record follows the last one: next number, its hash."
)

LAST_RECORD = "FROM records WHERE case_id = NEW.case_id ORDER BY seq DESC LIMIT 1"
UNCHAINED = (
    f"NEW.seq <> coalesce((SELECT seq {LAST_RECORD}), 0) + 1"
    f" OR NEW.prev_hash <> coalesce((SELECT hash {LAST_RECORD}), '')"
)
OPEN_JOURNAL = "EXISTS (SELECT 1 FROM journals WHERE id = NEW.journal_id AND sealed = 0)"

# table, rule, moment, when it is broken, what is said
RULES = (
    ("cases", "fixed", "UPDATE", CASE_CHANGED, CASE_MESSAGE),
    ("rounds", "fixed", "UPDATE", ROUND_CHANGED, ROUND_MESSAGE),
    ("answers", "answered", "UPDATE", ANSWERED, ANSWERED_MESSAGE),
    ("records", "chained", "INSERT", UNCHAINED, CHAIN_MESSAGE),
    ("journals", "opened", "INSERT", "NEW.sealed <> 0", OPENED_MESSAGE),
    ("journals", "sealing", "UPDATE", SEALING, SEALING_MESSAGE),
    ("postings", "unsealed", "INSERT", f"NOT {OPEN_JOURNAL}", UNSEALED_MESSAGE),
)


def _refusal(table: str) -> str:
    if table in CHANGED_UNDER_RULES:
        return f"{TITLES[table]}不能删除或覆盖（{table}）。{table}: nothing may be deleted or replaced."
    return f"{TITLES[table]}只增不改，不能修改、删除或覆盖（{table}）。{table} is append-only."


def _say(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)


def _sqlite(table: str, rule: str, when: str, broken: str, message: str) -> None:
    condition = f" WHEN {broken}" if broken else ""
    _say(
        f"CREATE TRIGGER guard_{table}__{rule} BEFORE {when} ON {table} FOR EACH ROW{condition}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _on_sqlite() -> None:
    for table in TITLES:
        _sqlite(table, "no_delete", "DELETE", "", _refusal(table))
        if table not in CHANGED_UNDER_RULES:
            _sqlite(table, "no_update", "UPDATE", "", _refusal(table))
        if table in ALREADY:
            those = f"FROM {table} WHERE {ALREADY[table]}"
            _sqlite(table, "no_replace", "INSERT", f"EXISTS (SELECT 1 {those})", _refusal(table))
    for rule in RULES:
        _sqlite(*rule)


def _function(name: str, body: str) -> None:
    """A trigger function whose tables cannot be shadowed by temporary ones: pg_temp is looked at last."""
    schema = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    _say(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp"
        f" AS $guard$ BEGIN {body} END $guard$"
    )


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION USING MESSAGE = {message}, ERRCODE = 'integrity_constraint_violation';"


def _postgresql(table: str, rule: str, when: str, call: str, each: str = "ROW") -> None:
    name = f"guard_{table}__{rule}"
    _say(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {call}")
    _say(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _on_postgresql() -> None:
    _function("guard_refuse", _raise("TG_ARGV[0]"))
    for table in TITLES:
        call = f"guard_refuse('{_refusal(table)}')"
        _postgresql(table, "no_delete", "DELETE", call)
        _postgresql(table, "no_truncate", "TRUNCATE", call, "STATEMENT")
        if table not in CHANGED_UNDER_RULES:
            _postgresql(table, "no_update", "UPDATE", call)
    for table, rule, when, broken, message in RULES:
        # The lock makes a line and the sealing of its journal wait for each other.
        first = "PERFORM 1 FROM journals WHERE id = NEW.journal_id FOR SHARE;" if rule == "unsealed" else ""
        refuse = _raise(f"'{message}'")
        _function(f"guard_{table}_{rule}", f"{first} IF {broken} THEN {refuse} END IF; RETURN NEW;")
        _postgresql(table, rule, when, f"guard_{table}_{rule}()")


def upgrade() -> None:
    """Every guard of ``workflow.guards.manifest``."""
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def downgrade() -> None:
    """No guards."""
    if op.get_bind().dialect.name != "sqlite":
        for name in ("guard_refuse", *(f"guard_{table}_{rule}" for table, rule, *_rest in RULES)):
            _say(f"DROP FUNCTION {name}() CASCADE")
        return
    for table in TITLES:
        for name in ("no_delete", "no_update", "no_replace"):
            _say(f"DROP TRIGGER IF EXISTS guard_{table}__{name}")
    for table, rule, *_rest in RULES:
        _say(f"DROP TRIGGER guard_{table}__{rule}")
