"""A sample month for tests: an agreement in force, opened months, and people who take its steps."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

import workflow.agreement.machine
import workflow.settlement.machine
import workflow.takeover.machine  # noqa: F401 - the stages register themselves
from governance.roles import Role
from tests.people import County, make_county
from workflow import clock, door, files, ledger, lifecycle
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.claims.sampling import sample
from workflow.db import reading, writing
from workflow.model import cases
from workflow.occurrences import Ran, run_due
from workflow.settlement.jobs import JOBS

MEMBERS = (
    ("lead", "county"), ("tcm", "county"), ("town-1", "township"), ("town-2", "township"), ("village-1", "village"),
)  # fmt: skip
TOTALS = {"own_fen": 90_000_000, "inflow_fen": 8_000_000, "away_fen": 20_000_000}
_keys = itertools.count()


def moment(day: str) -> datetime:
    """Nine o'clock in Shanghai on ``day``."""
    return clock.moment(date.fromisoformat(day))


@dataclass
class Month:
    """One engine, one county, and the case of one month."""

    engine: Engine
    county: County
    case_id: int = 0
    agreement: dict[str, Any] = field(default_factory=dict)

    def actor(self, role: Role, code: str | None = None, n: int = 0) -> Actor:
        return self.county.actor(role, code, n)

    def take(
        self, trigger: str, role: Role, code: str | None = None, n: int = 0, on: str = "2025-04-08", **data: Any
    ) -> dict[str, Any]:
        """Take a step through the door."""
        return self.take_as(trigger, self.actor(role, code, n), on, **data)

    def take_as(
        self, trigger: str, actor: Actor, on: str = "2025-04-08", key: str = "", seen: str | None = None, **data: Any
    ) -> dict[str, Any]:
        """Take a step as one person; the key is new unless given."""
        key = key or f"test-{next(_keys)}"
        return door.take(self.engine, self.case_id, trigger, actor=actor, key=key, at=moment(on), data=data, seen=seen)

    def jobs(self, on: str) -> list[Ran]:
        """Run what is due on a day."""
        return run_due(self.engine, moment(on), JOBS)

    def open(self, period: str = "2025-03", on: str = "2025-04-01", pool: str = "resident") -> Month:
        """Run the jobs of a day and look at one month from here on."""
        self.jobs(on)
        with reading(self.engine) as connection:
            self.case_id = connection.scalar(
                select(cases.c.id).where(
                    cases.c.stage == "settlement", cases.c.period == period, cases.c.pool == pool,
                    cases.c.consortium_id == self.county.consortium_id,
                )
            )  # fmt: skip
        return self

    @property
    def case(self) -> Case:
        with reading(self.engine) as connection:
            return Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())

    def content(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Dossier and progress."""
        with reading(self.engine) as connection:
            case = Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())
            attempt = Attempt(connection, case, SYSTEM, moment("2025-04-01"))
            return attempt.dossier, attempt.progress

    def results(self) -> dict[str, Any]:
        return dict(self.content()[0]["worksheet"]["results"])

    def balance(self, account: str, party: str | None = None) -> int:
        with reading(self.engine) as connection:
            return ledger.balance(connection, account=account, party=party)

    def import_sample(self, totals: Mapping[str, int] = TOTALS, on: str = "2025-04-02", cases_count: int = 60) -> None:
        period, pool = self.case.period, self.case.pool
        self.import_bytes(sample_claims(self.county.code, period, pool, totals, cases_count), on)

    def import_bytes(self, content: bytes, on: str = "2025-04-02", name: str = "detail.csv", **data: Any) -> None:
        self.take("import_claims", Role.AGENCY_CLERK, on=on, file=files.keep(content, name), **data)

    def reconcile_all(self, on: str = "2025-04-08", without: tuple[str, ...] = ()) -> None:
        for code, level in MEMBERS:
            if level != "village" and code not in without:
                self.take("reconcile", Role.MEMBER_CLERK, code, on=on, differences=[])

    def to_calculated(self, on: str = "2025-04-08") -> None:
        self.import_sample()
        self.reconcile_all(on)
        self.jobs(on)

    def to_approved(self, on: str = "2025-04-09") -> None:
        self.to_calculated()
        self.take("review", Role.AGENCY_REVIEWER, on=on, verdict="agree", opinion="")
        self.take("approve", Role.AGENCY_HEAD, on=on, verdict="agree", opinion="")

    def to_funded(self) -> None:
        self.to_approved()
        self.take("fund", Role.CITY_FINANCE_APPROVER, on="2025-04-10", document="样例用款〔2025〕4号")

    def to_distributing(self) -> None:
        self.to_funded()
        self.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1", paid_on="2025-04-11")
        self.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")


def sample_claims(code: str, period: str, pool: str, totals: Mapping[str, int], cases_count: int = 60) -> bytes:
    return sample(
        seed="test", consortium=code, other_consortium="", pool=pool, period=period, members=MEMBERS,
        totals=totals, cases=cases_count,
    )  # fmt: skip


def agree(
    connection: Connection, county: County, start: str = "2025-03-01", end: str = "2025-12-31", **changes: Any
) -> int:
    """An agreement in force, entered as it stands."""
    dossier = {
        "consortium": county.code, "number": "样例协议 2025-1", "start": start, "end": end,
        "answers": {"settlement.deposit_ratio": "0.05"}, "prepayment_fen": {}, "pools": ["resident"],
    } | changes  # fmt: skip
    return lifecycle.open_case(
        connection, "agreement", county.consortium_id, actor=SYSTEM, at=moment(start), place=county.place,
        period=start[:4], state="in_force", dossier=dossier,
    )  # fmt: skip


def prepare(engine: Engine, **changes: Any) -> Month:
    """The county with an agreement in force from March 2025."""
    with writing(engine) as connection:
        county = make_county(connection)
        agree(connection, county, **changes)
    return Month(engine, county)
