"""Reconciliation 对账 of a month: our figures, the agency's, the member's, the bank's; line by line, signed by both."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the page of a month's reconciliation."""
    from workflow.reconciliation import views

    app.register_blueprint(views.blueprint)
