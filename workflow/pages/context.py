"""What every page shows: who looks, the day, the demo mark and the number of open tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, g
from flask_login import current_user
from sqlalchemy import Connection, Engine, Text, cast, literal, select

from governance.roles import Role
from workflow import clock, enacted, occurrences, rules
from workflow.calendar_days import CALENDAR_VERSION, heed_version
from workflow.inbox.counts import said, unread_count
from workflow.inbox.posts import desk_of
from workflow.model import settings
from workflow.pages import words

_UNREAD = "inbox.unread"
SILENCE = timedelta(minutes=5)
WATCHERS = (Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD, Role.ADMINISTRATOR, Role.RULES_OFFICER)


def engine() -> Engine:
    """The engine of the running application."""
    found: Engine = current_app.extensions["gongzhi.engine"]
    return found


def connection() -> Connection:
    """The reading connection of this request; undone and given back at its end."""
    if "connection" not in g:
        g.connection = engine().connect()
    found: Connection = g.connection
    return found


def told() -> Mapping[str, str]:
    """What this database says of itself, read once for this request: demo mark, demo clock, the scheduler's beat.

    Beside it, in the same question, how many notices the viewer has not read.
    """
    if "told" not in g:
        query = select(settings.c.name, settings.c.value)
        if current_user and current_user.is_authenticated and current_user.seats:
            number = cast(unread_count(desk_of(current_user)), Text)
            query = query.union_all(select(literal(_UNREAD).label("name"), number.label("value")))
        g.told = {row.name: row.value for row in connection().execute(query)}
        heed_version(connection(), g.told.get(CALENDAR_VERSION, ""))
        enacted.heed(connection(), g.told.get(enacted.VERSION, ""))
    found: Mapping[str, str] = g.told
    return found


def unread() -> int:
    """How many notices the viewer has not read; the number beside the inbox, and the one its box says."""
    return int(told().get(_UNREAD, "0"))


def now() -> datetime:
    """The moment that counts for this request."""
    return clock.moment_told(told().get(clock.DEMO_CLOCK))


def is_demo() -> bool:
    """Whether this database carries the demo mark."""
    return told().get(rules.DEMO_MARK) == "1"


def _close(_error: BaseException | None = None) -> None:
    found = g.pop("connection", None)
    if found is not None:
        found.rollback()
        found.close()


def scheduler_stopped(viewer: Any) -> SimpleNamespace | None:
    """For those who can mend it: since how many minutes the scheduler has been silent; ``None`` while it works.

    ``minutes`` is ``None`` where it has never run.
    """
    if viewer is None or not viewer.has_role(*WATCHERS):
        return None
    beaten = told().get(occurrences.HEARTBEAT)
    if beaten is None:
        return SimpleNamespace(minutes=None)
    silent = clock.real_now() - datetime.fromisoformat(beaten)
    return SimpleNamespace(minutes=silent // timedelta(minutes=1)) if silent > SILENCE else None


def init_app(app: Flask) -> None:
    """Give templates what base.html needs."""
    app.teardown_appcontext(_close)

    @app.context_processor
    def shared() -> dict[str, Any]:
        viewer = current_user if current_user and current_user.is_authenticated else None
        return {
            "viewer": viewer,
            "demo": is_demo(),
            "scheduler": None if is_demo() else scheduler_stopped(viewer),
            "today": clock.day_of(now()),
            "inbox_count": said(unread()),
            "stage_words": words,
        }
