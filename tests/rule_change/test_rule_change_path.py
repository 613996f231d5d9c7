"""A rule change from its proposal to the month that is settled by it."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.rule_change.changing import city_with_month


def test_smoke(engine: Engine) -> None:
    city = city_with_month(engine)
    city.to_enacted()
    print(city.content())
    assert city.case.state == "enacted"
