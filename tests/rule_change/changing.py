"""A city whose county has decided months, and rule changes taken through their steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from governance.roles import Role
from tests.people import County
from tests.settlement.months import prepare
from workflow import clock, door, files, stages
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.occurrences import Ran, run_due
from workflow.rule_change.commands import begin
from workflow.rule_change.jobs import JOBS

CITY = "demo-hunan-city"
RATIO = "settlement.deposit_ratio"
SCAN = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OFFICER, REVIEWER, HEAD = Role.RULES_OFFICER, Role.CITY_INSURANCE_REVIEWER, Role.CITY_INSURANCE_APPROVER
_keys = itertools.count()


def moment(day: str) -> datetime:
    """Nine o'clock in Shanghai on ``day``."""
    return clock.moment(date.fromisoformat(day))


def proposal(**changes: Any) -> dict[str, Any]:
    """What a rules officer types, with the scan of the document."""
    given = {
        "rule": RATIO, "value": "0.03", "since": "2025-05-01", "status": "official",
        "document_number": "样例医保发〔2025〕7号", "document_title": "关于调整质量保证金的通知", "issuer": "样例市医保局",
        "issued_on": "2025-04-10", "clause": "第二条", "says": "质量保证金按百分之三预留", "backwards": False,
    }  # fmt: skip
    return {**given, "scan": files.keep(SCAN, "通知.pdf"), **changes}


@dataclass
class City:
    """One engine, one city with its county, and the rule change looked at."""

    engine: Engine
    county: County
    case_id: int = 0
    held: dict[str, Any] = field(default_factory=dict)

    def actor(self, role: Role, n: int = 0) -> Actor:
        return self.county.actor(role, n=n)

    def begin(self, on: str = "2025-04-15", place: str = CITY, actor: Actor | None = None, **changes: Any) -> int:
        """Propose a rule; the city looks at it from here on."""
        with writing(self.engine) as connection:
            who = actor or self.actor(OFFICER)
            self.case_id = begin(connection, actor=who, at=moment(on), place=place, **proposal(**changes))
        return self.case_id

    def take(self, trigger: str, role: Role, n: int = 0, on: str = "2025-04-16", **data: Any) -> dict[str, Any]:
        return door.take(
            self.engine, self.case_id, trigger, actor=self.actor(role, n), key=f"rule-{next(_keys)}", at=moment(on),
            data=data,
        )

    def jobs(self, on: str = "2025-04-16") -> list[Ran]:
        return run_due(self.engine, moment(on), JOBS)

    def to_shown(self, **changes: Any) -> City:
        self.begin(**changes)
        assert [one.status for one in self.jobs()] == ["done"]
        return self

    def to_approved(self, **changes: Any) -> City:
        self.to_shown(**changes)
        self.take("opine", REVIEWER, verdict="agree", opinion="")
        self.take("decide", HEAD, verdict="agree", opinion="")
        return self

    def to_enacted(self, on: str = "2025-04-16", **changes: Any) -> City:
        self.to_approved(**changes)
        self.take("enact", HEAD, on=on)
        return self

    @property
    def case(self) -> Case:
        with reading(self.engine) as connection:
            return Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())

    def content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Dossier and progress."""
        with self.reading() as connection:
            case = Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())
            attempt = Attempt(connection, case, SYSTEM, moment("2025-04-15"))
            return attempt.dossier, attempt.progress

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with reading(self.engine) as connection:
            yield connection


def city_with_month(engine: Engine) -> City:
    """The city after March 2025 was approved in its county."""
    stages.load()
    month = prepare(engine)
    month.open()
    month.to_approved()
    return City(engine, month.county, held={"month": month})
