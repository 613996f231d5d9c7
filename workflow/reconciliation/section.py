"""What the page of a month says of its money at the bank and of its reconciliation."""

from __future__ import annotations

from collections import Counter

from workflow.banking import standing
from workflow.i18n import lazy as _
from workflow.pages import words
from workflow.pages.sections import CasePage, Section
from workflow.reconciliation import state
from workflow.settlement.model import SETTLED


def section(page: CasePage) -> list[Section]:
    """How far the reconciliation is and what is missing, once the month is approved; asks the database nothing more."""
    attempt = page.attempt
    if attempt.case.state not in SETTLED:
        return []
    now, told = state.read(attempt), standing.lines(page.progress)
    counts = Counter(one.outcome for one in told if not one.replaced)
    return [
        Section(
            _("对账与银行回单"), "reconciliation/section.html", url=f"/settlement/{attempt.case.id}",
            label=state.LABELS[now.state], tone=state.TONES[now.state],
            missing=[words.shown(one) for one in (*now.before, *now.besides)],
            signed=[(label, now.signed.get(side)) for side, label in state.SIDES.items()],
            bank=[(standing.OUTCOMES[outcome], count) for outcome, count in counts.items()],
        )
    ]  # fmt: skip
