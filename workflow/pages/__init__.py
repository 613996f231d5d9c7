"""Pages every stage shares: home, inbox, consortia, and the page of a case."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the shared pages and what every page shows."""
    from workflow.pages import (
        act_views,
        bulk_views,
        case_views,
        context,
        difference_views,
        jobs_views,
        rules_views,
        views,
        workbook_views,
    )
    from workflow.trail import views as trail_views

    context.init_app(app)
    shared = (views, bulk_views, case_views, act_views, difference_views, rules_views, jobs_views, workbook_views)
    for module in (*shared, trail_views):
        app.register_blueprint(module.blueprint)
