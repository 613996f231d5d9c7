"""A supplement that no person asks for: a rule that works backwards gives a closed month another outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from governance import sheets
from governance.refusal import Refusal
from workflow import lifecycle
from workflow.attempt import Attempt, refuse
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.settlement.differing import difference_of
from workflow.settlement.model import last_day
from workflow.settlement.supplement_conditions import year_still_open
from workflow.settlement.supplements import decided_by, next_serial, opened, right


def difference_by_rules(about: Attempt) -> dict[str, Any]:
    """What the rules as they stand make of a closed month more or less than was decided; nothing is written.

    Shaped as ``difference_of``. Raises ``Refused`` where the month cannot be run by them.
    """
    decided, _body = decided_by(about, about.case)
    facts, answers = right(about, decided, [])
    book = about.book(last_day(about.case.period), answers)
    lines = sheets.run("monthly-settlement", json.loads(canonical(facts)), book).as_data()["lines"]
    return difference_of(decided.facts, decided.lines, facts, lines)


def open_for_rule(about: Attempt, reason: str, evidence: dict[str, Any], change: Mapping[str, Any]) -> int:
    """Open the supplement of ``about``'s closed month and work it out; returns its number.

    ``change`` names the rule change by whose document it is opened, and ``evidence`` is that document. Reviewing,
    approving and paying it stay with people. Raises ``Refused`` as a supplement opened by hand does.
    """
    serial = next_serial(about.connection, about.case)
    if (held := year_still_open(about)) is not None:
        raise refuse(held.reason, reason_en=held.reason_en, who=held.who, link=held.link)
    number = opened(about, serial, reason, evidence, {"rule_change": dict(change)})
    lifecycle.take(about.connection, number, "calculate", actor=about.actor, at=about.at)
    return number


def not_owed_by_a_rule(attempt: Attempt) -> Refusal | None:
    """The supplement was not opened by a rule that works backwards and is in force."""
    named = attempt.dossier.get("supplement", {}).get("rule_change")
    if named is None:
        return None
    query = select(cases.c.state).where(cases.c.id == named["case"])
    if attempt.once("rule change", lambda: attempt.connection.scalar(query)) != "enacted":
        return None
    return Refusal(
        reason=_("本补记由溯及以前的规则（%(document)s %(clause)s）开出，不能撤销；对差额有不同意见的，请提出争议",
                 document=named["document"], clause=named["clause"]),
        reason_en="The supplement follows from a rule that works backwards; dispute it, or have the rule changed",
        who=_("规则管理"), link=f"/rule_change/{named['case']}", fact="rule_change",
    )  # fmt: skip
