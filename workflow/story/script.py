"""The script: every consortium's line, merged into one timeline that ends on 2026-11-23 with work left to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from workflow.db import writing
from workflow.story import agreements, cast, months, plans, recognition, years
from workflow.story.player import Diary, Scene, daily_ticks, merged

FIRST_DAY, LAST_DAY = date(2024, 1, 2), date(2026, 11, 23)


def scenes(engine: Engine) -> list[Scene]:
    """The whole story as one timeline, on the calendar of this database; creates the cast where it is missing."""
    with writing(engine) as connection:
        cast.assemble(connection)
    diary = Diary(engine)
    lines = [years.suixi(diary), years.consortium_a(diary), years.consortium_b(diary), years.consortium_c(diary),
             years.consortium_d(diary), years.consortium_e(diary)]
    end = list(daily_ticks(FIRST_DAY, LAST_DAY))
    told = merged(*lines, end)
    late = [scene.key for scene in told if scene.at.date() > LAST_DAY + timedelta(days=1)]
    if late:
        raise ValueError(f"scenes after the story's end: {late[:5]}")
    return told


def name_of(scene: Scene) -> str:
    """The consortium a scene is about, as people call it."""
    troupe = cast.BY_CODE.get(scene.key.split(":", 1)[0])
    return troupe.name if troupe else ""


def _months(code: str, year: int, states: dict[int, str], upto: int = 12) -> Iterator[tuple[tuple[str, str, str], str]]:
    for month in range(1, upto + 1):
        yield (code, "settlement", f"{year}-{month:02d}"), states.get(month, "closed")


TOLD: dict[tuple[str, str, str], str] = {}

__all__ = ["TOLD", "Any", "agreements", "months", "name_of", "plans", "recognition", "scenes"]
