"""The release of what was deferred: proposed once it is due, with its reason, and decided by a second person."""

from __future__ import annotations

from governance.refusal import Refusal
from governance.roles import Role
from workflow import clocks, ledger
from workflow.attempt import Attempt, refuse
from workflow.clock import day_of
from workflow.i18n import lazy as _
from workflow.surplus_plan.model import FORFEIT, OUTCOME_LABELS, year_of
from workflow.surplus_plan.opening import DEFERRED_AFTER

CLERK, HEAD = _("医保经办机构经办"), _("医保经办机构负责人")


def propose_release(attempt: Attempt, *, outcome: str, reason: str, document: str) -> None:
    """The agency's clerk proposes to release what was deferred, or not to, by the reason and the document."""
    if outcome not in OUTCOME_LABELS:
        raise refuse(_("请选择发放或不予发放"), field="outcome")
    if not reason.strip() or not document.strip():
        raise refuse(_("请写明发放条件是否成就的理由和依据文件"), field="reason")
    attempt.progress["release"] = {
        "outcome": outcome, "reason": reason.strip(), "document": document.strip(), "by": attempt.actor.name,
        "on": attempt.day.isoformat(),
    }
    attempt.noted["reason"] = reason.strip()
    attempt.notify(Role.AGENCY_HEAD, "release", "暂缓拨付部分的发放待决定")


def return_release(attempt: Attempt, *, reason: str) -> None:
    """The head does not follow the proposal, and says why."""
    attempt.noted |= {"reason": reason.strip(), "dropped": attempt.progress.pop("release")}
    attempt.notify(Role.AGENCY_CLERK, "returned", reason.strip())


def release(attempt: Attempt) -> None:
    """The head agrees: the plan of the deferred part may be drafted, and is paid as retained surplus is."""
    _decided(attempt)
    attempt.notify(Role.LEAD_FINANCE, "plan", f"{attempt.case.period} 年度结余暂缓部分已批准发放，可以编制分配方案")


def forfeit(attempt: Attempt) -> None:
    """The head agrees that it is not released: it stays in the pool."""
    _decided(attempt)
    code, fen = attempt.consortium.code, attempt.dossier["amount_fen"]
    ledger.post(
        attempt.connection, book=f"{code}/{attempt.case.pool}", year=year_of(attempt),
        biz_key=f"surplus_plan:{attempt.case.id}:forfeit", case_id=attempt.case.id, memo="暂缓部分不予发放",
        lines=[("deferred", code, fen), ("clearing", code, -fen)], at=attempt.at,
    )  # fmt: skip
    attempt.notify(Role.LEAD_FINANCE, "forfeited", attempt.progress["release"]["reason"])


def _decided(attempt: Attempt) -> None:
    attempt.progress["release"] |= {"decided_by": attempt.actor.name, "decided_on": attempt.day.isoformat()}
    clocks.stop(attempt, "release")


def release_due(attempt: Attempt) -> Refusal | None:
    """The time of the rule has run since the clearing closed; raises ``Refused`` where nobody has set it."""
    opened = day_of(attempt.case.opened_at)
    due, _provisional = clocks.deadline_after(attempt.connection, opened, attempt.rule(DEFERRED_AFTER))
    if attempt.day >= due:
        return None
    return Refusal(
        reason=_("暂缓部分 %(day)s 到期，此前不能提出发放", day=due), reason_en=f"The deferred part is due on {due}",
        who=CLERK, fact="release",
    )


def release_open(attempt: Attempt) -> Refusal | None:
    """Nothing is proposed yet."""
    if not attempt.progress.get("release"):
        return None
    return Refusal(reason=_("已提出，待负责人决定"), reason_en="Proposed already", who=HEAD, fact="release")


def proposed_to(attempt: Attempt, outcome: str) -> Refusal | None:
    """What is proposed is this outcome."""
    if attempt.progress.get("release", {}).get("outcome") == outcome:
        return None
    return Refusal(
        reason=_("经办没有提出“%(outcome)s”", outcome=OUTCOME_LABELS[outcome]), reason_en="This is not proposed",
        who=CLERK, link="#step-propose_release", fact="release",
    )


def release_proposed(attempt: Attempt) -> Refusal | None:
    """It is proposed to release."""
    return proposed_to(attempt, "release")


def forfeit_proposed(attempt: Attempt) -> Refusal | None:
    """It is proposed not to release."""
    return proposed_to(attempt, FORFEIT)


def something_proposed(attempt: Attempt) -> Refusal | None:
    """There is a proposal to send back."""
    if attempt.progress.get("release"):
        return None
    return release_proposed(attempt)
