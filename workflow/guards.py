"""The triggers that keep what may not change: their names, and which of them a database lacks.

The migrations create them; this list is written apart from them, so that the one is held against the other at start-up
and after every migration. On PostgreSQL a guard counts only while it fires always, also for a replication role.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

FIRST_REVISION = "0002"

APPEND_ONLY = (
    "records", "decisions", "dossiers", "worksheets", "attachments", "case_actors", "round_seats", "postings",
    "admin_records", "seals", "seal_heads", "recusals", "comments", "definitions", "enacted_rules", "rule_impacts",
    "bank_accounts", "bank_account_answers", "register_files", "register_file_answers",
)  # fmt: skip
GUARDED = (*APPEND_ONLY, "bank_account_numbers", "answers", "rounds", "cases", "journals", "papers")
NEVER_REPLACED = tuple(name for name in GUARDED if name not in ("answers", "attachments"))
LATER = {
    "admin_records": "0003", "seals": "0004", "seal_heads": "0004", "recusals": "0006", "comments": "0006",
    "definitions": "0006", "enacted_rules": "0007", "rule_impacts": "0007",
    "bank_accounts": "0008", "bank_account_answers": "0008", "bank_account_numbers": "0012",
    "register_files": "0009", "register_file_answers": "0009", "papers": "0010",
}  # fmt: skip
OWN_RULES = frozenset(
    {
        "guard_cases__fixed",
        "guard_rounds__fixed",
        "guard_answers__answered",
        "guard_records__chained",
        "guard_bank_account_numbers__fixed",
        "guard_journals__opened",
        "guard_journals__sealing",
        "guard_postings__unsealed",
        "guard_seals__chained",
        "guard_papers__opened",
        "guard_papers__closing",
    }
)

_PRESENT = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = current_schema()::regnamespace"
    ),
}


def manifest(dialect: str) -> set[str]:
    """The names of every trigger a database of this kind (``sqlite`` or ``postgresql``) must have."""
    names = {f"guard_{name}__no_delete" for name in GUARDED} | {f"guard_{name}__no_update" for name in APPEND_ONLY}
    if dialect == "sqlite":
        names |= {f"guard_{name}__no_replace" for name in NEVER_REPLACED}
    else:
        names |= {f"guard_{name}__no_truncate" for name in GUARDED}
    return names | OWN_RULES


def missing(connection: Connection) -> list[str]:
    """The guards this database lacks, has on another table or has switched off, by name; empty when all stand."""
    dialect = connection.dialect.name
    rows = connection.execute(text(_PRESENT[dialect]))
    standing = {name for name, table in rows if name.startswith(f"guard_{table}__")}
    return sorted(manifest(dialect) - standing)


def check_after_migration(connection: Connection, heads: Collection[str]) -> None:
    """Raises ``RuntimeError``, which undoes the migration, where it left a guard out or, gone down, left one behind."""
    if not heads or max(heads) < FIRST_REVISION:
        return
    not_yet = tuple(f"guard_{table}__" for table, revision in LATER.items() if max(heads) < revision)
    lacking = [name for name in missing(connection) if not name.startswith(not_yet)]
    if lacking:
        raise RuntimeError(f"迁移后缺少防改触发器：{lacking}。Guards are missing after the migration.")
