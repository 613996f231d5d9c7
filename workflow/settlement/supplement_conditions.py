"""What must hold for a red-letter supplement, and what is not for one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from governance.refusal import Refusal
from governance.roles import Role
from workflow import mending
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.settlement.model import is_supplement

CLEARING_BEFORE_CONFIRMED = ("open", "calculated")


def ordinary_month(attempt: Attempt) -> bool:
    """Whether the case is a month itself."""
    return not is_supplement(attempt)


def month_stands_returned(attempt: Attempt) -> bool:
    """Whether a month itself was sent back to where it is; a supplement is worked out by hand, which hands it back."""
    return ordinary_month(attempt) and mending.is_mending(attempt)


def who_mends_the_month(attempt: Attempt, role: Role) -> Iterable[int]:
    """Those who mend a month that stands returned."""
    return mending.who_holds(attempt, role) if ordinary_month(attempt) else ()


def only_in_a_month(attempt: Attempt) -> Refusal | None:
    """The step is about a month's own claims and prepayment, which a supplement leaves alone."""
    if not is_supplement(attempt):
        return None
    return Refusal(
        reason=_("补记只办更正；要更正的请用“登记更正”，不再办的请撤销补记"),
        reason_en="A supplement only corrects: enter a correction, or withdraw it", who=_("医保经办机构经办"),
        fact="supplement",
    )


def only_in_a_supplement(attempt: Attempt) -> Refusal | None:
    """The step is about a supplement."""
    if is_supplement(attempt):
        return None
    return Refusal(
        reason=_("本件不是补记；已办结的月份要更正，请另行办理红冲补记"),
        reason_en="This is no supplement; a closed month is corrected by one", who=_("医保经办机构经办"),
        link="/settlement/new", fact="supplement",
    )


def year_still_open(attempt: Attempt) -> Refusal | None:
    """The year's clearing has not been confirmed: what comes later belongs into its adjustments."""
    case = attempt.case
    query = select(cases.c.id, cases.c.state).where(
        cases.c.stage == "clearing", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
        cases.c.period == case.period[:4], cases.c.state.not_in(CLEARING_BEFORE_CONFIRMED),
    )  # fmt: skip
    found = attempt.once("clearing under way", lambda: attempt.connection.execute(query.limit(1)).one_or_none())
    if found is None:
        return None
    return Refusal(
        reason=_("%(year)s 年度清算已经确认，月份不能再补记；清算未审批的，先退回清算，再办补记", year=case.period[:4]),
        reason_en=f"The clearing of {case.period[:4]} is confirmed; have it sent back first",
        who=_("医保经办机构"), link=f"/clearing/{found.id}", fact="clearing",
    )


def nothing_cleared_meanwhile(attempt: Attempt) -> Refusal | None:
    """The year of a supplement has not been cleared without it."""
    return year_still_open(attempt) if is_supplement(attempt) else None


def until_corrected(attempt: Attempt, role: Role) -> Iterable[int]:
    """The agency's clerk is waited for while a supplement has not been worked out."""
    return attempt.parties.of(role) if is_supplement(attempt) else ()
