"""Plays one merged timeline: people act, the clock moves day by day, jobs run; resumable after any interruption."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from governance.workdays import Calendar, add_workdays
from workflow import clock, door, jobs
from workflow.attempt import Actor, Case
from workflow.calendar_days import load_calendar
from workflow.db import moment_text, reading, writing
from workflow.model import cases, settings
from workflow.organisations.model import consortia
from workflow.story import cast

POSITION = "story.position"
FINISHED = "~"


@dataclass(frozen=True, order=True, slots=True)
class Scene:
    """Something that happens at a moment; ``key`` names it for ever, ``act`` does it."""

    at: datetime
    key: str
    act: Callable[[Player], None] = field(compare=False)
    told: str = field(compare=False, default="")

    @property
    def position(self) -> str:
        """Where in the timeline the scene stands, as text that sorts."""
        return f"{moment_text(self.at)}|{self.key}"


class Player:
    """Plays scenes on one database. Every command goes through the door with a key of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.scene: Scene | None = None
        self.done_in_scene: Counter[str] = Counter()
        self.actors: dict[tuple[str, str, int], Actor] = {}
        self.consortia: dict[str, int] = {}

    @property
    def at(self) -> datetime:
        """The moment of the present scene."""
        assert self.scene is not None
        return self.scene.at

    def next_key(self, command: str) -> str:
        """A key for the next ``command`` of the present scene, the same whenever the story is played.

        Each command is counted for itself: a scene that is played again after an interruption may find that some of
        it need not be asked for any more, and what follows must keep its key all the same.
        """
        assert self.scene is not None
        self.done_in_scene[command] += 1
        return f"story:{self.scene.key}:{command}:{self.done_in_scene[command]}"

    def actor(self, code: str, role: Role, number: int = 0) -> Actor:
        """The person of the cast in this post."""
        wanted = (code, str(role), number)
        if wanted not in self.actors:
            with reading(self.engine) as connection:
                self.actors[wanted] = cast.find_actor(connection, code, role, number)
        return self.actors[wanted]

    def consortium(self, code: str) -> int:
        """The number of a consortium of the cast."""
        if not self.consortia:
            with reading(self.engine) as connection:
                rows = connection.execute(select(consortia.c.code, consortia.c.id))
                self.consortia = {row.code: row.id for row in rows}
        return self.consortia[code]

    def case(self, stage: str, code: str, pool: str = "", period: str | None = None) -> Case:
        """The newest case of a stage for a consortium (of a pool and period where given)."""
        with reading(self.engine) as connection:
            query = select(cases).where(
                cases.c.stage == stage, cases.c.consortium_id == self.consortium(code), cases.c.pool == pool
            )
            if period is not None:
                query = query.where(cases.c.period == period)
            row = connection.execute(query.order_by(cases.c.id.desc()).limit(1)).one_or_none()
        if row is None:
            raise LookupError(f"{stage} {code} {pool} {period}: no such case at {self.at}")
        return Case(*row)

    def desk_case(self, stage: str, place: str) -> Case:
        """The newest case of a stage that a place itself holds."""
        with reading(self.engine) as connection:
            query = select(cases).where(cases.c.stage == stage, cases.c.place == place)
            return Case(*connection.execute(query.order_by(cases.c.id.desc()).limit(1)).one())

    def take(self, case: Case, trigger: str, actor: Actor, **data: Any) -> None:
        """Take a step through the door."""
        key = self.next_key(f"{trigger}:{case.id}:{actor.seat_id}")
        door.take(self.engine, case.id, trigger, actor=actor, key=key, at=self.at, data=data)

    def act(self, case: Case, verb: str, actor: Actor, **data: Any) -> None:
        """Do something around a case through the door, without taking a step of it."""
        key = self.next_key(f"{verb}:{case.id}:{actor.seat_id}")
        door.act(self.engine, case.id, verb, actor=actor, key=key, at=self.at, data=data)

    def once(self, body: dict[str, Any], act: Callable[[Connection, datetime], Any]) -> Any:
        """Do something else through the door, at most once."""
        return door.once(self.engine, self.next_key("once"), body, self.at, act)

    def play(self, scenes: Iterable[Scene], told: Callable[[Scene, int], None] = lambda scene, number: None) -> None:
        """Play every scene that has not been played yet, in order, moving the demo clock along."""
        position = self.position()
        for number, scene in enumerate(scenes, start=1):
            if scene.position > position:
                self.scene, self.done_in_scene = scene, Counter()
                scene.act(self)
                self._keep_position(scene)
            told(scene, number)

    def position(self) -> str:
        """How far this database's story has been played."""
        with reading(self.engine) as connection:
            return connection.scalar(select(settings.c.value).where(settings.c.name == POSITION)) or ""

    def _keep_position(self, scene: Scene) -> None:
        with writing(self.engine) as connection:
            clock.set_demo_clock(connection, scene.at)
            changed = connection.execute(
                settings.update().where(settings.c.name == POSITION).values(value=scene.position)
            )
            if changed.rowcount == 0:
                connection.execute(settings.insert().values(name=POSITION, value=scene.position))


def daily_ticks(first: date, last: date) -> Iterator[Scene]:
    """The scheduler's run at seven every morning."""
    day = first
    while day <= last:
        yield Scene(clock.moment(day, 7), f"jobs:{day.isoformat()}", _tick)
        day += timedelta(days=1)


class JobsFailed(Exception):
    """A scheduled run of the story failed; the story must not go on as if nothing had happened."""


def _tick(player: Player) -> None:
    ran = jobs.tick(player.engine, player.at)
    failed = [one for one in ran if one.status == "failed"]
    if failed:
        raise JobsFailed("; ".join(f"{one.job} {one.due.scope} {one.due.period}: {one.error}" for one in failed))


def merged(*lines: Iterable[Scene]) -> list[Scene]:
    """One timeline of several, each of them in order; raises ``ValueError`` for two scenes of one name."""
    scenes = list(heapq.merge(*(sorted(line) for line in lines)))
    keys = [scene.key for scene in scenes]
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"two scenes of one name: {twice[:5]}")
    return scenes


class Diary:
    """Dates of the story: working days found by the official calendar."""

    def __init__(self, engine: Engine) -> None:
        with reading(engine) as connection:
            self.calendar: Calendar = load_calendar(connection)

    def on(self, year: int, month: int, day: int) -> date:
        """The first working day on or after a date."""
        found = date(year, month, day)
        while not self.calendar.kinds.get(found, found.weekday() < 5):
            found += timedelta(days=1)
        return found

    def after(self, start: date, days: int) -> date:
        """The working day that is ``days`` working days after ``start``; ``start`` itself moves to a working day."""
        first = self.on(start.year, start.month, start.day)
        return add_workdays(first, days, self.calendar)[0] if days else first
