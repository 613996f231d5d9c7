"""Stored worksheets calculated again from what is stored with them, to show that they still come out the same."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the page on which a stored worksheet is calculated again."""
    from workflow.recalculating import views

    app.register_blueprint(views.blueprint)
