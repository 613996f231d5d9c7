"""What must hold before a prepayment is approved, paid, repaid and closed, named as facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from governance.refusal import Refusal
from governance.roles import KIND_NAMES, Role
from workflow import decisions
from workflow.agreement.model import terms_in_force
from workflow.attempt import Attempt
from workflow.budget.machine import bureau_seats
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.machines import BallotSeat
from workflow.prepayment.model import CONDITION_LABELS, PARTIES_RULE, open_fen, repay_by, waiting_repayment
from workflow.settlement.conditions import refusal
from workflow.settlement.supplement_conditions import year_still_open

CLERK, HEAD = _("医保经办机构经办"), _("医保经办机构负责人")
LEAD = _("牵头医院财务")


def application_mended(attempt: Attempt) -> Refusal | None:
    """Nothing waits to be mended by the lead."""
    if not attempt.progress.get("returned"):
        return None
    return refusal(
        _("已退回牵头医院修改：%(reason)s", reason=attempt.progress["returned"]), "Sent back to the lead to be mended",
        _("牵头医院经办"), "returned", "#step-revise",
    )


def every_condition_met(attempt: Attempt) -> list[Refusal]:
    """Every condition the place sets was checked and is met."""
    checked = attempt.dossier.get("check")
    if checked is None:
        return [refusal(_("还没有逐项核查条件"), "The conditions have not been checked", CLERK, "check", "#step-check")]
    return [
        refusal(
            _("不符合“%(condition)s”：%(found)s", condition=CONDITION_LABELS[one["key"]], found=one["found"]),
            f"Not met: {one['key']}, {one['found_en']}", CLERK, f"check.{one['key']}", "#step-check",
        )
        for one in checked["conditions"]
        if not one["met"]
    ]


def some_condition_unmet(attempt: Attempt) -> Refusal | None:
    """At least one condition is not met."""
    if attempt.dossier.get("check") and every_condition_met(attempt):
        return None
    return refusal(
        _("各项条件都符合；不同意的请退回并写明原因"), "Every condition is met: send it back instead", HEAD, "check"
    )


def consent_parties(attempt: Attempt) -> list[str]:
    """The kinds of bureau that consent here besides the agency; none where the place does not ask."""
    found = attempt.find_rule(PARTIES_RULE, on=date(int(attempt.case.period), 1, 1))
    return list(found.value) if found else []


def every_party_known(attempt: Attempt) -> list[Refusal]:
    """Each bureau whose consent the place asks for is registered, so that no seat can be missing."""
    return [
        refusal(
            _("没有登记%(bureau)s，不能送会同审核", bureau=KIND_NAMES[kind][0]), f"No {kind} is registered",
            _("系统管理"), f"parties.{kind}",
        )
        for kind in consent_parties(attempt)
        if attempt.parties.body(kind) is None
    ]


def party_seats(attempt: Attempt) -> list[BallotSeat]:
    """One seat for each bureau that consents."""
    return bureau_seats(attempt, consent_parties(attempt))


def agency_seat(attempt: Attempt) -> list[BallotSeat]:
    """The agency's one seat, reviewer and head."""
    agency, parties = attempt.parties.body("agency"), attempt.parties
    if agency is None:
        return []
    roles = (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD)
    return [BallotSeat(parties.codes[agency], agency, parties.names[agency], roles)]


def approval_stands(attempt: Attempt) -> Refusal | None:
    """What the agency approved is exactly what stands now."""
    passed = decisions.last_round(attempt, "agency", "passed")
    if passed is not None and passed.subject_hash == attempt.case.subject_hash:
        return None
    return refusal(_("审批所依据的内容与现在的不一致"), "What was approved is not what stands now", HEAD, "round")


def still_agreed(attempt: Attempt) -> Refusal | None:
    """An agreement in force provides for the amount today."""
    case = attempt.case
    terms = attempt.once(
        "terms today", lambda: terms_in_force(attempt.connection, case.consortium_id, attempt.day)
    )
    agreed_fen = terms.prepayment_fen.get(case.pool, 0) if terms else 0
    if 0 < (case.amount_fen or 0) <= agreed_fen:
        return None
    return refusal(
        _("没有生效的协议约定这笔预付金（约定 %(agreed)s 元）", agreed=yuan(agreed_fen)),
        "No agreement in force provides for this prepayment", CLERK, "agreement",
    )


def earlier_years_repaid(attempt: Attempt) -> Refusal | None:
    """Where the place asks for it, nothing of earlier years' prepayments is out any more."""
    rule = attempt.find_rule("prepayment.prior_repaid")
    left_fen = open_fen(attempt, 1) if rule is not None and rule.value == "true" else 0
    if left_fen <= 0:
        return None
    return refusal(
        _("以前年度预付金还有 %(left)s 元没有收回", left=yuan(left_fen)), f"{yuan(left_fen)} yuan of earlier years are out",
        LEAD, "prior",
    )


def year_not_cleared(attempt: Attempt) -> Refusal | None:
    """The year's clearing, which ends what is out, has not been confirmed."""
    found = year_still_open(attempt)
    if found is None:
        return None
    return refusal(
        _("%(year)s 年度清算已经确认，未收回的预付金随清算了结", year=attempt.case.period),
        "The year's clearing is confirmed: it ends what is out", _("医保经办机构"), "clearing", found.link,
    )


def in_time_to_come_back(attempt: Attempt) -> Refusal | None:
    """The day by which the prepayment is to be back has not come."""
    last = repay_by(attempt)
    if attempt.day < last:
        return None
    return refusal(
        _("收回截止日 %(day)s 已到，不能再拨付", day=last.isoformat()), f"It was to be back by {last}", CLERK, "repay_by"
    )


def something_outstanding(attempt: Attempt) -> Refusal | None:
    """Part of the prepayment is neither set off nor repaid."""
    if open_fen(attempt) > 0:
        return None
    return refusal(_("预付金已经全部冲抵或退回"), "Nothing is outstanding", "", "outstanding")


def nothing_outstanding(attempt: Attempt) -> Refusal | None:
    """All of the prepayment is set off, repaid or cleared."""
    left_fen = open_fen(attempt)
    if left_fen <= 0:
        return None
    return refusal(
        _("还有 %(left)s 元没有收回", left=yuan(left_fen)), f"{yuan(left_fen)} yuan are out", LEAD, "outstanding"
    )


def repayment_said(attempt: Attempt) -> Refusal | None:
    """The lead has said what it repaid, and the agency has not answered."""
    if waiting_repayment(attempt.progress):
        return None
    return refusal(_("没有待确认的退款"), "No repayment waits", LEAD, "repayment")


def no_repayment_waits(attempt: Attempt) -> Refusal | None:
    """The agency has answered every repayment."""
    if waiting_repayment(attempt.progress) is None:
        return None
    return refusal(_("已登记一笔退款，待经办机构核对到账"), "A repayment waits for the agency", CLERK, "repayment")


def agency_when_said(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency is waited for once the lead has said that it repaid."""
    return attempt.parties.of(role) if waiting_repayment(attempt.progress) else ()


def lead_when_due(attempt: Attempt, role: Role) -> Iterable[int]:
    """The lead is waited for once it was reminded, or the money demanded back."""
    asked = attempt.progress.get("reminded") or attempt.progress.get("demanded")
    return attempt.parties.of(role) if asked and not waiting_repayment(attempt.progress) else ()


def lead_when_returned(attempt: Attempt, role: Role) -> Iterable[int]:
    """The lead is waited for after a return."""
    return attempt.parties.of(role) if attempt.progress.get("returned") else ()


def clerk_to_check(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency's clerk is waited for until the conditions are checked, unless the lead has to mend first."""
    done = "check" in attempt.dossier or attempt.progress.get("returned")
    return () if done else attempt.parties.of(role)


def when_met(attempt: Attempt, role: Role) -> Iterable[int]:
    """Whoever moves the case on is waited for once every condition is met."""
    return () if every_condition_met(attempt) else attempt.parties.of(role)


def when_unmet(attempt: Attempt, role: Role) -> Iterable[int]:
    """The head is waited for where a condition is not met."""
    return () if some_condition_unmet(attempt) else attempt.parties.of(role)


def parties_asked(attempt: Attempt, role: Role) -> Iterable[int]:
    """The bureaus of the rule, and no others, are waited for."""
    asked = any(role.startswith(f"{kind}_") for kind in consent_parties(attempt))
    return attempt.parties.of(role) if asked else ()
