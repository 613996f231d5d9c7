"""What happened, who did it, when: the workbench around the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

TOP = Path(__file__).resolve().parent.parent


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The web application on the database of ``DATABASE_URL``; raises at start when a route declares no access."""
    from workflow import (
        accounts,
        banking,
        calendar,
        cli,
        documents,
        flows,
        i18n,
        inbox,
        organisations,
        pages,
        reconciliation,
        security,
        stages,
        what_if,
    )
    from workflow.config import settings_from_environment
    from workflow.db import make_engine

    app = Flask(__name__, template_folder=str(TOP / "templates"), static_folder="static")
    app.config.from_mapping(settings_from_environment() | dict(config or {}))
    app.extensions["gongzhi.engine"] = make_engine(app.config["DATABASE_URL"])
    stages.load()
    i18n.init_app(app)
    security.init_app(app)
    accounts.init_app(app)
    pages.init_app(app)
    inbox.init_app(app)
    organisations.init_app(app)
    banking.init_app(app)
    reconciliation.init_app(app)
    calendar.init_app(app)
    flows.init_app(app)
    what_if.init_app(app)
    documents.init_app(app)
    cli.init_app(app)
    security.check_access(app)
    return app
