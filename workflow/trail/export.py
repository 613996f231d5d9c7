"""The trail as a file of lines that ``verifier.py`` checks anywhere: seals, proofs, cases and their records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from workflow import clock
from workflow.model import cases, records
from workflow.organisations.model import consortia
from workflow.trail import verifier
from workflow.trail.sealing import each_seal, last_seal, sealed_heads, tree_of

FORMAT = "gongzhi-trail/1"


def lines(connection: Connection, *, case: int | None = None, consortium: str | None = None) -> Iterator[str]:
    """Every line of an export of everything, of one case, or of one consortium (by its code), each with its end.

    An export of everything carries the seals with the heads that moved; one of a part carries the seals without them,
    from the day of its first record on, and for each case a proof that the newest seal holds its head.
    """
    counted, rows = dict.fromkeys(("seal", "proof", "case", "record"), 0), _chosen(case, consortium)
    for told in _beginning(connection, rows, case, consortium):
        counted.update({kind: counted[kind] + 1 for kind in told if kind in counted})
        yield verifier.canonical(told) + "\n"
    for head in connection.execute(rows).all():
        about = {
            "case": head.id, "consortium": head.code, "stage": head.stage, "pool": head.pool, "period": head.period,
            "serial": head.serial, "state": head.state, "seq": head.record_seq, "hash": head.record_hash,
        }
        yield verifier.canonical(about) + "\n"
        counted["case"] += 1
        for told in _records(connection, head.id):
            yield verifier.canonical(told) + "\n"
            counted["record"] += 1
    yield verifier.canonical({"end": counted}) + "\n"


def _chosen(case: int | None, consortium: str | None) -> Select[Any]:
    query = (
        select(cases, consortia.c.code).join(consortia, consortia.c.id == cases.c.consortium_id).order_by(cases.c.id)
    )
    if case is not None:
        query = query.where(cases.c.id == case)
    return query if consortium is None else query.where(consortia.c.code == consortium)


def _beginning(
    connection: Connection, rows: Select[Any], case: int | None, consortium: str | None
) -> Iterator[dict[str, Any]]:
    if case is None and consortium is None:
        yield {"export": FORMAT, "scope": "all"}
        for seal in each_seal(connection):
            yield {"seal": seal}
        return
    yield {"export": FORMAT, "scope": f"consortium {consortium}" if case is None else f"case {case}"}
    chosen = {row.id for row in connection.execute(rows)}
    first = connection.scalar(select(func.min(records.c.at)).where(records.c.case_id.in_(chosen)))
    newest = last_seal(connection)
    if first is None or newest is None:
        return
    for seal in each_seal(connection, clock.day_of(first), changes=False):
        yield {"seal": seal}
    heads = sealed_heads(connection)
    tree = tree_of(heads)
    for number, seq, digest in heads:
        if number in chosen:
            proof = {"case": number, "seq": seq, "hash": digest, "day": newest.day.isoformat()}
            yield {"proof": {**proof, "path": way_up(tree, number)}}


def way_up(tree: verifier.Tree, case: int) -> list[list[str]]:
    """The way from a case's leaf to the root: on which side the neighbour stands, and its hash."""
    place, found = tree.place[case], []
    for level in tree.levels[:-1]:
        if place ^ 1 < len(level):
            found.append(["left" if place & 1 else "right", level[place ^ 1].hex()])
        place //= 2
    return found


def _records(connection: Connection, case: int) -> Iterator[dict[str, Any]]:
    query = text("SELECT seq, prev_hash, hash, body FROM records WHERE case_id = :case ORDER BY seq")
    for row in connection.execute(query, {"case": case}):
        yield {"record": row[0], "prev": row[1], "hash": row[2], "body": row[3]}
