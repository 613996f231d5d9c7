"""Where each case stands that a rule working backwards gives another outcome: ready to be made up, waiting, or done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from workflow.i18n import lazy as _
from workflow.model import cases, dossiers, occurrences
from workflow.rule_change.decided import RUNNING

MAKE_UP = "make_up_for_rule"
READY = ""
CALCULATING, PAYING, CLEARING = "calculating", "paying", "clearing"
WAITS = {
    CALCULATING: _("尚未计算，计算时即按新规则"), PAYING: _("拨付办理中，办结后另开补充结算"),
    CLEARING: _("年度清算办理中，办结后另开补充清算"),
}  # fmt: skip
MADE_UP = {
    "supplement": _("补充结算"), "clearing": _("补充清算"), "recalculated": _("已按新规则重算，重新审批"),
    "unchanged": _("现在的结果已与新规则一致"), "carried": _("已结转，在以后月份按新规则结算"),
    "by_hand": _("须由经办人员另行办理"),
}  # fmt: skip
NOT_CALCULATED = ("declaring", "declared", "disputed", "open")
PAID_NOW = ("approved", "funded", "paid_to_lead", "settled", "distributing")


@dataclass(frozen=True, slots=True)
class Kin:
    """A case of the same period, or the clearing of its year."""

    id: int
    stage: str
    serial: int
    state: str


def period_of(change: int) -> str:
    """The name under which the runs of one rule change are kept."""
    return f"rule:{change}"


def kin_of(connection: Connection, numbers: Iterable[int]) -> dict[int, list[Kin]]:
    """By case: every case of its stage and period that was not withdrawn, and of a month the clearings of its year."""
    own, other = cases.alias("own"), cases.alias("other")
    same = and_(other.c.stage == own.c.stage, other.c.period == own.c.period)
    year = and_(other.c.stage == "clearing", other.c.period == func.substr(own.c.period, 1, 4))
    query = (
        select(own.c.id.label("of"), other.c.id, other.c.stage, other.c.serial, other.c.state)
        .join(other, (other.c.consortium_id == own.c.consortium_id) & (other.c.pool == own.c.pool) & or_(same, year))
        .where(own.c.id.in_(list(numbers)), other.c.state != "withdrawn")
        .order_by(own.c.id, other.c.serial)
    )
    found: dict[int, list[Kin]] = {}
    for row in connection.execute(query):
        found.setdefault(row.of, []).append(Kin(*row[1:]))
    return found


def newest(kin: Iterable[Kin], stage: str) -> Kin | None:
    """What stands last of a stage, or ``None``."""
    return max((one for one in kin if one.stage == stage), key=lambda one: one.serial, default=None)


def outlook(connection: Connection, stage: str, kin: list[Kin], change: int) -> str:
    """What the case waits for before it can be made up; ``READY`` (empty) when for nothing."""
    last = newest(kin, stage)
    if stage not in RUNNING or last is None:
        return READY
    if last.state in NOT_CALCULATED and not carries(connection, last, change):
        return CALCULATING
    if last.state in PAID_NOW:
        return CLEARING if stage == "clearing" else PAYING
    year = newest(kin, "clearing")
    if stage == "clearing" or last.state != "closed" or year is None or year.state == "closed":
        return READY
    going_again = year.serial > 1 and not carries(connection, year, change)
    return CLEARING if year.state in PAID_NOW or going_again else READY


def carries(connection: Connection, one: Kin, change: int) -> bool:
    """Whether it is a supplementary clearing that this rule change has opened."""
    if one.stage != "clearing" or one.serial == 1:
        return False
    body = connection.scalar(select(dossiers.c.body).where(dossiers.c.case_id == one.id, dossiers.c.version == 1))
    return bool(json.loads(body or "{}").get("rule_change", {}).get("case") == change)


def runs_of(connection: Connection, change: int) -> dict[int, Any]:
    """What became of each affected case so far: its run, by the case's number."""
    columns = occurrences.c
    query = select(columns.scope, columns.status, columns.note, columns.error).where(
        columns.job == MAKE_UP, columns.period == period_of(change)
    )
    return {row.scope: row for row in connection.execute(query)}


def told(outcome: str, number: int) -> str:
    """What a run leaves behind: what it did, and in which case."""
    return f"{outcome}#{number}"


def standings(connection: Connection, change: int, due: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each affected case what was done for it: ``outcome``, and of the case that does it number and state."""
    due = list(due)
    runs, kin = runs_of(connection, change), kin_of(connection, [one["case"] for one in due])
    found, wanted = [], set()
    for one in due:
        run = runs.get(one["case"])
        said: dict[str, Any] = {"outcome": "", "waits": READY, "by": None, "error": ""}
        if run is None or run.status == "waiting":
            said["waits"] = outlook(connection, one["stage"], kin.get(one["case"], []), change)
        elif run.status == "failed":
            said["error"] = run.error
        else:
            said["outcome"], _hash, number = run.note.partition("#")
            said["by"] = int(number) if number.isdecimal() else None
            wanted.add(said["by"])
        found.append({**one, **said})
    rows = connection.execute(select(cases.c.id, cases.c.stage, cases.c.state).where(cases.c.id.in_(wanted - {None})))
    states = {row.id: (row.stage, row.state) for row in rows} if wanted else {}
    return [{**one, "by_stage": states.get(one["by"], ("", ""))[0], "by_state": states.get(one["by"], ("", ""))[1]}
            for one in found]  # fmt: skip
