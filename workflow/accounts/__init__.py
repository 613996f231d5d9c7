"""Signing in: people, sessions kept on the server, and the demo's one-click entry."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the sign-in pages to ``app`` and read the signed-in person from the session row on every request."""
    from workflow.accounts import passwords, views

    passwords.warm_up()
    views.login_manager.init_app(app)
    app.register_blueprint(views.blueprint)
    app.context_processor(views.page_words)
