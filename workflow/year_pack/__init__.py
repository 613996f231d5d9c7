"""What a city hands to its province for a year, and what it makes public: only what has been decided."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the year's pages, its workbook and its public notice."""
    from workflow.year_pack import views

    app.register_blueprint(views.blueprint)
