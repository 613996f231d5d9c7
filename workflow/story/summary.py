"""How the story ended: every case with its state and amounts, every job run, and whether all stands as told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from workflow import guards, ledger, records
from workflow.clock import DEMO_CLOCK
from workflow.db import moment_text
from workflow.model import cases, journals, occurrences, settings, worksheets
from workflow.organisations.model import consortia


def summary(connection: Connection) -> dict[str, Any]:
    """The story's end as plain data; the same story gives the same data, whenever and however often it was cut off."""
    sheets = _sheets(connection)
    return {
        "clock": connection.scalar(select(settings.c.value).where(settings.c.name == DEMO_CLOCK)),
        "consortia": [
            {"code": row.code, "name": row.name, "place": row.place, "cases": _cases(connection, row.id, sheets)}
            for row in connection.execute(select(consortia).order_by(consortia.c.code))
        ],
        "jobs": _jobs(connection),
        "journals": connection.scalar(select(func.count()).select_from(journals)),
        "trail": {
            "records": connection.scalar(select(func.sum(cases.c.record_seq))),
            "problems": records.verify(connection)
            + ledger.check_journals(connection)
            + [f"缺少触发器 {name}" for name in guards.missing(connection)],
        },
    }


def _sheets(connection: Connection) -> dict[int, Any]:
    query = select(worksheets).order_by(worksheets.c.case_id, worksheets.c.version)
    return {row.case_id: row for row in connection.execute(query)}


def _cases(connection: Connection, consortium_id: int, sheets: dict[int, Any]) -> list[dict[str, Any]]:
    query = select(cases).where(cases.c.consortium_id == consortium_id)
    order = (cases.c.stage, cases.c.pool, cases.c.period, cases.c.serial)
    return [_case(row, sheets.get(row.id)) for row in connection.execute(query.order_by(*order))]


def _case(row: Any, sheet: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "stage": row.stage,
        "pool": row.pool,
        "period": row.period,
        "serial": row.serial,
        "state": row.state,
        "amount_fen": row.amount_fen,
        "records": row.record_seq,
        "subject": row.subject_hash,
        "book_digest": sheet.book_digest if sheet else None,
        "results": json.loads(sheet.body)["results"] if sheet else None,
        "progress": json.loads(row.progress),
    }
    if sheet and sheet.sheet == "annual-clearing":
        told["identity_ok"] = all(told["results"]["identities"].values())
    return told


def _jobs(connection: Connection) -> list[dict[str, Any]]:
    columns = occurrences.c
    query = (
        select(occurrences, cases.c.stage, consortia.c.code)
        .outerjoin(cases, cases.c.id == columns.scope)
        .outerjoin(consortia, consortia.c.id == cases.c.consortium_id)
        .order_by(columns.job, columns.scope, columns.period)
    )
    return [
        {
            "job": row.job, "consortium": row.code, "stage": row.stage, "period": row.period, "status": row.status,
            "attempts": row.attempts, "due_at": moment_text(row.due_at),
        }
        for row in connection.execute(query)
    ]


def write(data: dict[str, Any], path: Path) -> None:
    """Write the summary, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def not_as_told(data: dict[str, Any], told: dict[tuple[str, str, str], str]) -> list[str]:
    """Where the end differs from what the story tells: ``told`` maps (consortium, stage, period) to a state."""
    problems = list(data["trail"]["problems"])
    found: dict[tuple[str, str, str], str] = {}
    for consortium in data["consortia"]:
        for case in consortium["cases"]:
            found[(consortium["code"], case["stage"], case["period"])] = case["state"]
            if case.get("identity_ok") is False:
                problems.append(f"{consortium['code']} {case['period']} 清算恒等式不成立")
    for key in sorted(told.keys() | found.keys()):
        if told.get(key) != found.get(key):
            problems.append(f"{' '.join(key)}：应为 {told.get(key, '没有')}，实为 {found.get(key, '没有')}")
    problems += [
        f"任务 {run['job']} {run['consortium']} {run['period']} {run['status']}"
        for run in data["jobs"]
        if run["status"] != "done"
    ]
    return problems
