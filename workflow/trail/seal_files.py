"""Seals outside the database: one line a day in a yearly file that only grows; who keeps a copy is a witness."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from governance.refusal import Refused
from workflow import rules
from workflow.attempt import refuse
from workflow.i18n import lazy as _
from workflow.occurrences import Due
from workflow.trail import verifier
from workflow.trail.sealing import each_seal, last_seal

SETTING = "GONGZHI_SEALS"


def folder(connection: Connection) -> Path | None:
    """Where this database's seals go: ``GONGZHI_SEALS``, else ``var/seals``; a demo's seals go nowhere unless told."""
    chosen = os.environ.get(SETTING)
    if chosen is None and rules.is_demo(connection):
        return None
    return Path(chosen or "var/seals")


def last_line(kept: Path) -> tuple[dict[str, Any] | None, str]:
    """The last whole line kept in ``kept`` and the beginning of a line that a crash cut off after it."""
    fragment = ""
    for path in sorted(kept.glob("[0-9][0-9][0-9][0-9].jsonl"), reverse=True):
        *lines, rest = path.read_text(encoding="utf-8").split("\n")
        fragment = fragment or rest
        if lines:
            return json.loads(lines[-1]), fragment
    return None, fragment


def due(connection: Connection, at: datetime) -> list[Due]:
    """The newest sealed day, where the files do not have it yet."""
    kept, last = folder(connection), last_seal(connection)
    if kept is None or last is None:
        return []
    written, _fragment = last_line(kept)
    if written is not None and written["day"] >= last.day.isoformat():
        return []
    return [Due(0, last.day.isoformat(), at)]


def write(connection: Connection, _due: Due | None = None, _at: datetime | None = None) -> int:
    """Append every seal that the files lack and wait until they are on the disk; returns how many lines that were.

    Raises ``Refused``, with nothing written, where the files hold the seals of another database or another past.
    """
    kept = folder(connection)
    if kept is None:
        return 0
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written, fragment = last_line(kept)
        since = date.fromisoformat(written["day"]) if written else None
        lines = list(each_seal(connection, since))
        if written is not None and (not lines or lines.pop(0)["hash"] != written["hash"]):
            raise _another_past(kept, written["day"])
        _append(kept, lines, fragment)
    return len(lines)


def _append(kept: Path, lines: list[dict[str, Any]], fragment: str) -> None:
    for line in lines:
        text = verifier.canonical(line)
        if not text.startswith(fragment):
            raise _another_past(kept, line["day"])
        path = kept / f"{line['day'][:4]}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(text[len(fragment):] + "\n")
            file.flush()
            os.fsync(file.fileno())
        fragment = ""
    if lines:
        handle = os.open(kept, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def _another_past(kept: Path, day: str) -> Refused:
    return refuse(
        _("封印文件 %(folder)s 中 %(day)s 的封印与数据库不一致，没有写入；请核对是否换过数据库或恢复过备份",
          folder=str(kept), day=day),
        who=_("系统管理"),
    )


