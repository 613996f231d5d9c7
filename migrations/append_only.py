"""The guards of a table that only grows, as every migration since the third writes them."""

from __future__ import annotations

from alembic import op


def keep(table: str, title: str, same_row: str) -> None:
    """Triggers that refuse change, deletion and replacement of the rows of ``table``, which people call ``title``.

    ``same_row`` says when a row about to be inserted has the name of one already there: on SQLite it would replace
    that one past the triggers of deletion. PostgreSQL refuses by the key's name itself, and is also kept from
    emptying the table; its triggers fire for a replication role as well.
    """
    refusal = f"{title}只增不改，不能修改、删除或覆盖（{table}）。{table} is append-only."
    if op.get_bind().dialect.name == "sqlite":
        there = f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_row})"
        for rule, when, condition in (("delete", "DELETE", ""), ("update", "UPDATE", ""), ("replace", "INSERT", there)):
            op.execute(
                f"CREATE TRIGGER guard_{table}__no_{rule} BEFORE {when} ON {table} FOR EACH ROW{condition}"
                f" BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )
        return
    for when, each in (("DELETE", "ROW"), ("UPDATE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = f"guard_{table}__no_{when.lower()}"
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION guard_refuse('{refusal}')"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
