"""Settings, read from the environment once; nothing else in the house reads it for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

DEFAULT_DATABASE = "sqlite:///var/gongzhi.sqlite"


def settings_from_environment() -> dict[str, Any]:
    """The settings of a running house: database, files, secret and whether it stands behind HTTPS."""
    found: dict[str, Any] = {"DATABASE_URL": database_url()}
    if secret := os.environ.get("GONGZHI_SECRET_KEY"):
        found["SECRET_KEY"] = secret
    if os.environ.get("GONGZHI_HTTPS") == "1":
        found["SESSION_COOKIE_SECURE"] = True
    return found


def database_url() -> str:
    """``GONGZHI_DATABASE_URL``, else a SQLite file under ``var/``."""
    url = os.environ.get("GONGZHI_DATABASE_URL", DEFAULT_DATABASE)
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////") and ":memory:" not in url:
        return f"sqlite:///{Path(url.removeprefix('sqlite:///')).resolve()}"
    return url
