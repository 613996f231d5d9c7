"""The measurement of a step measures the same work on both sides; how fast it is, `make bench` says."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.benchmarks import steps
from tests.kernel.sample_stage import registered


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_both_sides_leave_the_same_rows(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    from workflow.db import make_engine

    engine: Engine = make_engine(url)
    driver = steps.OnSqlite(url) if kind == "sqlite" else steps.OnPostgresql(url.replace("+psycopg", ""))
    try:
        with registered():
            found = steps.measure(engine, driver, rounds=1)
        assert found["value"] > 0
        assert found["ratio"] > 0
    finally:
        driver.connection.close()
        engine.dispose()
