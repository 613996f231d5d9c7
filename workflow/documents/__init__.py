"""What leaves the system on paper to be signed, and how a signed paper is held against what is kept."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the prints and the page that checks them."""
    from workflow.documents import views

    app.register_blueprint(views.blueprint)
