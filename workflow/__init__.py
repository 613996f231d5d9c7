"""What happened, who did it, when: the workbench around the rules."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

# In this order: languages and security come before the pages that need them.
PARTS = (
    "i18n", "security", "accounts", "pages", "inbox", "organisations", "banking", "reconciliation", "calendar", "flows",
    "what_if", "recalculating", "register", "year_pack", "documents", "cli",
)  # fmt: skip
TOP = Path(__file__).resolve().parent.parent


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The web application on the database of ``DATABASE_URL``; raises at start when a route declares no access."""
    from workflow import security, stages
    from workflow.config import settings_from_environment
    from workflow.db import make_engine

    app = Flask(__name__, template_folder=str(TOP / "templates"), static_folder="static")
    app.config.from_mapping(settings_from_environment() | dict(config or {}))
    app.extensions["gongzhi.engine"] = make_engine(app.config["DATABASE_URL"])
    stages.load()
    for name in PARTS:
        importlib.import_module(f"workflow.{name}").init_app(app)
    security.check_access(app)
    return app
