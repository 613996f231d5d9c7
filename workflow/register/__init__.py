"""The register of insured people by period 参保人归属名册: where head counts come from."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of the register."""
    from workflow.register import views

    app.register_blueprint(views.blueprint)
