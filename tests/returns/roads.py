"""One road for each stage that knows returns: how a case comes to a step, is returned, mended and comes back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import Engine, select

from governance.roles import Role
from tests.agreement import signing
from tests.budget import budgeting
from tests.city_ruling import ruling
from tests.people import County
from tests.self_assessment import filing
from tests.takeover import proposing
from workflow import door
from workflow.attempt import SYSTEM, Actor, Attempt, Case
from workflow.db import reading
from workflow.jobs import stage_jobs
from workflow.model import cases
from workflow.occurrences import Ran, run_due

_keys = itertools.count()


class Road:
    """A case of one stage in the sample county.

    ``RETURNER`` says who returns from each state, ``NAMED`` what is named on a return to each, ``STRAIGHT`` from where
    to where the table has a way straight back, ``SENDER`` who sends it; ``WITHOUT`` are jobs of other stages that this
    sample has no history for.
    """

    RETURNER: ClassVar[Mapping[str, Role]]
    NAMED: ClassVar[Mapping[str, tuple[str, ...]]]
    STRAIGHT: ClassVar[frozenset[tuple[str, str]]]
    SENDER: ClassVar[Role]
    WITHOUT: ClassVar[frozenset[str]] = frozenset()
    county: County
    case_id: int
    when: datetime

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def take(self, trigger: str, who: Role | Actor, code: str | None = None, n: int = 0, **data: Any) -> str:
        """Take a step now; the state that it leads to."""
        actor = who if isinstance(who, Actor) else self.county.actor(who, code, n)
        key = f"road:{next(_keys)}"
        answer = door.take(self.engine, self.case_id, trigger, actor=actor, key=key, at=self.when, data=data)
        return str(answer["state"])

    def jobs(self) -> list[Ran]:
        """Run what the stages have due now, until nothing is; none of it fails."""
        ran: list[Ran] = []
        known = [one for one in stage_jobs() if one.name not in self.WITHOUT]
        while fresh := run_due(self.engine, self.when, known):
            assert [one for one in fresh if one.status != "done"] == []
            ran += fresh
        return ran

    def look(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """State, dossier and progress."""
        with reading(self.engine) as connection:
            case = Case(*connection.execute(select(cases).where(cases.c.id == self.case_id)).one())
            attempt = Attempt(connection, case, SYSTEM, self.when)
            return case.state, attempt.dossier, attempt.progress

    def to(self, source: str) -> None:
        """Take a new case to ``source``, step by step."""
        raise NotImplementedError

    def mend(self, dest: str) -> None:
        """Change what was named, and hand it on where that is a step of its own."""

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any] | None:
        """A person's step that changes what was not named, where there is one."""
        return None

    def ahead(self, dest: str) -> None:
        """From the mended case to where it is sent straight back from."""

    def again(self, source: str, dest: str) -> None:
        """From the mended case to where it was returned from, step by step."""
        raise NotImplementedError


class Takeover(Road):
    RETURNER: ClassVar = {"checked": Role.AGENCY_HEAD}
    NAMED: ClassVar = {"proposed": ("opening",)}
    STRAIGHT: ClassVar = frozenset({("checked", "proposed")})
    SENDER: ClassVar = Role.AGENCY_CLERK

    def to(self, source: str) -> None:
        self.county, self.when = signing.county_of(self.engine), proposing.AT
        self.case_id = proposing.proposed(self.engine, self.county)
        self.take("check", Role.AGENCY_REVIEWER, verdict="agree")

    def _revise(self, **changed: Any) -> str:
        return self.take("revise", Role.AGENCY_CLERK, **(proposing.GIVEN | changed))

    def mend(self, dest: str) -> None:
        self._revise(opening={"resident": proposing.OPENING["resident"] | {"deposit_fen": 31_000_00}})

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any]:
        return lambda: self._revise(agreement_number="样协2025-2")

    def again(self, source: str, dest: str) -> None:
        self.take("check", Role.AGENCY_REVIEWER, verdict="agree")


class SelfAssessment(Road):
    RETURNER: ClassVar = {"ready": Role.LEAD_HEAD, "endorsing": Role.COUNTY_HEALTH_REVIEWER}
    NAMED: ClassVar = {"drafting": ("grades",), "ready": ("grades",)}
    STRAIGHT: ClassVar = frozenset({("ready", "drafting"), ("endorsing", "drafting")})
    SENDER: ClassVar = Role.LEAD_CLERK

    def to(self, source: str) -> None:
        self.county, self.when = filing.county_on(self.engine), filing.AT
        self.case_id = filing.begun(self.engine, self.county)
        filing.grade_all(self.engine, self.county, self.case_id)
        self.again(source, "drafting")

    def mend(self, dest: str) -> None:
        if dest == "drafting":
            told = {"grade": "met", "explanation": "另有说明", "files": [filing.paper("Q11.pdf")]}
            self.take("grade", Role.LEAD_CLERK, criterion="Q11", **told)

    def again(self, source: str, dest: str) -> None:
        if dest == "drafting":
            self.take("submit", Role.LEAD_CLERK)
        if source == "endorsing":
            self.take("sign", Role.LEAD_HEAD)


class CityRuling(Road):
    RETURNER: ClassVar = {
        "under_review": Role.CITY_HEALTH_REVIEWER, "ruled": Role.CITY_INSURANCE_APPROVER,
        "documented": Role.CITY_INSURANCE_APPROVER,
    }  # fmt: skip
    NAMED: ClassVar = {"accepted": ("site_visits",), "under_review": ("grades",), "public_notice": ("document",)}
    STRAIGHT: ClassVar = frozenset({("under_review", "accepted")})
    SENDER: ClassVar = Role.CITY_INSURANCE_REVIEWER

    def to(self, source: str) -> None:
        self.county, self.when = filing.county_on(self.engine), filing.AT + timedelta(days=20)
        if source != "documented":
            self.case_id = ruling.under_review(self.engine, self.county)
            if source == "ruled":
                self.again(source, "under_review")
            return
        self.case_id = ruling.in_notice(self.engine, self.county)
        self.jobs()
        self.again(source, "public_notice")

    def mend(self, dest: str) -> None:
        if dest == "accepted":
            self.take("record_site_visit", Role.CITY_HEALTH_REVIEWER, **(ruling.VISIT | {"findings": "已补充核查"}))

    def again(self, source: str, dest: str) -> None:
        if dest == "accepted":
            self.take("start_review", Role.CITY_INSURANCE_REVIEWER)
        elif dest == "under_review":
            ruling.rule_all(self.engine, self.county, self.case_id, at=self.when)
        else:
            told = {"number": "样医保发〔2025〕3号", "issued": "2025-03-20", "effective": "2025-04-01"}
            self.take("document", Role.CITY_INSURANCE_REVIEWER, **told)


class Agreement(Road):
    WITHOUT: ClassVar = frozenset({"open_recheck"})
    RETURNER: ClassVar = {"authorising": Role.LEAD_HEAD, "lead_signed": Role.AGENCY_REVIEWER}
    NAMED: ClassVar = {"drafting": ("head",), "authorising": ("authorisations",)}
    STRAIGHT: ClassVar = frozenset({("authorising", "drafting")})
    SENDER: ClassVar = Role.AGENCY_CLERK

    def to(self, source: str) -> None:
        self.county, self.when = signing.county_of(self.engine), signing.AT
        taken = signing.proposed if source == "authorising" else signing.lead_signed
        self.case_id = taken(self.engine, self.county)

    def _draft(self, **changed: Any) -> str:
        return self.take("draft", Role.AGENCY_CLERK, **(signing.DRAFT | changed))

    def mend(self, dest: str) -> None:
        if dest == "drafting":
            self._draft(number="样协2025-1改")
        else:
            self.take("authorise", Role.MEMBER_HEAD, "town-2")

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any] | None:
        said = dict.fromkeys(signing.DRAFT["terms"], "另行约定")
        return (lambda: self._draft(terms=said)) if dest == "drafting" else None

    def again(self, source: str, dest: str) -> None:
        if dest == "drafting":
            self.take("propose", Role.AGENCY_CLERK)
        if source == "lead_signed":
            self.take("lead_sign", Role.LEAD_HEAD, verdict="agree")


class Budget(Road):
    RETURNER: ClassVar = {"consulted": Role.CITY_FINANCE_REVIEWER, "approved": Role.CITY_INSURANCE_APPROVER}
    NAMED: ClassVar = {"drafting": ("facts",), "calculated": ("facts",), "consulted": ("consultation",)}
    STRAIGHT: ClassVar = frozenset({("consulted", "drafting"), ("consulted", "calculated")})
    SENDER: ClassVar = Role.CITY_INSURANCE_REVIEWER

    def to(self, source: str) -> None:
        self.county, self.when = signing.county_of(self.engine), budgeting.AT
        self.case_id = budgeting.consulted(self.engine, self.county)
        if source == "approved":
            self.again(source, "consulted")

    def mend(self, dest: str) -> None:
        if dest != "consulted":
            self.take("calculate", Role.CITY_INSURANCE_REVIEWER, facts=budgeting.FACTS | {"carve_outs": []})

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any] | None:
        """Back in order the consortium is consulted anew, which rewrites the record of it."""
        if dest != "calculated" or not straight:
            return None
        return lambda: self.take("consult", self.SENDER, **(budgeting.RECORD | {"summary": "另议"}))

    def again(self, source: str, dest: str) -> None:
        if dest != "consulted":
            self.take("consult", Role.CITY_INSURANCE_REVIEWER, **budgeting.RECORD)
        if source == "approved":
            budgeting.decide(self.engine, self.county, self.case_id)
