"""What-if: decided sheets run again with other facts and other rules, to be looked at; nothing is ever kept."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of what-if."""
    from workflow.what_if import city_views, mode_views, views

    for module in (views, mode_views, city_views):
        app.register_blueprint(module.blueprint)
