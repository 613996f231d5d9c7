"""The one DuckDB of a process: in memory, no extensions fetched, a cursor for each piece of work."""

from __future__ import annotations

import os
import threading

import duckdb

_databases: dict[int, duckdb.DuckDBPyConnection] = {}
_opening = threading.Lock()


def cursor() -> duckdb.DuckDBPyConnection:
    """A cursor of this process's DuckDB with its own temporary tables; safe in threads and after a fork."""
    process = os.getpid()
    with _opening:
        if process not in _databases:
            database = duckdb.connect(
                ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
            # Planning the tally takes three times as long with it, and the result is no faster.
            database.execute("SET disabled_optimizers = 'partial_aggregate_pushdown'")
            _databases[process] = database
        return _databases[process].cursor()


def quoted(text: str) -> str:
    """A text as an SQL literal, for the places where DuckDB takes no parameter (file names)."""
    return "'" + text.replace("'", "''") + "'"
