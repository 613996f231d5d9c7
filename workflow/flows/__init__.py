"""Each stage's machine drawn from its own table, and where cases get stuck."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of flows."""
    from workflow.flows import views

    app.register_blueprint(views.blueprint)
