"""What the page of a plan shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from governance.roles import KIND_NAMES
from workflow import decisions
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.pages.sections import CasePage, Section
from workflow.pages.words import LEVELS, pick
from workflow.surplus_plan.model import (
    DEDUCTION_LABELS,
    HEALTH_LABELS,
    KIND_LABELS,
    OPINION_LABELS,
    OUTCOME_LABELS,
    asked_members,
    committee_seats,
    filing_parties,
    members_of_year,
    voting_seats,
)

RECEIPT_LABELS = {"kept": _("留在本单位"), "confirmed": _("本单位确认"), "proven": _("银行回单")}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The plan in a few lines."""
    body, progress = page.dossier, page.progress
    filings = progress.get("filings", [])
    return [
        (_("类别"), KIND_LABELS[body["kind"]]),
        (_("金额（元）"), yuan(body["amount_fen"])),
        (_("会议日期"), progress.get("session", {}).get("date") or _("尚未召集")),
        (_("备案号"), "、".join(one["number"] for one in filings) or _("尚未备案")),
        (_("征求意见截止"), progress.get("opinion_until") or "—"),
    ]


def sections(page: CasePage) -> list[Section]:
    """The plan by member, opinions, the committee's session, filing and payment."""
    found = []
    if page.dossier.get("source") == "deferred":
        found.append(
            Section(_("暂缓部分的发放"), "surplus_plan/release.html", release=page.progress.get("release"),
                    outcomes=OUTCOME_LABELS, amount_fen=page.dossier["amount_fen"])
        )  # fmt: skip
    if page.progress.get("returned"):
        found.append(Section(_("退回意见"), "surplus_plan/returned.html", returned=page.progress["returned"]))
    for earlier in page.progress.get("earlier", []):
        minutes = earlier.get("minutes", {}).get("text", "")
        found.append(
            Section(_("此前退回"), "surplus_plan/returned.html", returned=earlier["returned"], minutes=minutes)
        )
    if page.attempt.results:
        found.append(_plan(page))
    if "opinions" in page.progress:
        found.append(_opinions(page))
    if page.progress.get("session"):
        found.append(_session(page))
    if page.progress.get("minutes"):
        found.append(_filings(page))
    return found


def _plan(page: CasePage) -> Section:
    """One row a member, its share as a bar, and where its money is."""
    results, total_fen = page.attempt.results, page.dossier["amount_fen"]
    receipts, reasons = page.progress.get("receipts", {}), page.dossier["reasons"]
    rows = [
        {
            "name": pick(one.name, one.name_en), "level": LEVELS[one.level],
            "weight": page.dossier["weights"].get(one.code, "—"), "fen": results["members"].get(one.code, 0),
            "reason": reasons.get(one.code, ""),
            "receipt": RECEIPT_LABELS.get(receipts.get(one.code, {}).get("how", ""), ""),
        }
        for one in members_of_year(page.attempt)
    ]  # fmt: skip
    others = [(HEALTH_LABELS.get(name, name), fen) for name, fen in results["public_health"].items()]
    others += [
        (DEDUCTION_LABELS.get(one["name"], one["name"]), one["amount_fen"]) for one in page.dossier["deductions"]
    ]
    tiers = [(LEVELS[level], fen) for level, fen in results["tiers"].items()]
    return Section(
        _("分配表"), "surplus_plan/plan.html", rows=rows, others=others, tiers=tiers, total_fen=total_fen,
        most_fen=max([row["fen"] for row in rows] or [1]) or 1,
    )


def _opinions(page: CasePage) -> Section:
    """What each member said, or that it is silent."""
    said = page.progress["opinions"]
    rows = [
        {
            "name": pick(one.name, one.name_en),
            "label": OPINION_LABELS.get(said.get(one.code, {}).get("verdict", ""), ""),
            **said.get(one.code, {}),
        }
        for one in asked_members(page.attempt)
    ]
    return Section(
        _("成员单位意见"), "surplus_plan/opinions.html", rows=rows, until=page.progress.get("opinion_until", ""),
        heard=len(said),
    )


def _session(page: CasePage) -> Section:
    """The session: notice, attendance, and each vote of the newest round."""
    attendance = page.progress.get("attendance", {})
    names = {seat.id: seat.name for seat in committee_seats(page.attempt)}
    attempt = page.attempt
    newest = decisions.last_round(attempt, "committee") if attendance else None
    votes = {row.seat_key: row for row in newest.cast} if newest else {}
    rows = [
        {
            "name": names.get(seat, ""), "holder": "" if seat == holder else names.get(holder, ""),
            "verdict": decisions.VERDICTS[votes[f"seat:{seat}"].verdict] if f"seat:{seat}" in votes else "",
            "opinion": votes[f"seat:{seat}"].opinion if f"seat:{seat}" in votes else "",
        }
        for seat, holder in voting_seats(attendance).items()
    ]
    recused = [(names.get(one["seat"], ""), one["reason"]) for one in attendance.get("recused", [])]
    return Section(
        _("管委会会议"), "surplus_plan/session.html", session=page.progress["session"], rows=rows, recused=recused,
        seats=len(names), minutes=page.progress.get("minutes"), case_id=attempt.case.id,
    )


def _filings(page: CasePage) -> Section:
    """Each body of the order, with its number, and the payments."""
    accepted = {one["kind"]: one for one in page.progress.get("filings", [])}
    rows = [
        {"name": pick(*KIND_NAMES[kind]), **accepted.get(kind, {"number": "", "on": "", "by": "", "opinion": ""})}
        for kind in filing_parties(page.attempt)
    ]
    payments = [
        (label, page.progress[name])
        for name, label in (("paid", _("医保经办机构拨付牵头医院")), ("distributed", _("牵头医院按方案支付")))
        if page.progress.get(name)
    ]
    return Section(_("备案与支付"), "surplus_plan/filings.html", rows=rows, payments=payments)
