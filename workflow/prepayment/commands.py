"""What happens when a step of a prepayment is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from governance.money import yuan
from governance.prepayment import AGREED, PAY_BY, Found, as_data, conditions, day_of_year, limit_fen
from governance.refusal import Refused
from governance.roles import Role
from workflow import clocks, files
from workflow.agreement.model import terms_in_force
from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _
from workflow.prepayment.beginning import application
from workflow.prepayment.beginning import begin as begin
from workflow.prepayment.conditions import consent_parties, every_party_known
from workflow.prepayment.model import days_until, last_violation, monthly_mean, open_fen, repay_by
from workflow.prepayment.paying import confirm_repayment as confirm_repayment
from workflow.prepayment.paying import pay as pay
from workflow.prepayment.paying import repay as repay

MOST_MONTHS = Decimal(1000)


def begin_checking(attempt: Attempt) -> None:
    """The agency is told, and its days to pay by begin where they are not over."""
    attempt.case.amount_fen = attempt.dossier["application"]["amount_fen"]
    rule, year = attempt.find_rule(PAY_BY), int(attempt.case.period)
    last = day_of_year(str(rule.value), year) if rule else None
    if rule and last and last > attempt.day:
        clocks.start(attempt, "prepay", days_until(rule, attempt.day, last), Role.AGENCY_CLERK)
    attempt.notify(Role.AGENCY_CLERK, "applied", f"{attempt.case.period} 年预付金申请已提交，请逐项核查条件")


def revise(
    attempt: Attempt, *, amount_fen: int, uses: Sequence[str], undertaking: bool, statement: str = "",
    attached: Sequence[Mapping[str, Any]] = (),
) -> None:
    """The lead mends its application; the conditions are checked anew, its first day counts."""
    before, case = attempt.dossier["application"], attempt.case
    scans = [*before["files"], *(files.attach(attempt, "application", dict(one)) for one in attached)]
    mended = application(
        attempt.connection, attempt.consortium, case.pool, attempt.day, amount_fen=amount_fen, uses=uses,
        undertaking=undertaking, statement=statement, scans=scans,
    )
    attempt.dossier["application"] = mended | {"on": before["on"]}
    attempt.dossier.pop("check", None)
    case.amount_fen = amount_fen
    attempt.progress.pop("returned", None)


def check(
    attempt: Attempt, *, amount_fen: int, reserve_months: str, deficit_last_year: bool, deficit_forecast: bool,
    evidence: str, standing: Sequence[str] = (), base_fen: int | None = None, base_source: str = "",
    late_reason: str = "", attached: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Hold the application against every condition of the place; what is not met bars the approval.

    The base is the monthly mean of the months closed here; another one, or the first, is given with its source.
    """
    applied, case = attempt.dossier["application"], attempt.case
    if not 0 < amount_fen <= applied["amount_fen"]:
        raise refuse(_("拟预付金额应大于 0，且不超过申请的 %(fen)s 元", fen=yuan(applied["amount_fen"])), field="amount_fen")
    if not evidence.strip():
        raise refuse(_("请写明核查依据（报表、台账、文号等）"), field="evidence")
    base = _base(attempt, base_fen, base_source)
    terms = terms_in_force(attempt.connection, case.consortium_id, attempt.day)
    found = Found(
        pool=case.pool, year=int(case.period), amount_fen=amount_fen,
        agreed_fen=terms.prepayment_fen.get(case.pool, 0) if terms else 0, base_fen=base["fen"],
        reserve_months=_months(reserve_months), deficit_last_year=deficit_last_year, deficit_forecast=deficit_forecast,
        standing=frozenset(standing), uses=frozenset(applied["uses"]), applied_on=date.fromisoformat(applied["on"]),
        late_reason=late_reason.strip(), prior_outstanding_fen=open_fen(attempt, 1),
        violated=last_violation(attempt.connection, case.consortium_id, case.pool, int(case.period)),
    )  # fmt: skip
    book = attempt.book(agreement={AGREED: str(found.agreed_fen)})
    attempt.dossier["check"] = {
        "amount_fen": amount_fen, "base": base, "limit_fen": limit_fen(base["fen"], book),
        "agreed_fen": found.agreed_fen, "reserve_months": found.reserve_months, "standing": sorted(standing),
        "deficit_last_year": deficit_last_year, "deficit_forecast": deficit_forecast, "evidence": evidence.strip(),
        "late_reason": found.late_reason, "on": attempt.day.isoformat(),
        "files": sorted(files.attach(attempt, "check", dict(one)) for one in attached),
        "conditions": [as_data(one) for one in conditions(found, book)],
    }
    case.amount_fen = amount_fen


def _base(attempt: Attempt, base_fen: int | None, source: str) -> dict[str, Any]:
    """The base in fen, the months behind it, and where it comes from."""
    own_fen, periods = monthly_mean(attempt)
    if base_fen is None or base_fen == own_fen:
        if not periods:
            raise refuse(_("本系统没有以前年度的月度结算，请填写月均支出和来源"), field="base_fen")
        return {"fen": own_fen, "months": periods, "source": ""}
    if base_fen <= 0 or not source.strip():
        raise refuse(_("另行填写月均支出的，须大于 0 并写明来源"), field="base_source")
    return {"fen": base_fen, "months": periods, "source": source.strip()}


def _months(text: str) -> str:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise refuse(_("请填写可支付月数，如 8.5"), field="reserve_months") from error
    if not found.is_finite() or not 0 <= found <= MOST_MONTHS:
        raise refuse(_("可支付月数应在 0 到 1000 之间"), field="reserve_months")
    return format(found, "f")


def send_back(attempt: Attempt) -> None:
    """Back at the application, the lead mends it and everything is checked anew."""
    if attempt.goes_to == "applied":
        attempt.dossier.pop("check", None)
        attempt.progress["returned"] = attempt.noted["reason"]


def withdraw(attempt: Attempt, *, reason: str) -> None:
    """The lead takes its application back."""
    attempt.noted["reason"] = _said(reason)


def refuse_prepayment(attempt: Attempt, *, reason: str) -> None:
    """The head refuses: a condition is not met."""
    attempt.noted["reason"] = _said(reason)
    attempt.progress["refused"] = {"reason": attempt.noted["reason"], "on": attempt.day.isoformat()}
    _tell_lead(attempt, "refused", f"{attempt.case.period} 年预付金不予预付：{attempt.noted['reason']}")


def review(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """A second person has gone through the conditions; taking this step is agreement."""
    _only_agreement(verdict)


def approve(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The head approves the amount; the bureaus of the place's rule are asked next, where there are any."""
    _only_agreement(verdict)
    if consent_parties(attempt):
        if found := every_party_known(attempt):
            raise Refused(*found)
        attempt.follow = "ask_consent"
    _tell_lead(attempt, "approved", f"{attempt.case.period} 年预付金 {yuan(attempt.case.amount_fen or 0)} 元已由经办机构审批")


def _only_agreement(verdict: str) -> None:
    if verdict != "agree":
        raise refuse(_("不同意的，请用“退回”或“不予预付”并写明原因"), field="verdict")


def opine(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """A bureau's reviewer gives an opinion."""


def decide(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """A bureau's head decides."""


def refuse_consent(attempt: Attempt) -> None:
    """A bureau did not consent: the prepayment is refused."""
    attempt.progress["refused"] = {"reason": "会同审核未通过", "on": attempt.day.isoformat()}
    _tell_lead(attempt, "refused", f"{attempt.case.period} 年预付金会同审核未通过")


def reopen(attempt: Attempt) -> None:
    """A bureau sent it back: the conditions are checked anew, and everybody decides again."""
    attempt.dossier.pop("check", None)
    attempt.notify(Role.AGENCY_CLERK, "returned", f"{attempt.case.period} 年预付金会同审核退回，请按意见重新核查")


def demand(attempt: Attempt, *, reason: str, clause: str) -> None:
    """Demand the prepayment back at once: it was used for something else, or the agreement broken."""
    where = clause.strip()
    if not where:
        raise refuse(_("请写明依据的条款或决定文号"), field="clause")
    attempt.noted |= {"reason": _said(reason), "clause": where}
    attempt.progress["demanded"] = {
        "reason": attempt.noted["reason"], "clause": where, "on": attempt.day.isoformat(), "by": attempt.actor.name,
        "fen": open_fen(attempt),
    }
    clocks.stop(attempt, "repay")
    clocks.start(attempt, "repay", attempt.rule("prepayment.recover_within"), Role.LEAD_FINANCE)
    _tell_lead(attempt, "demanded", f"预付金须退回 {yuan(open_fen(attempt))} 元：{attempt.noted['reason']}（{where}）")


def remind(attempt: Attempt) -> None:
    """The day to repay by comes near: the lead is asked to repay what the months will not set off."""
    attempt.progress["reminded"] = attempt.day.isoformat()
    last, left = repay_by(attempt).isoformat(), yuan(open_fen(attempt))
    _tell_lead(attempt, "repay_soon", f"预付金还有 {left} 元未收回，{last} 前须冲抵完毕或退回")
    attempt.notify(Role.AGENCY_CLERK, "repay_soon", f"{attempt.case.period} 年预付金还有 {left} 元未收回，{last} 到期")


def close(attempt: Attempt) -> None:
    """Nothing is out any more."""
    attempt.progress["closed_on"] = attempt.day.isoformat()
    _tell_lead(attempt, "repaid", f"{attempt.case.period} 年预付金已全部收回")


def _tell_lead(attempt: Attempt, kind: str, body: str) -> None:
    for role in (Role.LEAD_CLERK, Role.LEAD_FINANCE):
        attempt.notify(role, kind, body)


def _said(reason: str) -> str:
    if not reason.strip():
        raise refuse(_("请写明原因"), field="reason")
    return reason.strip()
