"""Verification of the trail where it lies: chains, contents, journals, guards, seals in the table and outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from workflow import enacted, guards, ledger
from workflow.attempt import sha256
from workflow.db import canonical, moment_text
from workflow.model import cases, dossiers, settings, worksheets
from workflow.trail import seal_files, verifier
from workflow.trail.sealing import each_seal

VERIFIED = "trail.verified"
ROWS_AT_ONCE = 5000
_RECORDS = (
    "SELECT case_id, seq, at, person_id, organisation_id, role, verb, from_state, to_state, body, prev_hash, hash"
    " FROM records ORDER BY case_id, seq"
)
_TOLD = ("at", "person", "organisation", "role", "verb", "from", "to")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: how many cases and records, the newest sealed day, and every problem."""

    cases: int
    records: int
    sealed: str
    problems: list[str]


def verify(connection: Connection, witness: Path | None = None) -> Verified:
    """Check everything; ``witness`` is a folder of seals to hold the trail against, instead of this house's own."""
    table = verifier.Seals("封印表")
    for seal in each_seal(connection):
        table.add(seal)
    outside, problems = _outside(connection, table, witness)
    chains = verifier.Chains(table, *outside)
    counted, broken = _chains(connection, chains)
    problems = chains.problems + broken + table.problems + problems
    problems += _contents(connection) + ledger.check_journals(connection)
    problems += enacted.problems(connection)
    problems += [f"缺少触发器 {name}" for name in guards.missing(connection)]
    return Verified(counted, chains.counted, table.last["day"] if table.last else "", problems)


def _outside(
    connection: Connection, table: verifier.Seals, witness: Path | None
) -> tuple[list[verifier.Seals], list[str]]:
    """The seals kept outside and where they differ from the table's.

    A witness may be older than the table; this house's own files may not. Neither may know days the table lacks.
    """
    kept = witness or seal_files.folder(connection)
    if kept is None or (witness is None and not kept.is_dir() and table.last is None):
        return [], []
    found = verifier.read_seals(kept)
    last = found.last["day"] if found.last else ""
    days = set(found.hashes) | {day for day in table.hashes if witness is None or day <= last}
    problems = found.problems + table.against(found, days)
    if witness is not None and not last:
        problems.append(f"{kept}：没有可比对的封印")
    return [found], problems


def _chains(connection: Connection, chains: verifier.Chains) -> tuple[int, list[str]]:
    """Feed every record in order to ``chains``; returns how many cases there are and what columns tell otherwise."""
    heads = connection.execute(select(cases.c.id, cases.c.record_seq, cases.c.record_hash, cases.c.state))
    waiting = {row.id: row for row in heads}
    counted, problems, state = len(waiting), list[str](), ""
    head: Any = None
    for row in _rows(connection):
        if chains.case != row[0]:
            problems += _end(chains, head, state)
            chains.begin(row[0])
            head = waiting.pop(row[0], None)
            if head is None:
                problems.append(f"案件 {row[0]} 有记录而无案件")
        chains.add(row[1], row[10], row[11], row[9])
        told = json.loads(row[9])
        if (row[2], row[3], row[4], row[5], row[6], row[7], row[8]) != tuple(map(told.get, _TOLD)):
            problems.append(f"案件 {row[0]} 第 {row[1]} 条：列与正文不符")
        state = row[8]
    problems += _end(chains, head, state)
    for head in waiting.values():
        chains.begin(head.id)
        chains.end(head.record_seq, head.record_hash)
    chains.close()
    return counted, problems


def _end(chains: verifier.Chains, head: Any, state: str) -> list[str]:
    if head is None:
        return []
    chains.end(head.record_seq, head.record_hash)
    return [f"案件 {head.id}：状态 {head.state} 与最后一条记录不符"] if state != head.state else []


def _rows(connection: Connection) -> Iterator[Any]:
    """Every record in order, some thousands at a time."""
    streamed = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
    yield from connection.execute(text(_RECORDS), execution_options=streamed)


def _contents(connection: Connection) -> list[str]:
    """Dossiers and worksheets whose text does not give the hash they carry, and cases decided on another text."""
    problems = []
    about = {row.id: row for row in connection.execute(select(cases))}
    newest: dict[int, str] = {}
    for row in connection.execute(select(dossiers).order_by(dossiers.c.case_id, dossiers.c.version)):
        case = about[row.case_id]
        head = {"stage": case.stage, "pool": case.pool, "period": case.period, "serial": case.serial}
        content = canonical({"case": head, "dossier": json.loads(row.body)})
        if sha256(f"{case.stage}/v1\n{content}") != row.sha256:
            problems.append(f"案件 {row.case_id} 案卷第 {row.version} 版：内容与哈希不符")
        newest[row.case_id] = row.sha256
    for number, digest in newest.items():
        if about[number].subject_hash != digest:
            problems.append(f"案件 {number}：案卷与案件所载的哈希不符")
    columns = worksheets.c
    for row in connection.execute(select(columns.case_id, columns.version, columns.body, columns.sha256)):
        if sha256(row.body) != row.sha256:
            problems.append(f"案件 {row.case_id} 计算表第 {row.version} 版：内容与哈希不符")
    return problems


def keep(connection: Connection, found: Verified, at: datetime) -> None:
    """Remember the last verification, so that pages can say when it was and how it ended."""
    told = canonical(
        {
            "at": moment_text(at), "cases": found.cases, "records": found.records, "sealed": found.sealed,
            "problems": len(found.problems),
        }
    )
    changed = connection.execute(settings.update().where(settings.c.name == VERIFIED).values(value=told))
    if changed.rowcount == 0:
        connection.execute(settings.insert().values(name=VERIFIED, value=told))


def last(connection: Connection) -> dict[str, Any] | None:
    """The last verification that was remembered."""
    told = connection.scalar(select(settings.c.value).where(settings.c.name == VERIFIED))
    return json.loads(told) if told else None
