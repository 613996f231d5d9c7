"""What waits for whom: the boxes of a person, filters that are kept, drafts, and the sheet of an office."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add home, inbox, drafts and the two-week sheet."""
    from workflow.inbox import draft_views, sheet_views, views

    for module in (views, draft_views, sheet_views):
        app.register_blueprint(module.blueprint)
