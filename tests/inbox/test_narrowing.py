"""Whatever is narrowed to is held against a recount in plain Python, and each condition that narrows is missed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from governance.roles import Role
from tests.inbox.conftest import DEADLINES, everyone
from tests.inbox.looking import counted, viewer
from tests.kernel import mending_stage
from tests.kernel.sample_stage import AT, Sample
from tests.mutating import changed
from workflow.acts.model import recusals
from workflow.clock import day_of
from workflow.db import reading, writing
from workflow.inbox import boxes, counts, filters, posts
from workflow.inbox import rows as inbox_rows
from workflow.inbox.boxes import keys_of
from workflow.inbox.filters import BOXES, Filters
from workflow.inbox.posts import desk_of
from workflow.model import cases, notices, records, tasks

KEY: dict[str, Callable[[Any], int]] = {
    "todo": lambda row: row.id, "copies": lambda row: row.id, "notices": lambda row: row.id,
    "done": lambda row: row.case_id, "started": lambda row: row.case_id,
}  # fmt: skip
TODAY, SOON = day_of(AT).isoformat(), "2026-03-09"
NARROWED: tuple[dict[str, str], ...] = (
    {}, {"stage": "sample"}, {"stage": "mending"}, {"consortium": "9999"}, {"pool": "employee"},
    {"role": "agency_clerk"}, {"q": "样例退回"},
)  # fmt: skip


@dataclass
class Rows:
    """Everything that the tables hold, as plain rows."""

    tasks: list[Any]
    notices: list[Any]
    records: list[Any]
    cases: dict[int, Any]
    recused: set[tuple[int, int]]

    @classmethod
    def of(cls, connection: Connection) -> Rows:
        found = [list(connection.execute(select(one))) for one in (tasks, notices, records, recusals)]
        known = {row.id: row for row in connection.execute(select(cases))}
        return cls(*found[:3], known, {(row.case_id, row.person_id) for row in found[3]})

    def mine(self, who: Any) -> list[Any]:
        """The tasks that wait for somebody."""
        return [row for row in self.tasks if any(self._waits(row, who, seat) for seat in who.seats)]

    def _waits(self, row: Any, who: Any, seat: Any) -> bool:
        principal = getattr(seat, "for_person_id", None) or who.person_id
        away = {(row.case_id, one) for one in (who.person_id, principal)} & self.recused
        here = (seat.organisation_id, seat.role) == (row.organisation_id, row.role)
        return here and not away and row.person_id in (None, principal) and self._in(seat, row.case_id)

    def _in(self, seat: Any, case_id: int | None) -> bool:
        stage = getattr(seat, "for_stage", "")
        return not stage or (case_id is not None and self.cases[case_id].stage == stage)

    def told(self, who: Any) -> list[Any]:
        """The notices that reach somebody."""
        return [
            row for row in self.notices
            if any((seat.organisation_id, seat.role) == (row.organisation_id, row.role) and self._in(seat, row.case_id)
                   for seat in who.seats)
        ]  # fmt: skip

    def fits(self, case_id: int | None, asked: Filters) -> bool:
        """Whether a case is one of those that are asked for."""
        if not asked.about_cases:
            return True
        case = self.cases.get(case_id or 0)
        return case is not None and (
            asked.stage in ("", case.stage) and asked.consortium in ("", str(case.consortium_id))
            and asked.pool in ("", case.pool) and (not asked.q or case.stage == "mending")
        )  # fmt: skip

    def box(self, who: Any, asked: Filters) -> set[int]:
        """What should lie in a box, by the last number of each row's key."""
        if asked.box == "todo":
            mine = [row for row in self.mine(who) if asked.role in ("", row.role) and self.fits(row.case_id, asked)]
            return {row.id for row in mine if _shown(row.deadline, asked.show)}
        if asked.box in ("copies", "notices"):
            told = [row for row in self.told(who) if asked.role in ("", row.role) and self.fits(row.case_id, asked)]
            return {row.id for row in told if (row.kind == "copy") == (asked.box == "copies")}
        return self._deeds(who, asked)

    def _deeds(self, who: Any, asked: Filters) -> set[int]:
        deeds = [row for row in self.records if row.person_id == who.person_id]
        found = {row.case_id for row in deeds if asked.box == "done" or row.seq == 1}
        if not any(seat.place == "demo-hunan-city" for seat in who.seats):
            return set()
        waiting = {row.case_id for row in self.mine(who)}
        held = {row.case_id for row in self.tasks if row.role == asked.role}
        over = {number for number, case in self.cases.items() if case.closed_at is not None}
        keep: dict[str, Callable[[int], bool]] = {
            "open": lambda one: one not in over, "closed": lambda one: one in over,
            "waiting": lambda one: one not in over and one not in waiting, "": lambda one: True,
        }  # fmt: skip
        return {one for one in found if self.fits(one, asked) and keep[asked.show](one)
                and (not asked.role or one in held)}  # fmt: skip


def _shown(deadline: str, show: str) -> bool:
    when = "overdue" if deadline < TODAY else "soon" if deadline <= SOON else "later"
    return show in ("", when)


def fill(sample: Sample) -> None:
    """Cases of two stages, tasks and notices of every kind, people named and people who stepped back."""
    chosen = random.Random(11)
    states = ("drafting", "submitted", "under_review", "agreed")
    known = [sample.open_case(state) for state in states * 3]
    other = mending_stage.Desk(sample.engine, sample.county)
    known += [other.open_case(state) for state in ("drafting", "submitted", "checked", "approved") * 2]
    clerk = sample.actor(Role.LEAD_CLERK)
    sample.take(known[0], "edit", clerk, data={"amount_fen": 5_00})
    sample.take(known[1], "accept", sample.actor(Role.AGENCY_CLERK))
    sample.take(known[5], "accept", sample.actor(Role.AGENCY_CLERK, 1))
    people = everyone(sample)
    with writing(sample.engine) as connection:
        for number in known[-2:] + known[2:4]:
            connection.execute(cases.update().where(cases.c.id == number).values(closed_at=AT))
        for organisation in {one.organisation_id for one in people if one.role is Role.MEMBER_CLERK}:
            told = {"case_id": known[0], "trigger": "edit", "organisation_id": organisation, "since": AT}
            connection.execute(tasks.insert().values(**told, role=str(Role.MEMBER_CLERK), deadline=SOON))
        for row in connection.execute(select(tasks)).all():
            post = (row.organisation_id, row.role)
            mine = [one.person_id for one in people if (one.organisation_id, one.role) == post]
            values = {"deadline": chosen.choice(DEADLINES), "person_id": chosen.choice([None, None, *mine])}
            connection.execute(tasks.update().where(tasks.c.id == row.id).values(values))
        for number, one in itertools.product(known, people):
            if chosen.random() < 0.15:
                told = {"case_id": number, "person_id": one.person_id, "recorded_by": one.person_id}
                connection.execute(recusals.insert().values(reason="样例", at=AT, **told))
        for one, kind, number in itertools.product(people, ("copy", "digest"), (known[0], known[-1], None)):
            told = {"organisation_id": one.organisation_id, "role": str(one.role), "kind": kind, "case_id": number}
            connection.execute(notices.insert().values(body="样例", at=AT, **told))


def lookers(sample: Sample) -> list[Any]:
    """Some with seats of their own, one who sees nothing from where they sit, and those who hold seats for others."""
    roles = (Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD, Role.LEAD_CLERK)
    found = [viewer(sample.actor(one)) for one in (*roles, Role.CITY_FINANCE_REVIEWER, Role.MEMBER_CLERK)]
    blind = viewer(sample.actor(Role.LEAD_CLERK))
    blind.seats[0].place = "demo-suixi"
    deputy = sample.actor(Role.CENTRE_CLERK)
    for stage in ("sample", "mending", ""):
        given = [
            seat for one in map(sample.actor, roles)
            for seat in viewer(one, for_person_id=one.person_id, for_stage=stage).seats
        ]  # fmt: skip
        seats = [*viewer(deputy).seats, *given]
        found.insert(0, SimpleNamespace(person_id=deputy.person_id, name=deputy.name, seats=seats))
    return [*found, blind]


def forget() -> None:
    """Questions are put into words anew."""
    for kept in (counts._counting, counts.unread_count, inbox_rows._worded):
        kept.cache_clear()


def differences(connection: Connection, people: list[Any], plain: Rows, kinds: Iterable[str]) -> Iterator[str]:
    """Where boxes of these kinds hold something else than the recount."""
    days = boxes.Days(day_of(AT), date.fromisoformat(SOON))
    for box, more, who in itertools.product(kinds, NARROWED, people):
        for show in ("", *BOXES[box][1]):
            asked = Filters(box, show, **more)
            found = [row for query, _order in keys_of(desk_of(who), asked, days) for row in connection.execute(query)]
            if {KEY[box](row) for row in found} != plain.box(who, asked):
                yield f"{who.name} {asked}"


def miscounts(connection: Connection, people: list[Any], plain: Rows) -> list[str]:
    """Whose counts are not those of their boxes."""
    found = []
    for who in people:
        told = counted(connection, who, day_of(AT))
        for box in BOXES:
            if told[box] != len(plain.box(who, Filters(box))):
                found.append(f"{who.name} {box}")
    return found


ABOUT = {"Post.notices": "notices", "told": "copies", "done": "done", "started": "started", "_cases": "done",
         "held_by": "done"}  # fmt: skip
MUTANTS = (
    (posts, "Post.tasks", "tasks.c.organisation_id == self.organisation_id", "tasks.c.id > 0"),
    (posts, "Post.tasks", "tasks.c.role == self.role", "tasks.c.id > 0"),
    (posts, "Post._claimed", "tasks.c.person_id == claim.person_id", "tasks.c.person_id.isnot(None)"),
    (posts, "Post._claimed", "tasks.c.person_id.is_(None)", "tasks.c.id < 0"),
    (posts, "Post._claimed", "and_(theirs, stays)", "theirs"),
    (posts, "Post._claimed", "{self.viewer_id, claim.person_id}", "{self.viewer_id}"),
    (posts, "Post._claimed", "{self.viewer_id, claim.person_id}", "{claim.person_id}"),
    (posts, "_in_stage", "and_(condition, _of_stage(case_id, stage)) if stage else condition", "condition"),
    (posts, "_stepped_back", "recusals.c.case_id == case_id, ", ""),
    (posts, "_of_stage", "one.c.id == case_id, ", ""),
    (posts, "Post.notices", "notices.c.organisation_id == self.organisation_id", "notices.c.id > 0"),
    (posts, "Post.notices", "notices.c.role == self.role", "notices.c.id > 0"),
    (posts, "Post.notices", 'if "" in stages:', "if stages:"),
    (posts, "_posts", 'getattr(seat, "for_person_id", None) or ', ""),
    (posts, "_posts", 'getattr(seat, "for_stage", "")', '""'),
    (boxes, "_due", "tasks.c.deadline < today", "tasks.c.deadline <= soon"),
    (boxes, "_due", "tasks.c.deadline >= today, ", ""),
    (boxes, "_due", ", tasks.c.deadline <= soon", ""),
    (boxes, "_due", "[tasks.c.deadline > soon]", "[]"),
    (boxes, "todo", "if filters.role and filters.role != post.role:", "if False:"),
    (boxes, "todo", "query = query.where(*of_case(filters, tasks.c.trigger))", "pass"),
    (boxes, "told", "notices.c.kind == COPY if copies", "notices.c.id > 0 if copies"),
    (boxes, "told", "else notices.c.kind != COPY", "else notices.c.id > 0"),
    (boxes, "told", "if filters.role and filters.role != post.role:", "if False:"),
    (boxes, "told", "query = query.where(*of_case(filters))", "pass"),
    (boxes, "done", "records.c.person_id == desk.person_id, ~last", "~last"),
    (boxes, "done", "later.c.person_id == desk.person_id, ", ""),
    (boxes, "started", "records.c.person_id == desk.person_id, ", ""),
    (boxes, "started", ", records.c.seq == 1", ""),
    (boxes, "started", "cases.c.closed_at.is_(None), ", ""),
    (boxes, "started", ", ~waits_for(desk.posts)", ""),
    (boxes, "_cases", "scope.visible(desk.seats), ", ""),
    (boxes, "_cases", ", *of_case(filters)", ""),
    (boxes, "_cases", "query = query.where(cases.c.closed_at.is_(None))", "pass"),
    (boxes, "_cases", "query = query.where(cases.c.closed_at.isnot(None))", "pass"),
    (boxes, "_cases", "query.where(held_by(filters.role)) if filters.role else query", "query"),
    (filters, "held_by", "tasks.c.case_id == cases.c.id, ", ""),
    (filters, "held_by", ", tasks.c.role == role", ""),
    (filters, "of_case", "found.append(cases.c.stage == filters.stage)", "pass"),
    (filters, "of_case", "found.append(cases.c.consortium_id == int(filters.consortium))", "pass"),
    (filters, "of_case", "found.append(cases.c.pool == filters.pool)", "pass"),
    (filters, "of_case", "found.append(_says(filters.q.lower(), trigger))", "pass"),
)  # fmt: skip


def test_every_narrowing_is_as_recounted_and_each_condition_is_missed(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mending_stage.registered():
        fill(sample)
        people = lookers(sample)
        survivors = []
        with reading(sample.engine) as connection:
            plain = Rows.of(connection)
            assert list(differences(connection, people, plain, BOXES)) == []
            forget()
            assert miscounts(connection, people, plain) == []
            for module, name, old, new in MUTANTS:
                with changed(module, name, old, new), monkeypatch.context() as patched:
                    forget()
                    for used in (boxes, counts):
                        for one in ("held_by", "of_case"):
                            if module is filters and hasattr(used, one):
                                patched.setattr(used, one, getattr(filters, one))
                    kinds = [ABOUT.get(name, "todo"), *(("notices",) if name == "told" else ())]
                    if next(differences(connection, people, plain, kinds), None) is None:
                        survivors.append((name, old))
        forget()
    assert survivors == []
