"""A period's file of the register: imported by an agency clerk, confirmed by a reviewer, and then the head counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from workflow.attempt import refuse
from workflow.banking.rows import Reading
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.organisations.consortium_commands import set_insured
from workflow.organisations.model import consortia
from workflow.organisations.office import Office, begin, record, require_place
from workflow.register import counting, queries, storing
from workflow.register.model import register_file_answers, register_files
from workflow.register.reading import WHO, Term, read
from workflow.rules import place_chain, rulebook

REVIEWER = _("经办机构复核人")
LONGEST_NOTE = 500


def import_file(
    connection: Connection, *, office: Office, at: datetime, place: str, period: str, content: bytes, name: str,
    secret: bytes,
) -> int:  # fmt: skip
    """The number of a file that now waits for a reviewer; nothing is counted before that.

    ``secret`` is the deployment's: what is given as a plain identifier is kept as its keyed hash only. Raises
    ``Refused`` with every wrong row; then nothing at all is kept.
    """
    begin(connection)
    require_place(office, place)
    term = Term.of(period)
    person = _person(office)
    _require_none_waiting(connection, place, period)
    homes = _consortia_in(connection, place)
    rows = read(content, name, term=term, consortia=homes, counties=set(homes.values()), secret=secret)
    before = queries.before(connection, place, period)
    earlier = None if before is None else (_sound(before), Term.of(before.period))
    with counting.staged(rows) as database:
        reading = Reading(WHO)
        counting.note_twice(database, reading)
        counting.note_elsewhere(database, reading, _others(connection, office, place, period))
        reading.finish()
        if earlier is not None:
            counting.note_unexplained(database, reading, earlier, term)
            reading.finish()
        lines = counting.counted(database, term, earlier)
    sha256 = storing.frozen((row for _number, row in rows), place, period)
    _require_new(connection, place, period, sha256)
    compared = {"before": before.sha256, "before_period": before.period} if before else {"before": ""}
    body = {"counts": lines, **compared}
    values = {"place": place, "period": period, "sha256": sha256, "row_count": len(rows), "body": canonical(body)}
    query = register_files.insert().values(**values, imported_by=person, at=at).returning(register_files.c.id)
    number: int = connection.execute(query).scalar_one()
    record(connection, office, at, "import_register", {"file": number, **values, "body": body})
    return number


def answer_file(
    connection: Connection, *, office: Office, at: datetime, place: str, file: int, verdict: str, note: str = ""
) -> int:
    """Another person confirms a file, which brings its counts into the register of consortia, or refuses it."""
    begin(connection)
    row = queries.one(connection, file)
    if row is None or row.place != place or not office.covers(row.place):
        raise office.unknown(_("没有编号为 %(number)s 的名册", number=file), "file")
    person = _person(office)
    said = note.strip()[:LONGEST_NOTE]
    if row.verdict is not None:
        raise refuse(_("这份名册已经办理过"), field="verdict")
    if row.imported_by == person:
        raise refuse(_("导入和确认名册须由两人办理"), who=REVIEWER, field="verdict")
    if verdict not in ("confirmed", "refused"):
        raise refuse(_("请选择确认或不予确认"), field="verdict")
    if verdict == "refused" and not said:
        raise refuse(_("不予确认的，请写明原因"), field="note")
    differing: list[dict[str, Any]] = []
    if verdict == "confirmed":
        differing = _confirm(connection, office, at, row)
    values = {"file_id": file, "imported_by": row.imported_by, "verdict": verdict, "person_id": person}
    connection.execute(register_file_answers.insert().values(**values, note=said, at=at))
    record(connection, office, at, f"register_{verdict}", {"file": file, "note": said, "differing": differing})
    return file


def _confirm(connection: Connection, office: Office, at: datetime, row: Any) -> list[dict[str, Any]]:
    """Bring the counts of a file in; returns those that a decided budget has used and that therefore stay."""
    before = queries.before(connection, row.place, row.period)
    body = json.loads(row.body)
    if body["before"] != (before.sha256 if before else ""):
        raise refuse(_("上期名册在导入之后已经更换，变动须重新比对；请不予确认并重新导入"), who=WHO, field="verdict")
    _sound(row)
    heads = {(one["consortium"], one["pool"]): one["heads"] for one in body["counts"]}
    replaced = queries.in_force(connection, row.place, row.period)
    for one in json.loads(replaced.body)["counts"] if replaced else ():
        heads.setdefault((one["consortium"], one["pool"]), 0)
    differing = []
    for (consortium, pool), number in sorted(heads.items()):
        held = queries.held(connection, consortium, pool, row.period)
        if held is not None and queries.used(connection, row.place, consortium, pool, row.period):
            if held.heads != number:
                differing.append({"consortium": consortium, "pool": pool, "heads": number, "held": held.heads})
            continue
        set_insured(
            connection, office=office, at=at, consortium=consortium, pool=pool, period=row.period, heads=number,
            source=queries.source_of(row.sha256),
        )  # fmt: skip
    return differing


def _sound(row: Any) -> Path:
    """The frozen file of a row; raises ``Refused`` when it is not there or says something else by now."""
    path = storing.path_of(row.place, row.period, row.sha256)
    if not path.exists() or storing.content_sha256(path) != row.sha256:
        raise refuse(
            _("%(period)s 的名册文件不在或已被改动，请从备份恢复", period=row.period), who=_("系统管理员"), field="file"
        )
    return path


def _person(office: Office) -> int:
    if office.person_id is None:
        raise refuse(_("请写明由谁办理（--by 登录名）"), field="by")
    return office.person_id


def _consortia_in(connection: Connection, place: str) -> dict[str, str]:
    """The county of every consortium of a place, by its code."""
    query = select(consortia.c.code, consortia.c.place).where(consortia.c.kind != "place")
    known = rulebook().places
    found = {row.code: row.place for row in connection.execute(query)}
    homes = {code: home for code, home in found.items() if home in known and place in place_chain(home)}
    if not homes:
        raise refuse(_("这个地区还没有医共体"), who=_("系统管理员"), field="place")
    return homes


def _others(connection: Connection, office: Office, place: str, period: str) -> Mapping[Path, Any]:
    """The files of other places for the period, waiting or in force, and what this office may call each."""
    known = rulebook().places
    return {
        _sound(row): known[row.place].name if office.covers(row.place) else _("另一地区")
        for row in queries.of_others(connection, place, period)
    }


def _require_none_waiting(connection: Connection, place: str, period: str) -> None:
    row = queries.waiting(connection, place, period)
    if row is not None:
        raise refuse(
            _("本期已有一份名册待确认（编号 %(number)s），请先确认或不予确认", number=row.id), who=REVIEWER, field="file"
        )


def _require_new(connection: Connection, place: str, period: str, sha256: str) -> None:
    held = queries.in_force(connection, place, period)
    if held is not None and held.sha256 == sha256:
        raise refuse(_("内容与本期在用的名册完全相同，不必再导入"), who=WHO, field="file")
