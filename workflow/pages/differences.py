"""What changed in a case since a round, a version or a page: side by side, with who changed it and by which path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from governance.money import yuan
from governance.roles import Role
from workflow.attempt import Attempt, Case
from workflow.i18n import lazy as _
from workflow.model import dossiers, rounds, worksheets
from workflow.pages import words
from workflow.pages.case_reading import Reading
from workflow.pages.dossier_lines import WORKSHEET, differing, lines
from workflow.pages.lists import case_title, case_url
from workflow.pages.worksheet_view import worksheet_view
from workflow.rounds import Round, every_round

IMPORTS = ("import_claims", "upload")
KINDS = {"added": _("新增"), "removed": _("删去"), "changed": _("改动")}


def url_of(case: Case, **asked: Any) -> str:
    """The page of what changed in ``case``."""
    given = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"{case_url(case.stage, case.id)}/differences" + (f"?{given}" if given else "")


def since_round(attempt: Attempt, one: Round) -> str:
    """Where it is told what changed since a round on other content, or for an open one since the round before it."""
    if one.subject_hash != attempt.case.subject_hash:
        return url_of(attempt.case, round=one.round_no)
    earlier = [
        before.round_no
        for before in every_round(attempt)
        if before.ballot == one.ballot and before.round_no < one.round_no and before.subject_hash != one.subject_hash
    ]
    return url_of(attempt.case, round=earlier[-1]) if earlier else ""


def build(reading: Reading, asked: Mapping[str, str]) -> SimpleNamespace | None:
    """The page: two versions, what differs, and who changed it; ``None`` for versions that are not there.

    ``asked`` names a version to start ``from`` and to go ``to``, a ``round``, or the hash of a page that was ``seen``.
    """
    attempt = reading.attempt
    case = attempt.case
    versions = {row.version: row for row in _versions(attempt)}
    held = _rounds(attempt)
    chosen = _chosen(case, versions, held, asked)
    if chosen is None:
        return None
    left, right = chosen
    names = attempt.affiliations.names()
    name = words.pick(attempt.consortium.name, attempt.consortium.name_en)
    rows = compare(versions[left], versions[right], attempt, names)
    return SimpleNamespace(
        title=case_title(case.stage, name, case.period), url=case_url(case.stage, case.id), action=url_of(case),
        left=versions[left], right=versions[right], versions=sorted(versions), present=case.dossier_version,
        sections=_in_sections(rows), number=len(rows), worksheet=_worksheets(attempt, versions[left], versions[right]),
        steps=_steps(reading, versions, left, right), voided=_voided(reading, held, left, right),
    )  # fmt: skip


def _versions(attempt: Attempt) -> list[Any]:
    query = select(dossiers).where(dossiers.c.case_id == attempt.case.id).order_by(dossiers.c.version)
    return list(attempt.connection.execute(query))


def _rounds(attempt: Attempt) -> list[Any]:
    query = select(rounds).where(rounds.c.case_id == attempt.case.id).order_by(rounds.c.round_no)
    return list(attempt.connection.execute(query))


def _chosen(
    case: Case, versions: Mapping[int, Any], held: list[Any], asked: Mapping[str, str]
) -> tuple[int, int] | None:
    """From which version to which; by default from the last round on other content to the present."""
    numbers = {name: int(asked[name]) for name in ("from", "to", "round") if asked.get(name, "").isdecimal()}
    right = numbers.get("to", case.dossier_version)
    left = numbers.get("from")
    if left is None and "round" in numbers:
        left = next((one.dossier_version for one in held if one.round_no == numbers["round"]), 0)
    if left is None and asked.get("seen"):
        left = next((row.version for row in versions.values() if row.sha256.startswith(asked["seen"])), 0)
    if left is None:
        earlier = [one.dossier_version for one in held if one.outcome != "open" and one.dossier_version < right]
        left = earlier[-1] if earlier else max(right - 1, 1)
    return (left, right) if left in versions and right in versions else None


def compare(left: Any, right: Any, attempt: Attempt, names: Mapping[str, tuple[str, str]]) -> list[SimpleNamespace]:
    """What differs between two versions of a dossier, in the order of sections and paths."""
    here, there = (lines(json.loads(one.body), attempt.stage, names) for one in (left, right))
    found = []
    for path in differing(here, there):
        before, after = here.get(path), there.get(path)
        shown = there.get(path) or here[path]
        found.append(_row(shown.section, shown.label, before and before.value, after and after.value))
    return found


def _row(section: str, label: str, before: str | None, after: str | None) -> SimpleNamespace:
    kind = "added" if before is None else "removed" if after is None else "changed"
    return SimpleNamespace(
        section=section, label=label, before=before or "", after=after or "", kind=kind,
        kind_label=KINDS[kind], tone={"added": "g", "removed": "r", "changed": "a"}[kind],
    )  # fmt: skip


def _in_sections(rows: list[SimpleNamespace]) -> list[SimpleNamespace]:
    found: dict[str, list[SimpleNamespace]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return [SimpleNamespace(title=title, rows=held) for title, held in found.items()]


def _worksheets(attempt: Attempt, left: Any, right: Any) -> SimpleNamespace | None:
    """The worksheets that the two versions are bound to, line by line; ``None`` where they are the same or none."""
    here, there = (json.loads(one.body).get(WORKSHEET) for one in (left, right))
    if here == there:
        return None
    before, after = (_sheet_lines(attempt, one) for one in (here, there))
    rows = []
    for key in [*after, *(one for one in before if one not in after)]:
        old, new = before.get(key), after.get(key)
        if (old and old[1]) != (new and new[1]):
            label = (new or old or ("", ""))[0]
            rows.append(_row("", label, old and old[1], new and new[1]))
    same = sum(before.get(key) == value for key, value in after.items())
    return SimpleNamespace(
        before=here["version"] if here else None, after=there["version"] if there else None, rows=rows, same=same
    )


def _sheet_lines(attempt: Attempt, bound: Mapping[str, Any] | None) -> dict[str, tuple[str, str]]:
    """Every line of a version of the worksheet: what it is called and what it comes to."""
    if bound is None:
        return {}
    query = select(worksheets).where(worksheets.c.case_id == attempt.case.id, worksheets.c.version == bound["version"])
    row = attempt.connection.execute(query).one_or_none()
    if row is None:
        return {}
    view = worksheet_view(row, json.loads(row.body), attempt)
    return {line.key: (line.label, _amount(line)) for line in _with_members(view)}


def _with_members(view: SimpleNamespace) -> list[SimpleNamespace]:
    """The lines of a sheet, those about a member with its name before them again."""
    for group in view.groups:
        for line in group.lines:
            line.label = f"{group.name} {line.label}".strip()
    return list(view.lines)


def _amount(line: SimpleNamespace) -> str:
    if line.amount_fen is not None:
        return f"{yuan(line.amount_fen)} {words.pick('元', 'yuan')}"
    return f"{line.value} {line.unit}".strip()


def _steps(reading: Reading, versions: Mapping[int, Any], left: int, right: int) -> list[SimpleNamespace]:
    """What made each version between the two: the record that first carries its content."""
    first: dict[tuple[str, Any], Any] = {}
    for row in reading.trail:
        first.setdefault((json.loads(row.body)["data"].get("subject", ""), row.at), row)
    between = [one for number, one in sorted(versions.items()) if left < number <= right]
    made = [(one.version, first.get((one.sha256, one.at))) for one in between]
    return [_step(reading, number, row) for number, row in made if row is not None]


def _step(reading: Reading, version: int, row: Any) -> SimpleNamespace:
    stage = reading.attempt.stage
    return SimpleNamespace(
        version=version, at=row.at, seq=row.seq, who=reading.person(row.person_id) or _("系统"),
        organisation=reading.organisation(row.organisation_id), path=path_of(row),
        verb=stage.verb_label(row.verb) or words.verb_label(row.verb),
    )  # fmt: skip


def path_of(row: Any) -> Any:
    """By which path a record changed the content: an import, a scheduled job, an administrator, or a person's step."""
    if row.verb in IMPORTS:
        return _("导入")
    if row.person_id is None:
        return _("系统任务")
    if row.role == str(Role.ADMINISTRATOR):
        return _("系统管理")
    return _("人工办理")


def _voided(reading: Reading, held: list[Any], left: int, right: int) -> list[SimpleNamespace]:
    """The rounds that this change made void, each with the record that did."""
    stage, found = reading.attempt.stage, []
    numbers = {one.round_no: one for one in held if left <= one.dossier_version < right}
    for row in reading.trail:
        data = json.loads(row.body)["data"]
        one = numbers.get(data.get("voided_round", 0))
        if one is not None:
            step = _step(reading, 0, row)
            step.ballot, step.round_no = stage.ballot(one.ballot).label, one.round_no
            found.append(step)
    return found
