"""The calendar of working days: notices of the State Council imported, deadlines recomputed, years shown."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of the calendar."""
    from workflow.calendar import views

    app.register_blueprint(views.blueprint)
