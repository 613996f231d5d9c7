"""How far a month's reconciliation has come: what is missing, and whose signature stands under what is there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt
from workflow.banking import standing
from workflow.i18n import lazy as _
from workflow.reconciliation.figures import Figure, agency_figures, content_hash, figures, held
from workflow.settlement.model import SETTLED, undeclared

SIDES = {"agency": _("医保经办机构"), "lead": _("牵头医院")}
SIGNERS = {
    "agency": (Role.AGENCY_REVIEWER, Role.AGENCY_HEAD),
    "lead": (Role.LEAD_FINANCE, Role.LEAD_HEAD),
}
OPEN, WAITING, SIGNED = "open", "waiting", "signed"
LABELS = {OPEN: _("有待核对"), WAITING: _("待签字"), SIGNED: _("双方已签字")}
TONES = {OPEN: "r", WAITING: "a", SIGNED: "g"}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A month's reconciliation as it stands."""

    lines: list[Figure]
    sha256: str
    before: list[Refusal]
    besides: list[Refusal]
    signed: dict[str, Any]

    @property
    def state(self) -> str:
        """Open while something has to come before signing; signed once both sides have signed what is there."""
        if self.before:
            return OPEN
        return SIGNED if set(self.signed) == set(SIDES) else WAITING


def read(attempt: Attempt) -> Reconciliation:
    """The reconciliation of the attempt's month; a signature under anything else than what is there counts no more."""
    lines = figures(attempt)
    digest = content_hash(attempt, lines)
    signed = {side: one for side, one in held(attempt.progress)["signed"].items() if one["sha256"] == digest}
    return Reconciliation(lines, digest, _before(attempt, lines), _besides(attempt, lines), signed)


def _missing(reason: Any, reason_en: str, who: Any, fact: str, link: str = "") -> Refusal:
    return Refusal(reason=reason, reason_en=reason_en, who=who, fact=fact, link=link)


def _before(attempt: Attempt, lines: list[Figure]) -> list[Refusal]:
    """What has to be there before anybody can sign."""
    if not lines or attempt.case.state not in SETTLED:
        return [
            _missing(
                _("本月结算还没有审批，没有可以对账的数"), "The month has not been approved", SIDES["agency"], "approved",
            )
        ]
    found = [
        _missing(_("%(who)s没有申报数", who=one.name), f"{one.code} has not declared", one.name, f"declared.{one.code}")
        for one in undeclared(attempt)
    ]
    if not agency_figures(attempt.progress):
        found.append(
            _missing(
                _("缺医保经办机构自己的数：请导入文件或填写合计"), "The agency's own figures are missing",
                SIDES["agency"], "agency",
            )
        )
    count = sum(one.open for one in lines)
    if count:
        found.append(
            _missing(
                _("还有 %(count)s 处差异没有说明原因", count=count), f"{count} differences are not explained",
                _("医保经办机构、牵头医院"), "differences",
            )
        )
    return found


def _besides(attempt: Attempt, lines: list[Figure]) -> list[Refusal]:
    """What is still missing though one may sign: what comes later voids the signatures."""
    if not lines:
        return []
    bank = f"/{attempt.case.stage}/{attempt.case.id}/bank"
    told = standing.lines(attempt.progress)
    if not told:
        return [_missing(_("没有经系统送银行的付款文件，银行一栏为空"), "No payment file was made", SIDES["lead"], "bank", bank)]
    waiting = sum(one.outcome == standing.WAITING for one in told if not one.replaced)
    if not waiting:
        return []
    reason = _("还有 %(count)s 笔付款待银行回执", count=waiting)
    return [_missing(reason, f"{waiting} payments wait for the bank", SIDES["lead"], "bank", bank)]
