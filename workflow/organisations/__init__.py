"""Organisations, the people who hold seats in them, consortia and their members; and the register that keeps them."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of the register."""
    from workflow.organisations import acting_for_views, consortium_views, views

    for module in (views, consortium_views, acting_for_views):
        app.register_blueprint(module.blueprint)
