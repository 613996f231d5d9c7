"""Organisations, the people who hold seats in them, consortia and their members; and the register that keeps them."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of the register."""
    from workflow.organisations import consortium_views, views

    for module in (views, consortium_views):
        app.register_blueprint(module.blueprint)
