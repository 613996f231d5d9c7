"""A register of insured people is brought in for a county of the story, and waits for the reviewer to confirm it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flask import current_app, has_app_context
from sqlalchemy import Connection

from governance.roles import Role
from workflow import clock
from workflow.organisations.office import Office
from workflow.register import commands
from workflow.register.views import deployment_secret
from workflow.story.cast import BEIHE, CITY, body_code
from workflow.story.player import Diary, Player, Scene

PERIOD = "2027"
PEOPLE = (("beihe-a", 37), ("beihe-b", 23))
HEADER = "person,pool,consortium,county,since,until,change"
NOBODYS_SECRET = b"sample people of the story"


def imported(diary: Diary) -> Iterator[Scene]:
    """The agency's clerk imports next year's sample register."""
    yield Scene(
        clock.moment(diary.on(2026, 11, 18), 10), f"register:{BEIHE}:{PERIOD}", _import,
        f"导入北河县 {PERIOD} 年参保人归属名册（样例），待复核",
    )


def content() -> bytes:
    """A file of people nobody is, sixty of them."""
    codes = [code for code, heads in PEOPLE for _head in range(heads)]
    lines = [f"SAMPLE{number:06d},resident,{code},{BEIHE},2027-01-01,," for number, code in enumerate(codes, start=1)]
    return "\n".join((HEADER, *lines, "")).encode()


def _import(player: Player) -> None:
    clerk = player.actor(body_code("agency", CITY), Role.AGENCY_CLERK).person_id
    secret = deployment_secret() if has_app_context() and current_app.config.get("SECRET_KEY") else NOBODYS_SECRET

    def brought(connection: Connection, at: datetime) -> int:
        return commands.import_file(
            connection, office=Office(clerk, frozenset({CITY})), at=at, place=BEIHE, period=PERIOD,
            content=content(), name=f"样例名册-{PERIOD}.csv", secret=secret,
        )  # fmt: skip

    player.once({"register": BEIHE, "period": PERIOD}, brought)
