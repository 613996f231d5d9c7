"""The posts of a person: organisation and role of every seat held, own or for another, and what reaches them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from workflow.acts.model import notice_marks, recusals
from workflow.model import cases, notices, tasks


@dataclass(frozen=True, slots=True)
class Claim:
    """In whose name a post is held, and in which stage alone; an empty ``stage`` is every stage."""

    person_id: int
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One role in one organisation, once, however many seats give it; ``viewer_id`` is who sits there."""

    organisation_id: int
    role: str
    claims: tuple[Claim, ...]
    viewer_id: int

    def tasks(self) -> ColumnElement[bool]:
        """Which open tasks wait here for the holder: those of the post that are not somebody else's by name.

        Who has stepped back from a case is waited for in it no more, nor is who acts for them.
        """
        here = (tasks.c.organisation_id == self.organisation_id, tasks.c.role == self.role)
        return and_(*here, or_(*(self._claimed(one) for one in self.claims)))

    def _claimed(self, claim: Claim) -> ColumnElement[bool]:
        theirs = or_(tasks.c.person_id.is_(None), tasks.c.person_id == claim.person_id)
        stays = ~_stepped_back(tasks.c.case_id, {self.viewer_id, claim.person_id})
        return _in_stage(tasks.c.case_id, and_(theirs, stays), claim.stage)

    def notices(self) -> ColumnElement[bool]:
        """Which notices reach the holder here."""
        here = (notices.c.organisation_id == self.organisation_id, notices.c.role == self.role)
        stages = self._stages()
        if "" in stages:
            return and_(*here)
        return and_(*here, or_(*(_of_stage(notices.c.case_id, stage) for stage in stages)))

    def unread(self) -> ColumnElement[bool]:
        """Which of them the one who sits there has not read: marks are the reader's, never those of a seat's giver."""
        mine, before = notice_marks.c.person_id == self.viewer_id, notices.alias("before")
        here = (before.c.organisation_id == self.organisation_id, before.c.role == self.role)
        last = (
            select(func.coalesce(func.max(before.c.id), 0))
            .join_from(notice_marks, before, before.c.id == notice_marks.c.notice_id)
            .where(mine, notice_marks.c.all_before == 1, *here)
        )
        alone = exists().where(mine, notice_marks.c.all_before == 0, notice_marks.c.notice_id == notices.c.id)
        return and_(self.notices(), notices.c.id > last.scalar_subquery(), ~alone)

    @property
    def whole(self) -> bool:
        """Whether the post is held in every stage, and not only as far as a seat was given."""
        return self._stages() == [""]

    def _stages(self) -> list[str]:
        stages = sorted({one.stage for one in self.claims})
        return [""] if "" in stages else stages


def _stepped_back(case_id: Any, people: set[int]) -> ColumnElement[bool]:
    return exists().where(recusals.c.case_id == case_id, recusals.c.person_id.in_(sorted(people)))


def _in_stage(case_id: Any, condition: ColumnElement[bool], stage: str) -> ColumnElement[bool]:
    return and_(condition, _of_stage(case_id, stage)) if stage else condition


def _of_stage(case_id: Any, stage: str) -> ColumnElement[bool]:
    one = cases.alias("one")
    return select(one.c.id).where(one.c.id == case_id, one.c.stage == stage).exists()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a seat lets its holder read, as ``scope`` asks for it."""

    organisation_id: int
    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks, from which posts, and how far: all that the questions of an inbox depend on."""

    person_id: int
    posts: tuple[Post, ...]
    seats: tuple[Sight, ...]


def desk_of(viewer: Any) -> Desk:
    """The desk of ``viewer``; the same for the same seats, so that questions put into words once are found again."""
    sights = {Sight(seat.organisation_id, str(seat.kind), seat.place) for seat in viewer.seats}
    by = sorted(sights, key=lambda one: (one.organisation_id, one.kind, one.place))
    return Desk(viewer.person_id, _posts(viewer), tuple(by))


def _posts(viewer: Any) -> tuple[Post, ...]:
    """By organisation and role; seats held for another count as far as they were given."""
    found: dict[tuple[int, str], set[Claim]] = defaultdict(set)
    for seat in viewer.seats:
        person = getattr(seat, "for_person_id", None) or viewer.person_id
        found[seat.organisation_id, str(seat.role)].add(Claim(person, getattr(seat, "for_stage", "")))
    return tuple(
        Post(organisation, role, tuple(sorted(claims, key=lambda one: (one.person_id, one.stage))), viewer.person_id)
        for (organisation, role), claims in sorted(found.items())
    )


def any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """One of ``conditions``, of which there is at least one."""
    return or_(*conditions)
