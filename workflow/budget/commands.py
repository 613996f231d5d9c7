"""What happens when a step of a budget is taken."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from governance.money import yuan
from governance.roles import Role
from workflow import files, returning
from workflow.attempt import Attempt, refuse
from workflow.budget.model import insured_heads, own_amount_fen, working_day
from workflow.i18n import lazy as _

LARGEST_FEN = 10**15
SHEET = "budget"


def calculate(attempt: Attempt, *, facts: Mapping[str, Any]) -> None:
    """Run the worksheet on the facts entered; what was agreed on other figures before is to be agreed on again.

    ``facts`` are those of the worksheet ``budget`` that the place's method needs; consortium, pool and year are the
    case's, and head counts left out come from the register of insured people.
    """
    if not returning.comes_straight(attempt):
        attempt.dossier.pop("consultation", None)
    attempt.dossier["facts"] = _completed(attempt, facts)
    _run(attempt)
    attempt.progress.pop("rejected", None)


def _completed(attempt: Attempt, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with the case's own and with the register's head counts where none were given."""
    case, code = attempt.case, attempt.consortium.code
    given = {name: value for name, value in facts.items() if value is not None}
    others = [one.get("consortium", "") for one in given.get("consortia", [])]
    heads = insured_heads(attempt.connection, [code, *others], case.pool, int(case.period))
    method = attempt.rule("budget.method", on=_day(attempt)).value
    if method == "per_capita_package" and "insured" not in given and code in heads:
        given["insured"] = heads[code]
    if method == "factor_share":
        given["consortia"] = [
            {**one, "factors": _with_heads(one, heads)} for one in given.get("consortia", [])
        ]
    return {**given, "consortium": code, "pool": case.pool, "year": int(case.period)}


def _with_heads(one: Mapping[str, Any], heads: Mapping[str, int]) -> dict[str, Any]:
    factors = dict(one.get("factors", {}))
    if "insured" not in factors and one.get("consortium") in heads:
        factors["insured"] = heads[one["consortium"]]
    return factors


def _day(attempt: Attempt) -> date:
    return working_day(int(attempt.case.period), attempt.day)


def _run(attempt: Attempt) -> None:
    attempt.calculate(SHEET, attempt.dossier["facts"], on=_day(attempt))
    results = attempt.results
    if results["reason_missing"]:
        raise refuse(
            _(
                "批准金额与公式测算相差 %(difference)s 元，须写明理由",
                difference=yuan(results["difference_fen"]),
            ),
            field="reason",
        )
    attempt.case.amount_fen = own_amount_fen(attempt.consortium.code, results)


def consult(
    attempt: Attempt, *, on: str, participants: str, summary: str, approved_fen: int | None = None, reason: str = "",
    attached: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Keep the record of the negotiation with the consortium, and the amount it came to where that is another one."""
    held = _day_given(on, "on", _("请填写协商日期"))
    if held > attempt.day:
        raise refuse(_("协商日期 %(day)s 晚于今天", day=held), field="on")
    attempt.dossier["consultation"] = {
        "on": held.isoformat(),
        "participants": _said(participants, "participants", _("请写明参加协商的单位和人员")),
        "summary": _said(summary, "summary", _("请写明协商情况和各方意见")),
        "files": sorted(files.attach(attempt, "consultation", dict(one)) for one in attached),
    }
    if approved_fen is not None:
        attempt.dossier["facts"] |= {"approved_fen": _fen(approved_fen, "approved_fen")}
        _set_reason(attempt, reason)
        _run(attempt)


def _set_reason(attempt: Attempt, reason: str) -> None:
    if reason.strip():
        attempt.dossier["facts"]["reason"] = reason.strip()
    else:
        attempt.dossier["facts"].pop("reason", None)


def send_back(attempt: Attempt) -> None:
    """On other figures the consortium is consulted again, unless the budget comes straight back."""
    if attempt.goes_to != "consulted" and not returning.comes_straight(attempt):
        attempt.dossier.pop("consultation", None)


def recalculate(attempt: Attempt, *, reason: str) -> None:
    """The insurance bureau takes the budget back to calculate it again."""
    attempt.noted["reason"] = _said(reason, "reason", _("请写明重新测算的原因"))
    attempt.dossier.pop("consultation", None)


def pre_issue(attempt: Attempt, *, amount_fen: int, document_number: str, on: str = "") -> None:
    """Tell the consortium a figure in advance, so that its months need not wait for the budget."""
    entry = _issue_entry(attempt, _positive(amount_fen, "amount_fen"), document_number, on)
    attempt.progress["pre_issued_fen"] = entry["amount_fen"]
    attempt.progress.setdefault("pre_issued", []).append(entry)
    _tell(attempt, "pre_issued", f"{attempt.case.period} 年总额预算预下达 {yuan(amount_fen)} 元（{document_number}）")


def opine(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """A party's reviewer gives an opinion."""


def decide(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """A party's head decides."""


def approve(attempt: Attempt) -> None:
    """Every party has agreed to this content."""
    for role in (Role.LEAD_HEAD, Role.AGENCY_CLERK):
        attempt.notify(role, "approved", f"{attempt.case.period} 年总额预算已批准，待下达")


def reject(attempt: Attempt) -> None:
    """A party refused: the budget goes back to its calculation, or an adjustment falls and the issued budget stands."""
    before = attempt.progress.pop("before_adjustment", None)
    if before is None:
        attempt.dossier.pop("consultation", None)
        attempt.progress["rejected"] = attempt.day.isoformat()
    else:
        attempt.dossier.clear()
        attempt.dossier.update(before)
        attempt.case.amount_fen = own_amount_fen(attempt.consortium.code, attempt.results)
    for role in (Role.CITY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_REVIEWER):
        attempt.notify(role, "rejected", f"{attempt.case.period} 年总额预算未获批准，请按意见处理")


def issue(attempt: Attempt, *, document_number: str, on: str = "") -> None:
    """Issue the approved amount under a document's number; from here on it is the year's budget."""
    amount_fen = own_amount_fen(attempt.consortium.code, attempt.results)
    assert amount_fen is not None
    entry = _issue_entry(attempt, amount_fen, document_number, on)
    adjustments = attempt.dossier.get("adjustments", [])
    if adjustments:
        entry["reason"] = adjustments[-1]["reason"]
    attempt.progress.setdefault("issued", []).append(entry)
    attempt.progress.pop("before_adjustment", None)
    attempt.case.amount_fen = amount_fen
    _tell(attempt, "issued", f"{attempt.case.period} 年总额预算下达 {yuan(amount_fen)} 元（{document_number}）")


def adjust(attempt: Attempt, *, approved_fen: int, reason: str) -> None:
    """Propose another amount for the year; every party decides on it again, and until then the issued one stands."""
    amount_fen = _positive(approved_fen, "approved_fen")
    why = _said(reason, "reason", _("请写明调整的原因"))
    if amount_fen == attempt.dossier["facts"].get("approved_fen", attempt.results.get("package_fen")):
        raise refuse(_("调整后的金额与现在的相同"), field="approved_fen")
    attempt.progress["before_adjustment"] = copy.deepcopy(attempt.dossier)
    attempt.dossier["facts"] = {**attempt.dossier["facts"], "approved_fen": amount_fen, "reason": why}
    attempt.dossier.setdefault("adjustments", []).append({"on": attempt.day.isoformat(), "reason": why})
    attempt.noted["reason"] = why
    _run(attempt)


def _issue_entry(attempt: Attempt, amount_fen: int, document_number: str, on: str) -> dict[str, Any]:
    number = _said(document_number, "document_number", _("请填写下达文件的文号"))
    issued = _day_given(on, "on", _("请填写下达日期")) if on else attempt.day
    if issued > attempt.day:
        raise refuse(_("下达日期 %(day)s 晚于今天", day=issued), field="on")
    attempt.noted |= {"fen": amount_fen, "document": number}
    return {"amount_fen": amount_fen, "document": number, "on": issued.isoformat()}


def _tell(attempt: Attempt, kind: str, body: str) -> None:
    for role in (Role.LEAD_HEAD, Role.LEAD_FINANCE, Role.AGENCY_CLERK):
        attempt.notify(role, kind, body)


def _said(value: str, field: str, reason: Any) -> str:
    text = str(value or "").strip()
    if not text:
        raise refuse(reason, field=field)
    return text


def _day_given(value: str, field: str, reason: Any) -> date:
    try:
        return date.fromisoformat(str(value or "").strip())
    except ValueError as error:
        raise refuse(reason, field=field) from error


def _fen(value: Any, field: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_FEN:
        raise refuse(_("金额应为以分计的整数，不能为负"), field=field)
    return value


def _positive(value: Any, field: str) -> int:
    if not _fen(value, field):
        raise refuse(_("金额应大于 0"), field=field)
    return int(value)
