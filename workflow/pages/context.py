"""What every page shows: who looks, the day, the demo mark and the number of open tasks."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g
from flask_login import current_user
from sqlalchemy import Connection, Engine

from workflow import clock, rules
from workflow.pages import lists, words


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


def _close(_error: BaseException | None = None) -> None:
    found = g.pop("connection", None)
    if found is not None:
        found.rollback()
        found.close()


def init_app(app: Flask) -> None:
    """Give templates what base.html needs."""
    app.teardown_appcontext(_close)

    @app.context_processor
    def shared() -> dict[str, Any]:
        viewer = current_user if current_user and current_user.is_authenticated else None
        held = connection()
        return {
            "viewer": viewer,
            "demo": rules.is_demo(held),
            "today": clock.day_of(clock.now(held)),
            "inbox_count": lists.notice_count(held, viewer) if viewer else 0,
            "stage_words": words,
        }
