"""Commands from outside: an idempotency key, one transaction, and the stored answer when a key comes twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError

from workflow import clock, lifecycle
from workflow.attempt import Actor, sha256
from workflow.db import canonical, writing
from workflow.model import answers
from workflow.prepared import Prepared

_RETRIED = ("deadlock detected", "could not serialize", "database is locked", "database table is locked")
_CLAIM = {
    name: Prepared(insert(answers).on_conflict_do_nothing(index_elements=["key"]).returning(answers.c.key))
    for name, insert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
_ANSWER = Prepared(answers.update().where(answers.c.key == bindparam("claimed")))


class KeyReused(Exception):
    """The same key came with another request; nothing was done."""


def once(
    engine: Engine, key: str, body: Mapping[str, Any], at: datetime | None, act: Callable[[Connection, datetime], Any]
) -> Any:
    """Do ``act`` at most once for ``key``; the same key and body get the first answer again.

    ``act`` runs inside one writing transaction and returns plain data. Raises ``KeyReused`` when the key came with
    another body. Deadlocks and lock timeouts are tried again, three times in all.
    """
    for tries_left in (2, 1, 0):
        try:
            with writing(engine) as connection:
                return _once(connection, key, body, at, act)
        except DBAPIError as error:
            if tries_left == 0 or not any(words in str(error) for words in _RETRIED):
                raise
            time.sleep(0.05)
    raise AssertionError("unreachable")


def _once(
    connection: Connection, key: str, body: Mapping[str, Any], at: datetime | None, act: Callable[..., Any]
) -> Any:
    moment = at or clock.now(connection)
    digest = sha256(canonical(body))
    claim = _CLAIM[connection.dialect.name]
    fresh = {"key": key, "body_hash": digest, "answer": "", "at": moment}
    if claim.first(connection, fresh) is None:
        stored = connection.execute(select(answers).where(answers.c.key == key)).one()
        if stored.body_hash != digest:
            raise KeyReused(key)
        return json.loads(stored.answer)
    answer = act(connection, moment)
    _ANSWER.run(connection, {"claimed": key, "answer": canonical(answer)})
    return answer


def answered(connection: Connection, key: str) -> bool:
    """Whether a request with this key was answered before."""
    return connection.scalar(select(answers.c.key).where(answers.c.key == key)) is not None


def take(
    engine: Engine,
    case_id: int,
    trigger: str,
    *,
    actor: Actor,
    key: str,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    seen: str | None = None,
) -> dict[str, Any]:
    """Take a step through the door; the answer is the case's number, state and last record."""
    body = {"case": case_id, "trigger": trigger, "person": actor.person_id, "role": str(actor.role), "data": data or {}}

    def act(connection: Connection, moment: datetime) -> dict[str, Any]:
        case = lifecycle.take(connection, case_id, trigger, actor=actor, at=moment, data=data, seen=seen)
        return {"case": case.id, "state": case.state, "record": case.record_seq}

    answer: dict[str, Any] = once(engine, key, body, at, act)
    return answer


def act(
    engine: Engine,
    case_id: int,
    verb: str,
    *,
    actor: Actor,
    key: str,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Do something around a case through the door; the answer is as of a step."""
    body = {"case": case_id, "act": verb, "person": actor.person_id, "role": str(actor.role), "data": data or {}}

    def do(connection: Connection, moment: datetime) -> dict[str, Any]:
        case = lifecycle.act(connection, case_id, verb, actor=actor, at=moment, data=data)
        return {"case": case.id, "state": case.state, "record": case.record_seq}

    answer: dict[str, Any] = once(engine, key, body, at, do)
    return answer
