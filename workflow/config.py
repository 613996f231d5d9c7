"""Settings, read from the environment once; nothing else in the house reads it for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

DEFAULT_DATABASE = "sqlite:///var/gongzhi.sqlite"
TOP = Path(__file__).resolve().parent.parent


def settings_from_environment() -> dict[str, Any]:
    """The settings of a running house: database, files, secret and whether it stands behind HTTPS."""
    found: dict[str, Any] = {"DATABASE_URL": database_url()}
    if secret := os.environ.get("GONGZHI_SECRET_KEY"):
        found["SECRET_KEY"] = secret
    if os.environ.get("GONGZHI_HTTPS") == "1":
        found["SESSION_COOKIE_SECURE"] = True
    return found


def bank_keys_given() -> list[str]:
    """The keys of account numbers that ``GONGZHI_BANK_KEYS`` gives, the newest first; none where they lie in a file."""
    return [one for one in os.environ.get("GONGZHI_BANK_KEYS", "").replace(",", " ").split() if one]


def bank_key_file() -> Path:
    """Where the keys of account numbers lie: ``GONGZHI_BANK_KEY_FILE``, else ``var/bank_keys``."""
    return Path(os.environ.get("GONGZHI_BANK_KEY_FILE") or TOP / "var" / "bank_keys")


def database_url() -> str:
    """``GONGZHI_DATABASE_URL``, else a SQLite file under ``var/``."""
    url = os.environ.get("GONGZHI_DATABASE_URL", DEFAULT_DATABASE)
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////") and ":memory:" not in url:
        return f"sqlite:///{Path(url.removeprefix('sqlite:///')).resolve()}"
    return url
