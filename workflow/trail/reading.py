"""Records as the auditor reads them: within a scope, filtered by what the address says, page by page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Select, and_, exists, literal, or_, select, tuple_

from governance.roles import Role
from workflow import clock
from workflow.acts.model import papers
from workflow.db import canonical, moment_text
from workflow.machines import STAGES, Stage, Step
from workflow.model import cases, journals, records, rounds
from workflow.organisations.model import consortia, organisations, persons
from workflow.pages import lists, round_words, words

PAGE_ROWS = 50
ONLY = ("returned", "overdue", "amount")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; an empty field asks for everything."""

    case: int | None = None
    consortium: int | None = None
    stage: str = ""
    person: str = ""
    verb: str = ""
    since: date | None = None
    until: date | None = None
    only: str = ""
    number: str = ""
    before: str = ""

    def address(self, **changed: Any) -> str:
        """The address of the page with these filters, some of them changed."""
        asked = replace(self, **changed)
        given = {one.name: getattr(asked, one.name) for one in fields(asked)}
        query = urlencode({name: str(value) for name, value in given.items() if value not in (None, "")})
        return f"/trail?{query}" if query else "/trail"


def filters(asked: Mapping[str, str]) -> Filters:
    """The filters in the query of an address; raises ``ValueError`` where one is not what it should be."""
    if any("\x00" in value for value in asked.values()):
        raise ValueError(asked)
    found = Filters(
        case=_number(asked.get("case")),
        consortium=_number(asked.get("consortium")),
        stage=asked.get("stage", ""),
        person=asked.get("person", "").strip()[:80],
        verb=asked.get("verb", ""),
        since=_day(asked.get("since")),
        until=_day(asked.get("until")),
        only=asked.get("only", ""),
        number=asked.get("number", "").strip()[:100],
        before=asked.get("before", ""),
    )
    if found.stage not in ("", *STAGES) or found.only not in ("", *ONLY):
        raise ValueError(found)
    if found.before:
        _cursor(found.before)
    return found


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(text)
    return int(text)


def _day(text: str | None) -> date | None:
    return moment(text).date() if text else None


def moment(text: str) -> datetime:
    """The moment written in an address, in Shanghai unless it names a zone; raises ``ValueError``."""
    at = datetime.fromisoformat(text)
    if not 1990 <= at.year <= 2100:
        raise ValueError(text)
    return at if at.tzinfo else at.replace(tzinfo=clock.SHANGHAI)


def _cursor(text: str) -> tuple[datetime, int, int]:
    at, case, seq = text.split("|")
    return moment(at), _number(case) or 0, _number(seq) or 0


def goes_back(stage: Stage, step: Step) -> bool:
    """Whether a step leads to an earlier place on the stage's main path, or is a return or a withdrawal by name."""
    path = list(stage.main_path)
    backwards = ("return", "send_back", "take_back", "hand_back", "withdraw", "recall", "reject")
    if any(word in step.trigger for word in backwards):
        return True
    back = [path.index(one) for one in step.source if one in path]
    return step.dest in path and bool(back) and path.index(step.dest) < min(back)


def _returned() -> Any:
    pairs = [(stage.name, one.trigger) for stage in STAGES.values() for one in stage.steps if goes_back(stage, one)]
    verdict = records.c.body.like('%"verdict":"return"%')
    return or_(tuple_(cases.c.stage, records.c.verb).in_(pairs), verdict) if pairs else verdict


def _amount() -> Any:
    booked = exists().where(and_(journals.c.case_id == records.c.case_id, journals.c.at == records.c.at))
    return or_(booked, records.c.body.like('%"book_digest"%'), records.c.body.like('%_fen"%'))


def chosen(visible: Collection[int], asked: Filters) -> Select[Any]:
    """The records of the visible consortia that the filters ask for, newest first."""
    query = (
        select(
            records, cases.c.stage, cases.c.period, cases.c.consortium_id, persons.c.name.label("person"),
            organisations.c.name.label("body_name"), organisations.c.name_en.label("body_name_en"),
            consortia.c.name, consortia.c.name_en,
        )
        .join(cases, cases.c.id == records.c.case_id)
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .outerjoin(persons, persons.c.id == records.c.person_id)
        .outerjoin(organisations, organisations.c.id == records.c.organisation_id)
        .where(cases.c.consortium_id.in_(visible))
        .order_by(records.c.at.desc(), records.c.case_id.desc(), records.c.seq.desc())
    )
    for column, value in (
        (cases.c.id, asked.case), (cases.c.consortium_id, asked.consortium), (cases.c.stage, asked.stage or None),
        (records.c.verb, asked.verb or None),
    ):
        if value is not None:
            query = query.where(column == value)
    if asked.person:
        query = query.where(persons.c.name.contains(asked.person, autoescape=True))
    if asked.since is not None:
        query = query.where(records.c.at >= clock.moment(asked.since, 0))
    if asked.until is not None:
        query = query.where(records.c.at < clock.moment(asked.until + timedelta(days=1), 0))
    if asked.number:
        paper = exists().where(papers.c.case_id == cases.c.id, papers.c.document_number == asked.number)
        query = query.where(paper & records.c.body.contains(f'"number":{canonical(asked.number)}', autoescape=True))
    if asked.only:
        wanted = {"returned": _returned, "amount": _amount, "overdue": lambda: records.c.verb == "overdue"}
        query = query.where(wanted[asked.only]())
    if asked.before:
        at, case, seq = _cursor(asked.before)
        here = tuple_(records.c.at, records.c.case_id, records.c.seq)
        query = query.where(here < tuple_(literal(at, records.c.at.type), literal(case), literal(seq)))
    return query


def page_of(connection: Connection, visible: Collection[int], asked: Filters, viewer: Any) -> SimpleNamespace:
    """One page of rows and the address of the next one; an empty address on the last page."""
    found = list(connection.execute(chosen(visible, asked).limit(PAGE_ROWS + 1)))
    shown = found[:PAGE_ROWS]
    unheard = set() if viewer.has_role(Role.AUDITOR) else _open_rounds(connection, {row.case_id for row in shown})
    last = shown[-1] if len(found) > PAGE_ROWS else None
    after = f"{moment_text(last.at)}|{last.case_id}|{last.seq}" if last is not None else ""
    principals = _principals(connection, shown)
    return SimpleNamespace(
        rows=[row_view(row, unheard, principals) for row in shown], next=asked.address(before=after) if after else ""
    )


def _open_rounds(connection: Connection, numbers: Collection[int]) -> set[tuple[int, int]]:
    query = select(rounds.c.case_id, rounds.c.round_no).where(
        rounds.c.case_id.in_(numbers), rounds.c.outcome == "open"
    )
    return {(row.case_id, row.round_no) for row in connection.execute(query)}


def _principals(connection: Connection, shown: Collection[Any]) -> dict[int, str]:
    """The names of those for whom others acted in these records; asked only where somebody did."""
    numbers = {json.loads(row.body)["data"].get("for") for row in shown if '"for":' in row.body} - {None}
    query = select(persons.c.id, persons.c.name).where(persons.c.id.in_(numbers))
    return {row.id: row.name for row in connection.execute(query)} if numbers else {}


def row_view(
    row: Any, unheard: Collection[tuple[int, int]], principals: Mapping[int, str] = MappingProxyType({})
) -> SimpleNamespace:
    """A record as a row: who (and for whom), what, when, from where to where, why, and its hash."""
    stage = STAGES[row.stage]
    data = json.loads(row.body)["data"]
    if (row.case_id, data.get("round")) in unheard:
        data.pop("opinion", None)
    return SimpleNamespace(
        at=row.at,
        who=row.person or "",
        organisation=words.pick(row.body_name, row.body_name_en) or "",
        role=words.role_name(row.role),
        by_system=row.person_id is None,
        verb=stage.verb_label(row.verb) or words.verb_label(row.verb),
        case=row.case_id,
        case_title=lists.case_title(row.stage, words.pick(row.name, row.name_en), row.period),
        url=lists.case_url(row.stage, row.case_id),
        seq=row.seq,
        from_label=stage.state_labels.get(row.from_state, "") if row.from_state != row.to_state else "",
        to_label=stage.state_labels.get(row.to_state, ""),
        note=round_words.note(data),
        behalf=principals.get(data.get("for"), "") or data.get("on_behalf_of", ""),
        intervened=row.verb.startswith("intervention_"),
        rules=data.get("book_digest", ""),
        hash=row.hash,
        moment=moment_text(row.at),
    )
