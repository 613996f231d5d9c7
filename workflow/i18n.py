"""Chinese and English: messages are written in Chinese, the English catalogue lies in ``translations``."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from flask import Flask, has_request_context, session
from flask.cli import AppGroup
from flask_babel import Babel, gettext, ngettext
from flask_babel import lazy_gettext as lazy

from governance import money
from workflow import clock

__all__ = [
    "LANGUAGES", "_", "day_text", "gettext", "init_app", "language", "lazy", "moment_text", "ngettext", "wan", "yuan",
]  # fmt: skip

_ = gettext
LANGUAGES = ("zh", "en")
NONE = "—"
FOLDER = Path(__file__).resolve().parent / "translations"
_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_FEN_PER_WAN = 1_000_000

catalogue = AppGroup("translations", help="英文目录 / the English catalogue: update, compile.")


def language() -> str:
    """The reader's language, ``zh`` unless this browser chose ``en``."""
    chosen = session.get("language") if has_request_context() else None
    return chosen if chosen in LANGUAGES else "zh"


def init_app(app: Flask) -> None:
    """Give ``app`` its languages, the filters ``yuan wan day moment``, and ``flask translations``."""
    app.config["BABEL_DEFAULT_LOCALE"] = _LOCALES["zh"]
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(FOLDER)
    Babel(app, locale_selector=lambda: _LOCALES[language()])
    app.jinja_env.filters.update(yuan=yuan, wan=wan, day=day_text, moment=moment_text)
    app.cli.add_command(catalogue)


def yuan(fen: int | None) -> str:
    """``fen`` as yuan, ``1,234.50``; a dash for no amount."""
    return NONE if fen is None else money.yuan(fen)


def wan(fen: int | None) -> str:
    """``fen`` as ten thousand yuan, rounded half up to two decimals, ``1,234.50``; a dash for no amount."""
    if fen is None:
        return NONE
    return f"{(Decimal(fen) / _FEN_PER_WAN).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def day_text(day: date | datetime | str | None) -> str:
    """A day with its weekday, ``2026-11-27 周五``; a moment gives its day in Shanghai; a dash for none."""
    if not day:
        return NONE
    if isinstance(day, str):
        day = datetime.fromisoformat(day) if "T" in day else date.fromisoformat(day)
    if isinstance(day, datetime):
        day = clock.day_of(day)
    return f"{day.isoformat()} {_WEEKDAYS[language()][day.weekday()]}"


def moment_text(at: datetime | str | None) -> str:
    """A moment to the minute in Shanghai, ``2026-11-27 09:30``; a dash for none."""
    if not at:
        return NONE
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")


@catalogue.command("update")
def update_catalogue() -> None:
    """Take new messages from the sources into the English catalogue."""
    template = str(FOLDER / "messages.pot")
    _pybabel(
        "extract", "-F", "pyproject.toml", "-k", "lazy", "--no-location", "--sort-output", "--omit-header",
        "-o", template, ".",
    )  # fmt: skip
    _pybabel(
        "update", "-i", template, "-d", str(FOLDER), "-l", "en", "--no-fuzzy-matching", "--ignore-obsolete",
        "-w", "120",
    )  # fmt: skip
    Path(template).unlink()


@catalogue.command("compile")
def compile_catalogue() -> None:
    """Compile the English catalogue; the result is committed, so that a fresh clone speaks English."""
    _pybabel("compile", "-d", str(FOLDER))


def _pybabel(*arguments: str) -> None:
    from babel.messages.frontend import CommandLineInterface

    CommandLineInterface().run(["pybabel", "-q", *arguments])
