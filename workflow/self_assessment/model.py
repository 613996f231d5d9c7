"""What a self-assessment holds: the pinned criteria, the grades, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from governance.rulebook import Provision
from workflow.attempt import Attempt, Case
from workflow.i18n import lazy as _
from workflow.model import cases

STANDARD = "qualification.standard"


class State(StrEnum):
    """Where a self-assessment stands."""

    DRAFTING = "drafting"
    READY = "ready"
    COMPLETE = "complete"
    ENDORSING = "endorsing"
    ENDORSED = "endorsed"
    FILED = "filed"
    RETURNED = "returned"


STATE_LABELS = {
    State.DRAFTING: _("填报中"),
    State.READY: _("待签署"),
    State.COMPLETE: _("已签署"),
    State.ENDORSING: _("县级审核中"),
    State.ENDORSED: _("县级已同意"),
    State.FILED: _("已提交"),
    State.RETURNED: _("已退回"),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of the standard, with the dimension it belongs to."""

    key: str
    label: str
    label_en: str
    text: str
    text_en: str
    evidence: tuple[str, ...]
    dimension: str
    dimension_en: str


def pinned(provision: Provision, on: date) -> dict[str, Any]:
    """The standard as it is kept in a dossier: the whole provision, and the day on which it was read."""
    return {**provision.as_data(), "pinned_on": on.isoformat()}


def same_standard(standard: Mapping[str, Any], provision: Provision) -> bool:
    """Whether ``provision`` is the standard that was pinned, by where, since when and what it says."""
    return all(standard.get(name) == value for name, value in provision.as_data().items())


def criteria(standard: Mapping[str, Any]) -> Iterator[Criterion]:
    """The criteria of a pinned standard, in its order."""
    for dimension in standard["value"]["dimensions"]:
        for one in dimension["criteria"]:
            yield Criterion(
                one["key"], one["label"], one["label_en"], one["text"], one["text_en"],
                tuple(one.get("evidence", ())), dimension["label"], dimension["label_en"],
            )


def levels(standard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The levels of a pinned standard, best first."""
    return list(standard["value"]["levels"])


def highest(standard: Mapping[str, Any]) -> str:
    """The level that says a criterion is met and at work; it needs evidence."""
    return str(levels(standard)[0]["key"])


def lowest(standard: Mapping[str, Any]) -> str:
    """The level that says nothing is there; it needs a reason."""
    return str(levels(standard)[-1]["key"])


def entry(dossier: Mapping[str, Any], criterion: str) -> dict[str, Any]:
    """What was filled in for a criterion; empty before anything was."""
    return dict(dossier.get("grades", {}).get(criterion, {}))


def grades_only(dossier: Mapping[str, Any]) -> dict[str, str | None]:
    """The grade of every criterion, ``None`` where it is blank, as the worksheet reads it."""
    return {one.key: entry(dossier, one.key).get("grade") for one in criteria(dossier["standard"])}


def newest_filed(connection: Connection, consortium_id: int) -> Case | None:
    """The consortium's self-assessment that was filed last; ``None`` when none stands filed."""
    row = connection.execute(
        select(cases)
        .where(
            cases.c.stage == "self_assessment",
            cases.c.consortium_id == consortium_id,
            cases.c.state == str(State.FILED),
        )
        .order_by(cases.c.since.desc(), cases.c.id.desc())
        .limit(1)
    ).one_or_none()
    return Case(*row) if row else None


def evidence_given(attempt: Attempt) -> bool:
    """Whether any criterion has a file behind it that could be taken out."""
    return any(one.get("evidence") for one in attempt.dossier.get("grades", {}).values())


def under_way(connection: Connection, consortium_id: int) -> int | None:
    """The number of the consortium's self-assessment that is not filed yet; ``None`` when there is none."""
    number: int | None = connection.scalar(
        select(cases.c.id).where(
            cases.c.stage == "self_assessment",
            cases.c.consortium_id == consortium_id,
            cases.c.state != str(State.FILED),
        )
    )
    return number
