"""Which versions of a stage's table are kept in a database, and by which one each case goes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from governance.refusal import Refusal, Refused
from workflow.definitions import pinned
from workflow.definitions.text import text_of
from workflow.i18n import lazy as _
from workflow.machines import STAGES, Stage
from workflow.model import definitions

# Kept versions never change, so what one process has read of a database stays true. By engine: (stage, digest) → number
# of the version, (stage, number) → the stage by that version.
_NUMBERS: WeakKeyDictionary[Engine, dict[tuple[str, str], int]] = WeakKeyDictionary()
_STAGES: WeakKeyDictionary[Engine, dict[tuple[str, int, str], Stage]] = WeakKeyDictionary()
_UNSETTLED: WeakSet[Connection] = WeakSet()


def record(connection: Connection, at: datetime, stage: Stage) -> int:
    """Keep the table of ``stage`` as its next version unless it is kept already; returns the version's number."""
    known = kept(connection, stage)
    if known is not None:
        return known
    newest = connection.scalar(select(func.max(definitions.c.version)).where(definitions.c.stage == stage.name)) or 0
    row = {
        "stage": stage.name, "version": newest + 1, "body": text_of(stage), "sha256": stage.digest, "at": at,
    }  # fmt: skip
    insert = definitions.insert()
    if connection.dialect.name == "postgresql":
        # Another process may be keeping the same table just now: the first one counts.
        insert = postgresql_insert(definitions).on_conflict_do_nothing(index_elements=["stage", "version"])
    connection.execute(insert, row)
    _UNSETTLED.add(connection)
    found = kept(connection, stage)
    if found is None:
        raise RuntimeError(f"the table of {stage.name} could not be kept as version {newest + 1}")
    return found


def record_all(connection: Connection, at: datetime) -> dict[str, int]:
    """Keep every stage's table where it has changed; returns the numbers of the versions now in force."""
    return {stage.name: record(connection, at, stage) for stage in STAGES.values()}


def kept(connection: Connection, stage: Stage) -> int | None:
    """The newest version with exactly this table, or ``None``; asked once for each database in a process."""
    numbers = _NUMBERS.setdefault(connection.engine, {})
    key = (stage.name, stage.digest)
    if key not in numbers:
        columns = definitions.c
        query = select(func.max(columns.version)).where(columns.stage == stage.name, columns.sha256 == stage.digest)
        found = connection.scalar(query)
        if found is None or connection in _UNSETTLED:
            return found
        numbers[key] = found
        _learn_former_names(connection, stage)
    return numbers[key]


def _learn_former_names(connection: Connection, stage: Stage) -> None:
    """What states were called that the newest table does not have, for lists of cases of every version."""
    for row in connection.execute(select(definitions.c.body, definitions.c.sha256).where(_of(stage))):
        if row.sha256 != stage.digest:
            pinned.labels(stage, json.loads(row.body))


def _of(stage: Stage) -> Any:
    return definitions.c.stage == stage.name


def stage_for(connection: Connection, name: str, version: int) -> Stage:
    """The stage as ``version`` of its table says; the one in the code when that is the version in force.

    So it is in a database that keeps no version of the stage. Raises ``Refused`` when it keeps others but not this one.
    """
    current = STAGES[name]
    in_force = kept(connection, current)
    if in_force == version or (in_force is None and not listed(connection, name)):
        return current
    known, key = _STAGES.setdefault(connection.engine, {}), (name, version, current.digest)
    if key not in known:
        built = pinned.stage_of(current, version, body_of(connection, name, version))
        if connection in _UNSETTLED:
            return built
        known[key] = built
    return known[key]


def body_of(connection: Connection, name: str, version: int) -> str:
    """The kept text of a version; raises ``Refused`` when there is none."""
    columns = definitions.c
    found = connection.scalar(select(columns.body).where(columns.stage == name, columns.version == version))
    if found is None:
        raise Refused(
            Refusal(
                reason=_("没有“%(stage)s”第 %(version)s 版流程的记录", stage=name, version=version),
                reason_en=f"Version {version} of {name} is not kept here", who=_("系统管理"),
                fact="definition",
            )
        )
    return str(found)


def listed(connection: Connection, name: str = "") -> list[Any]:
    """Every kept version, by stage and number, without its text."""
    columns = definitions.c
    query = select(columns.stage, columns.version, columns.sha256, columns.at)
    if name:
        query = query.where(columns.stage == name)
    return list(connection.execute(query.order_by(columns.stage, columns.version)))
