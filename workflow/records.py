"""The trail: one hash chain a case, written in the transaction of the change it tells of, and its verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from workflow.db import canonical, moment_text
from workflow.model import cases, records
from workflow.prepared import Prepared

NO_HASH = ""
_APPEND = Prepared(records.insert())


@dataclass(frozen=True, slots=True)
class Entry:
    """What one record tells: who did what to a case, when, and from which state to which."""

    at: datetime
    verb: str
    from_state: str
    to_state: str
    role: str
    person_id: int | None = None
    organisation_id: int | None = None
    data: Mapping[str, Any] | None = None


def chain_hash(seq: int, prev_hash: str, body: str) -> str:
    """The hash that ties a record to the one before it (SHA-256 over number, previous hash, length and text)."""
    text = body.encode()
    return hashlib.sha256(f"sha256|{seq}|{prev_hash}|{len(text)}|".encode() + text).hexdigest()


def append(connection: Connection, case_id: int, seq: int, prev_hash: str, entry: Entry) -> str:
    """Write record ``seq`` of a case whose row the caller holds locked; returns its hash."""
    body = canonical(
        {
            "case": case_id,
            "at": moment_text(entry.at),
            "verb": entry.verb,
            "from": entry.from_state,
            "to": entry.to_state,
            "role": entry.role,
            "person": entry.person_id,
            "organisation": entry.organisation_id,
            "data": entry.data or {},
        }
    )
    digest = chain_hash(seq, prev_hash, body)
    _APPEND.run(
        connection,
        {
            "case_id": case_id,
            "seq": seq,
            "at": entry.at,
            "person_id": entry.person_id,
            "organisation_id": entry.organisation_id,
            "role": entry.role,
            "verb": entry.verb,
            "from_state": entry.from_state,
            "to_state": entry.to_state,
            "body": body,
            "prev_hash": prev_hash,
            "hash": digest,
        },
    )
    return digest


def verify(connection: Connection, case_id: int | None = None) -> list[str]:
    """Every break of a chain, named by case and record number; an empty list when all hold."""
    heads = select(cases.c.id, cases.c.record_seq, cases.c.record_hash, cases.c.state).order_by(cases.c.id)
    rows = select(records).order_by(records.c.case_id, records.c.seq)
    if case_id is not None:
        heads, rows = heads.where(cases.c.id == case_id), rows.where(records.c.case_id == case_id)
    chains: dict[int, list[Any]] = {}
    for row in connection.execute(rows):
        chains.setdefault(row.case_id, []).append(row)
    problems: list[str] = []
    for head in connection.execute(heads):
        problems += _breaks(head, chains.pop(head.id, []))
    return problems + [f"案件 {orphan} 有记录而无案件" for orphan in chains]


def _breaks(head: Any, chain: list[Any]) -> list[str]:
    problems, prev = [], NO_HASH
    for number, row in enumerate(chain, start=1):
        where = f"案件 {head.id} 第 {row.seq} 条"
        if row.seq != number:
            problems.append(f"{where}：应为第 {number} 条，中间有缺失")
        if row.prev_hash != prev:
            problems.append(f"{where}：与上一条的哈希不相接")
        if chain_hash(row.seq, row.prev_hash, row.body) != row.hash:
            problems.append(f"{where}：内容与哈希不符")
        told = json.loads(row.body)
        seen = (row.verb, row.from_state, row.to_state, row.role, row.person_id, row.organisation_id)
        kept = tuple(told[key] for key in ("verb", "from", "to", "role", "person", "organisation"))
        if seen != kept or moment_text(row.at) != told["at"]:
            problems.append(f"{where}：列与正文不符")
        prev = row.hash
    if (len(chain), prev) != (head.record_seq, head.record_hash):
        problems.append(f"案件 {head.id}：链尾与案件不符，末尾记录被删或被加")
    elif chain and chain[-1].to_state != head.state:
        problems.append(f"案件 {head.id}：状态 {head.state} 与最后一条记录不符")
    return problems
