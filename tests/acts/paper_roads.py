"""A case of every stage, taken to where a decision is owed, so that it may be signed on paper instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.agreement import signing
from tests.clearing.preceding import at
from tests.prepayment import prepaying
from tests.returns.money_roads import ROADS
from tests.returns.roads import Road
from tests.rule_change import changing
from tests.surplus_plan import plans
from tests.takeover import proposing

Setup = Callable[[Engine], Road]
AGREED = {"verdict": "agree", "opinion": ""}


class Plain(Road):
    """A case that somebody else has brought to its place."""

    def at(self, county: Any, case_id: int, when: Any) -> Road:
        self.county, self.case_id, self.when = county, case_id, when
        return self


def on(stage: str, source: str, *steps: tuple[str, Role]) -> Setup:
    """The stage's own road to ``source``, and these steps more."""

    def go(engine: Engine) -> Road:
        road = ROADS[stage](engine)
        road.to(source)
        for trigger, role in steps:
            road.take(trigger, role, **AGREED)
        return road

    return go


def _takeover(engine: Engine) -> Road:
    county = signing.county_of(engine)
    return Plain(engine).at(county, proposing.proposed(engine, county), proposing.AT)


def _conference(engine: Engine) -> Road:
    """The bureaus differ and confer."""
    from tests.city_ruling import ruling

    road = on("city_ruling", "under_review")(engine)
    ruling.rule_all(engine, road.county, road.case_id, "agree", "disagree", "agree", at=road.when)
    road.take("record_conference", Role.CITY_INSURANCE_REVIEWER, **ruling.minutes(road.when))
    return road


def _conference_heard(engine: Engine) -> Road:
    from tests.city_ruling import ruling

    road = _conference(engine)
    ruling.opine(engine, road.county, road.case_id, "city_health", road.when)
    return road


def _ruling_heard(engine: Engine) -> Road:
    from tests.city_ruling import ruling

    road = on("city_ruling", "under_review")(engine)
    ruling.opine(engine, road.county, road.case_id, "city_health", road.when)
    return road


def _supplement(engine: Engine) -> Road:
    county = signing.county_of(engine)
    case_id = signing.signed(engine, county)
    given = {"kind": "leave", "member": "town-2", "effective": "2025-07-01", "reason": "并入城关"}
    signing.take(engine, case_id, "supplement", county.actor(Role.AGENCY_CLERK), **given)
    return Plain(engine).at(county, case_id, signing.AT)


def _prepayment(*steps: tuple[str, Role]) -> Setup:
    def go(engine: Engine) -> Road:
        county = prepaying.county_in(engine)
        road = Plain(engine).at(county, prepaying.checked(engine, county), prepaying.AT)
        for trigger, role in steps:
            road.take(trigger, role, **AGREED)
        return road

    return go


def _published(engine: Engine) -> Road:
    road = on("assessment", "published")(engine)
    road.when = at(1, 27)
    return road


def _voting(engine: Engine) -> Road:
    desk = plans.Desk(engine)
    desk.in_session()
    return Plain(engine).at(desk.county, desk.case.id, at(3, 12))


def _filing_checked(engine: Engine) -> Road:
    road = on("surplus_plan", "filing")(engine)
    road.take("check_filing", AGENCY, filing_number="样备〔2026〕1号", opinion="")
    return road


def _rule_change(*steps: tuple[str, Role]) -> Setup:
    def go(engine: Engine) -> Road:
        city = changing.city_with_month(engine).to_shown()
        road = Plain(engine).at(city.county, city.case_id, changing.moment("2025-04-16") + timedelta(hours=1))
        for trigger, role in steps:
            road.take(trigger, role, **AGREED)
        return road

    return go


BUREAU, AGENCY = Role.CITY_INSURANCE_REVIEWER, Role.AGENCY_REVIEWER
OWED: dict[tuple[str, str, str], Setup] = {
    ("takeover", "takeover", "check"): _takeover,
    ("takeover", "takeover", "confirm"): on("takeover", "checked"),
    ("self_assessment", "signature", "sign"): on("self_assessment", "ready"),
    ("self_assessment", "endorsement", "opine"): on("self_assessment", "endorsing"),
    ("self_assessment", "endorsement", "endorse"): on(
        "self_assessment", "endorsing", ("opine", Role.COUNTY_HEALTH_REVIEWER)
    ),
    ("city_ruling", "ruling", "opine"): on("city_ruling", "under_review"),
    ("city_ruling", "ruling", "decide"): _ruling_heard,
    ("city_ruling", "conference", "opine"): _conference,
    ("city_ruling", "conference", "decide"): _conference_heard,
    ("agreement", "lead", "lead_sign"): on("agreement", "authorising"),
    ("agreement", "agency", "review"): on("agreement", "lead_signed"),
    ("agreement", "agency", "sign"): on("agreement", "lead_signed", ("review", AGENCY)),
    ("agreement", "supplement", "countersign"): _supplement,
    ("budget", "approval", "opine"): on("budget", "consulted"),
    ("budget", "approval", "decide"): on("budget", "consulted", ("opine", Role.CITY_FINANCE_REVIEWER)),
    ("settlement", "settlement", "review"): on("settlement", "calculated"),
    ("settlement", "settlement", "approve"): on("settlement", "reviewed"),
    ("prepayment", "agency", "review"): _prepayment(),
    ("prepayment", "agency", "approve"): _prepayment(("review", AGENCY)),
    ("prepayment", "consent", "opine"): _prepayment(("review", AGENCY), ("approve", Role.AGENCY_HEAD)),
    ("prepayment", "consent", "decide"): _prepayment(
        ("review", AGENCY), ("approve", Role.AGENCY_HEAD), ("opine", BUREAU)
    ),
    ("assessment", "final", "finalise"): _published,
    ("clearing", "approval", "review"): on("clearing", "reconciled"),
    ("clearing", "approval", "decide"): on("clearing", "reconciled", ("review", BUREAU)),
    ("surplus_plan", "committee", "vote"): _voting,
    ("surplus_plan", "filing", "check_filing"): on("surplus_plan", "filing"),
    ("surplus_plan", "filing", "approve_filing"): _filing_checked,
    ("rule_change", "enactment", "opine"): _rule_change(),
    ("rule_change", "enactment", "decide"): _rule_change(("opine", BUREAU)),
}
