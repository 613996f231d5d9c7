"""The roads of the stages about a period and its money: months, assessments, clearings, plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from governance.roles import Role
from tests.assessment import assessments
from tests.clearing import clearings
from tests.clearing.preceding import at
from tests.prepayment import prepaying
from tests.returns.roads import Agreement, Budget, CityRuling, Road, SelfAssessment, Takeover
from tests.settlement import months
from tests.surplus_plan import plans


class Settlement(Road):
    RETURNER: ClassVar = {"calculated": Role.AGENCY_REVIEWER, "reviewed": Role.AGENCY_HEAD}
    NAMED: ClassVar = {"declaring": ("declarations",), "declared": ("deductions",), "calculated": ("deductions",)}
    STRAIGHT: ClassVar = frozenset(("reviewed", one) for one in ("declaring", "declared", "calculated"))
    SENDER: ClassVar = Role.AGENCY_CLERK

    def to(self, source: str) -> None:
        self.month = months.prepare(self.engine).open()
        self.month.to_calculated()
        self.county, self.case_id, self.when = self.month.county, self.month.case_id, months.moment("2025-04-09")
        if source == "reviewed":
            self.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")

    def mend(self, dest: str) -> None:
        if dest == "declaring":
            self.month.reconcile_all("2025-04-09")
            return
        told = {"member": "tcm", "amount_fen": 100_00, "decision_number": "样审〔2025〕7号", "reason": "重复收费"}
        self.take("deduct", Role.AGENCY_CLERK, **told)
        if dest == "declared":
            self.take("mended", Role.AGENCY_CLERK)

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any]:
        return lambda: self.take("ask_offset", Role.AGENCY_CLERK, amount_fen=0, reason="本月不冲")

    def ahead(self, dest: str) -> None:
        self.jobs()

    def again(self, source: str, dest: str) -> None:
        self.jobs()
        if source == "reviewed":
            self.take("review", Role.AGENCY_REVIEWER, verdict="agree", opinion="")


class Prepayment(Road):
    RETURNER: ClassVar = {"checked": Role.AGENCY_REVIEWER, "reviewed": Role.AGENCY_HEAD}
    NAMED: ClassVar = {"applied": ("application",), "checked": ("check",)}
    STRAIGHT: ClassVar = frozenset({("reviewed", "applied"), ("reviewed", "checked")})
    SENDER: ClassVar = Role.AGENCY_CLERK

    def to(self, source: str) -> None:
        self.county, self.when = prepaying.county_in(self.engine), prepaying.AT
        self.case_id = prepaying.checked(self.engine, self.county)
        if source == "reviewed":
            self.take("review", Role.AGENCY_REVIEWER, verdict="agree")

    def mend(self, dest: str) -> None:
        if dest == "applied":
            asked = {name: value for name, value in prepaying.ASKED.items() if name != "pool"}
            self.take("revise", Role.LEAD_CLERK, **(asked | {"statement": "年初集中采购药品和耗材"}))
        else:
            self.take("check", Role.AGENCY_CLERK, **(prepaying.FOUND | {"base_source": "基金台账（更正）"}))

    def ahead(self, dest: str) -> None:
        if dest == "applied":
            self.take("check", Role.AGENCY_CLERK, **prepaying.FOUND)

    def again(self, source: str, dest: str) -> None:
        self.ahead(dest)
        if source == "reviewed":
            self.take("review", Role.AGENCY_REVIEWER, verdict="agree")


class Assessment(Road):
    RETURNER: ClassVar = {
        "self_reported": Role.CITY_INSURANCE_REVIEWER, "reviewed": Role.CITY_INSURANCE_APPROVER,
        "published": Role.CITY_INSURANCE_APPROVER,
    }  # fmt: skip
    NAMED: ClassVar = {"collecting": ("entries",), "self_reported": ("daily",), "reviewed": ("daily",)}
    STRAIGHT: ClassVar = frozenset({("self_reported", "collecting"), ("reviewed", "collecting")})
    SENDER: ClassVar = Role.LEAD_CLERK

    def to(self, source: str) -> None:
        desk = assessments.Desk(self.engine)
        desk.reported()
        self.county, self.case_id, self.when = desk.county, desk.case.id, at(1, 12)
        self.again(source, "self_reported")

    def _daily(self) -> str:
        told = {"scores": "91 85 89", "document": "检〔2025〕更正"}
        return self.take("record_daily", Role.CITY_INSURANCE_REVIEWER, **told)

    def mend(self, dest: str) -> None:
        if dest == "collecting":
            entries = [one | {"document": "样例统计〔2026〕3号"} for one in assessments.ENTRIES]
            self.take("record", Role.LEAD_CLERK, entries=entries)
        elif dest == "self_reported":
            self._daily()

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any] | None:
        return self._daily if dest == "collecting" else None

    def again(self, source: str, dest: str) -> None:
        if dest == "collecting":
            self.take("self_report", Role.LEAD_CLERK)
        if source in ("reviewed", "published") and dest != "reviewed":
            self.take("review", Role.CITY_INSURANCE_REVIEWER)
        if source == "published":
            self.take("publish", Role.CITY_INSURANCE_REVIEWER, document="样例医保公告〔2026〕1号")


class Clearing(Road):
    RETURNER: ClassVar = {"reconciled": Role.CITY_INSURANCE_REVIEWER}
    NAMED: ClassVar = {"open": ("entered",), "calculated": ("entered",)}
    STRAIGHT: ClassVar = frozenset({("reconciled", "open"), ("reconciled", "calculated")})
    SENDER: ClassVar = Role.AGENCY_CLERK

    def to(self, source: str) -> None:
        desk = clearings.Desk(self.engine)
        desk.calculated()
        self.county, self.case_id, self.when = desk.county, desk.case.id, at(1, 20)
        self.take("confirm", Role.LEAD_HEAD)

    def mend(self, dest: str) -> None:
        if dest == "open":
            self.take("enter_facts", Role.AGENCY_CLERK, fund_in_deficit=True)
            self.take("confirm_facts", Role.CITY_FINANCE_REVIEWER)

    def ahead(self, dest: str) -> None:
        self.jobs()

    def again(self, source: str, dest: str) -> None:
        self.jobs()
        self.take("confirm", Role.LEAD_HEAD)


class SurplusPlan(Road):
    RETURNER: ClassVar = {"committee": Role.COMMITTEE_SECRETARY, "filing": Role.AGENCY_REVIEWER}
    NAMED: ClassVar = {"drafting": ("deductions",)}
    STRAIGHT: ClassVar = frozenset({("committee", "drafting")})
    SENDER: ClassVar = Role.LEAD_FINANCE

    def to(self, source: str) -> None:
        self.desk = plans.Desk(self.engine)
        self.county, self.case_id, self.when = self.desk.county, self.desk.case.id, at(3, 12)
        self._draft()
        self.again(source, "drafting")

    def _draft(self, amount_fen: int = 3_456_789, **more: Any) -> str:
        given = [{"name": "consortium_risk_fund", "amount_fen": amount_fen}]
        return self.take("draft", Role.LEAD_FINANCE, deductions=given, **more)

    def mend(self, dest: str) -> None:
        self._draft(3_000_000)

    def foreign(self, dest: str, straight: bool) -> Callable[[], Any]:
        return lambda: self._draft(reasons={"town-1": "样例原因"})

    def again(self, source: str, dest: str) -> None:
        self.take("open_consultation", Role.LEAD_FINANCE)
        for code in ("tcm", "town-1", "town-2", "village-1"):
            self.take("give_opinion", Role.MEMBER_HEAD, code, verdict="agree")
        if source == "filing":
            self._session()

    def _session(self) -> None:
        held = self.when + timedelta(days=7)
        called = {"session_date": held.date().isoformat(), "place": "二楼会议室"}
        self.take("convene", Role.COMMITTEE_SECRETARY, **called)
        self.when = held
        present = [self.desk.seat(Role.COMMITTEE_CHAIR), *self.desk.members]
        self.take("register_attendance", Role.COMMITTEE_SECRETARY, present=present)
        for number in range(6):
            self.take("vote", Role.COMMITTEE_MEMBER, n=number, verdict="agree", opinion="意见")
        self.take("close_session", Role.COMMITTEE_SECRETARY, minutes="六票同意，通过。")


ROADS: dict[str, type[Road]] = {
    "takeover": Takeover, "self_assessment": SelfAssessment, "city_ruling": CityRuling, "agreement": Agreement,
    "budget": Budget, "prepayment": Prepayment, "settlement": Settlement, "assessment": Assessment,
    "clearing": Clearing, "surplus_plan": SurplusPlan,
}  # fmt: skip
