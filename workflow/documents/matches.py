"""To what the hash on a paper belongs: versions, their rounds, and files, as far as the viewer may see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from workflow import decisions, scope
from workflow.machines import STAGES
from workflow.model import attachments, cases, dossiers, rounds
from workflow.model import decisions as decided
from workflow.organisations.model import consortia, organisations, persons
from workflow.pages import words
from workflow.pages.case_page import OUTCOMES
from workflow.pages.lists import case_title, case_url

MOST = 20
LONGEST = 18


def _begins(column: Any, typed: str) -> Any:
    """Whether a hash begins with ``typed``; hexadecimal digits all come before ``g``."""
    return (column >= typed) & (column < typed + "g")


def find(connection: Connection, viewer: Any, typed: str) -> list[SimpleNamespace]:
    """Every version of what is decided, in the viewer's scope, whose hash begins with ``typed``, newest first."""
    query = (
        select(dossiers.c.case_id, dossiers.c.version, dossiers.c.sha256, dossiers.c.at, cases.c.stage, cases.c.period)
        .add_columns(cases.c.subject_hash, consortia.c.name, consortia.c.name_en)
        .join(cases, cases.c.id == dossiers.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(_begins(dossiers.c.sha256, typed), scope.visible(viewer.seats))
        .order_by(dossiers.c.at.desc())
        .limit(MOST)
    )
    return [
        SimpleNamespace(
            title=case_title(row.stage, words.pick(row.name, row.name_en), row.period),
            url=case_url(row.stage, row.case_id),
            version=row.version,
            hash=row.sha256,
            at=row.at,
            current=row.sha256 == row.subject_hash,
            rounds=_rounds(connection, row),
        )
        for row in connection.execute(query).all()
    ]


def held(connection: Connection, viewer: Any, typed: str, address: str) -> SimpleNamespace | None:
    """The case that a printed code names, and whether what was printed is what it holds now; ``None`` out of scope."""
    stage, _slash, number = address.strip("/").partition("/")
    if stage not in STAGES or not number.isascii() or not number.isdigit() or len(number) > LONGEST:
        return None
    query = (
        select(cases.c.id, cases.c.stage, cases.c.period, cases.c.subject_hash, consortia.c.name, consortia.c.name_en)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.id == int(number), cases.c.stage == stage, scope.visible(viewer.seats))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    once = select(dossiers.c.version).where(dossiers.c.case_id == row.id, _begins(dossiers.c.sha256, typed))
    return SimpleNamespace(
        title=case_title(row.stage, words.pick(row.name, row.name_en), row.period), url=case_url(row.stage, row.id),
        equal=row.subject_hash.startswith(typed), known=connection.scalar(once.limit(1)), hash=row.subject_hash,
    )  # fmt: skip


def _rounds(connection: Connection, version: Any) -> list[SimpleNamespace]:
    """The rounds on a version; who decided what is told of rounds that are over."""
    query = (
        select(rounds.c.round_no, rounds.c.ballot, rounds.c.outcome, rounds.c.opened_at, decided.c.verdict)
        .add_columns(decided.c.at, decided.c.link, persons.c.name, organisations.c.name.label("office"))
        .outerjoin(decided, (decided.c.case_id == rounds.c.case_id) & (decided.c.round_no == rounds.c.round_no))
        .outerjoin(persons, persons.c.id == decided.c.person_id)
        .outerjoin(organisations, organisations.c.id == decided.c.organisation_id)
        .where(rounds.c.case_id == version.case_id, rounds.c.subject_hash == version.sha256)
        .order_by(rounds.c.round_no, decided.c.id)
    )
    found: dict[int, SimpleNamespace] = {}
    for row in connection.execute(query):
        label = next((one.label for one in STAGES[version.stage].ballots if one.key == row.ballot), row.ballot)
        outcome = words.pick(OUTCOMES[row.outcome], row.outcome)
        one = found.setdefault(
            row.round_no, SimpleNamespace(label=label, outcome=outcome, opened=row.opened_at, decisions=[])
        )
        if row.outcome != "open" and row.verdict is not None:
            one.decisions.append(
                SimpleNamespace(
                    office=row.office, who=row.name, at=row.at, verdict=decisions.VERDICTS[row.verdict],
                    link=decisions.link_label(row.link),
                )
            )  # fmt: skip
    return list(found.values())


def files(connection: Connection, viewer: Any, typed: str) -> list[SimpleNamespace]:
    """The files of cases in the viewer's scope, such as scans, whose content begins with this hash."""
    query = (
        select(attachments, cases.c.stage, cases.c.period, consortia.c.name.label("consortium"))
        .add_columns(consortia.c.name_en, consortia.c.lead_id)
        .join(cases, cases.c.id == attachments.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(_begins(attachments.c.sha256, typed), scope.visible(viewer.seats))
        .order_by(attachments.c.id.desc())
        .limit(MOST)
    )
    return [
        SimpleNamespace(
            name=row.name,
            url=f"/files/{row.case_id}/{row.sha256}",
            case=case_title(row.stage, words.pick(row.consortium, row.name_en), row.period),
            case_url=case_url(row.stage, row.case_id),
            at=row.at,
        )
        for row in connection.execute(query)
        if scope.may_open(viewer, row.section, row.person_id, row.lead_id)
    ]
