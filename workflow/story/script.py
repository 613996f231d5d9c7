"""The script: every consortium's line, merged into one timeline that ends on 2026-11-23 with work left to do."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Engine

from workflow.db import writing
from workflow.story import banked, cast, circulated, registered, ruled, years
from workflow.story.player import Diary, Scene, daily_ticks, merged

Told = dict[tuple[str, str, str], str]
FIRST_DAY, LAST_DAY = date(2024, 1, 2), date(2026, 11, 23)


def scenes(engine: Engine) -> list[Scene]:
    """The whole story as one timeline, on the calendar of this database; creates the cast where it is missing."""
    with writing(engine) as connection:
        cast.assemble(connection)
    diary = Diary(engine)
    lines = [
        years.suixi(diary), years.consortium_a(diary), years.consortium_b(diary), years.consortium_c(diary),
        years.consortium_d(diary), years.consortium_e(diary), circulated.sent_round(),
        banked.through_the_bank(diary), registered.imported(diary), ruled.changed(diary),
    ]
    told = merged(*lines, daily_ticks(FIRST_DAY, LAST_DAY))
    late = [scene.key for scene in told if scene.at.date() > LAST_DAY + timedelta(days=1)]
    if late:
        raise ValueError(f"scenes after the story's end: {late[:5]}")
    return told


def name_of(scene: Scene) -> str:
    """The consortium a scene is about, as people call it."""
    troupe = cast.BY_CODE.get(scene.key.split(":", 1)[0])
    return troupe.name if troupe else ""


def _months(code: str, year: int, left: dict[int, str] | None = None, upto: int = 12) -> Told:
    """What is told of a year's months: closed, but for those the story leaves in another state."""
    return {
        (code, "settlement", f"{year}-{month:02d}"): (left or {}).get(month, "closed") for month in range(1, upto + 1)
    }


def _cleared(code: str, year: int, plan: str) -> Told:
    """What is told of a year that has been assessed and cleared, and of its plan."""
    return {
        (code, "budget", str(year)): "closed",
        (code, "assessment", f"{year}-fund"): "final",
        (code, "assessment", f"{year}-contribution"): "final",
        (code, "clearing", str(year)): "closed",
        (code, "surplus_plan", str(year)): plan,
    }


def _running(code: str) -> Told:
    """What is told of a consortium that is in its second year."""
    return {
        (code, "agreement", "2025"): "renewed",
        (code, "agreement", "2026"): "expiring",
        (code, "agreement", "2027"): "authorising",
        (code, "budget", "2026"): "issued",
        (code, "budget", "2027"): "drafting",
        (code, "self_assessment", "2025"): "drafting",
    }


def _suixi(code: str) -> Told:
    """What is told of a consortium of 濉溪: the year 2024 from beginning to end."""
    return {
        (code, "takeover", ""): "confirmed",
        (code, "agreement", "2024"): "expired",
        (code, "agreement", "2025"): "drafting",
        (code, "budget", "2025"): "drafting",
        (code, "self_assessment", "2024"): "drafting",
        **_months(code, 2024),
        **_cleared(code, 2024, "completed"),
    }


TOLD: Told = {
    (f"rules:{cast.CITY}", "rule_change", "2026-001"): "enacted",
    **_suixi("suixi-1"),
    **_suixi("suixi-2"),
    ("beihe-a", "self_assessment", "2024"): "filed",
    ("beihe-a", "city_ruling", "2024"): "confirmed",
    **_running("beihe-a"),
    ("beihe-a", "budget", "2027"): "consulted",
    ("beihe-a", "prepayment", "2026"): "advanced", ("beihe-b", "prepayment", "2026"): "advanced",
    **_months("beihe-a", 2025),
    **_cleared("beihe-a", 2025, "completed"),
    **_months("beihe-a", 2026, {9: "paid_to_lead", 10: "calculated"}, 10),
    ("beihe-b", "self_assessment", "2024"): "filed",
    ("beihe-b", "city_ruling", "2024"): "confirmed",
    **_running("beihe-b"),
    **_months("beihe-b", 2025),
    **_cleared("beihe-b", 2025, "completed"),
    **_months("beihe-b", 2026, {9: "approved", 10: "declaring"}, 10),
    ("qingxi-c", "self_assessment", "2024"): "filed",
    ("qingxi-c", "city_ruling", "2024"): "not_recognised",
    ("qingxi-c", "self_assessment", "2026"): "endorsing",
    ("qingxi-d", "takeover", ""): "confirmed",
    **_running("qingxi-d"),
    **_months("qingxi-d", 2025),
    **_cleared("qingxi-d", 2025, "consultation"),
    **_months("qingxi-d", 2026, {3: "paid_to_lead", 9: "reviewed", 10: "declaring"}, 10),
    ("qingxi-e", "self_assessment", "2026"): "filed",
    ("qingxi-e", "city_ruling", "2026"): "under_review",
}
