"""What follows from the bureaus' decisions: a ruling, a conference, a correction, a notice, a joint document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from governance.roles import Role
from workflow import clocks, files
from workflow.attempt import Attempt, refuse
from workflow.city_ruling.model import DOCUMENT_NUMBER, Seat, number_in_use, ruling_rounds
from workflow.city_ruling.texts import day, day_not_after, text
from workflow.i18n import lazy as _

INSURANCE = Role.CITY_INSURANCE_REVIEWER


def _last_seats(attempt: Attempt) -> list[Seat]:
    return ruling_rounds(attempt)[-1][1]


def _ruled(attempt: Attempt, outcome: str) -> None:
    """Write down how the bureaus ruled, each by name, and stop the days of the review."""
    attempt.dossier["ruling"] = {
        "outcome": outcome,
        "on": attempt.day.isoformat(),
        "bureaus": [
            {
                "code": seat.key,
                "name": seat.label,
                "verdict": seat.decision.verdict if seat.decision else None,
                "substantive": seat.details.get("substantive"),
            }
            for seat in _last_seats(attempt)
        ],
    }
    clocks.stop(attempt, "review")


def rule(attempt: Attempt) -> None:
    """All bureaus agree: the consortium is close-integrated and in substantive operation."""
    _ruled(attempt, "recognised")
    attempt.notify(Role.LEAD_CLERK, "ruled", "联合评定已通过，等待公示")


def confer(attempt: Attempt) -> None:
    """Not all agree: a conference where they differ; a refusal at once where none agrees or no conference is held."""
    agreed = [seat for seat in _last_seats(attempt) if seat.decision and seat.decision.verdict == "agree"]
    held = attempt.find_rule("ruling.conference_rounds")
    if not agreed or (held is not None and held.integer == 0):
        attempt.follow = "refuse_recognition"
        return
    attempt.notify(INSURANCE, "conference", "各部门意见不一致，请组织会商并登记纪要")


def refuse_recognition(attempt: Attempt) -> None:
    """Not recognised: why, and from which day the consortium may apply again."""
    _ruled(attempt, "not_recognised")
    reasons = _opinions(attempt, "disagree")
    earliest, _provisional = clocks.deadline_after(
        attempt.connection, attempt.day, attempt.rule("ruling.reapply_after_months")
    )
    attempt.progress["reapply_from"] = earliest.isoformat()
    attempt.noted["reason"] = reasons
    attempt.notify(Role.LEAD_CLERK, "not_recognised", f"不予认定：{reasons}。{earliest.isoformat()} 起可以再申请")


def return_for_correction(attempt: Attempt) -> None:
    """A bureau returned the application: what it said is to be corrected, and the review's days stand still."""
    said = _opinions(attempt, "return")
    asked = {"by": "bureau", "items": [], "reason": said, "on": attempt.day.isoformat()}
    attempt.dossier.setdefault("corrections", []).append(asked)
    clocks.pause(attempt, "review")
    attempt.noted["reason"] = said
    attempt.notify(Role.LEAD_CLERK, "correction", said)


def _opinions(attempt: Attempt, verdict: str) -> str:
    return "；".join(
        f"{seat.label}：{seat.decision.opinion}"
        for seat in _last_seats(attempt)
        if seat.decision and seat.decision.verdict == verdict
    )


def record_conference(
    attempt: Attempt, *, day: str, present: Sequence[str], summary: str, files: Sequence[dict[str, Any]] = ()
) -> None:
    """Put the conference on record with its minutes; every bureau must have been there.

    ``present`` holds the codes of the bureaus that took part.
    """
    absent = [seat.label for seat in _last_seats(attempt) if seat.key not in present]
    if absent:
        raise refuse(_("有部门未到会，不能再评定：%(names)s", names="、".join(absent)), field="present")
    if not files:
        raise refuse(_("请上传会商纪要"), field="files")
    attempt.dossier["conference"] = {
        "on": day_not_after(day, attempt.day, "day"),
        "present": sorted(present),
        "summary": text(summary, "summary", _("请写明会商情况")),
        "files": _attached(attempt, "conference", files),
    }


def _attached(attempt: Attempt, section: str, added: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"name": one["name"], "sha256": files.attach(attempt, section, one)} for one in added]


def publish(attempt: Attempt, *, where: str) -> None:
    """Give public notice of the ruling for the days the place's rule sets; ``where`` says where it can be read."""
    said = text(where, "where", _("请写明公示的位置"))
    until = clocks.start(attempt, "notice", attempt.rule("ruling.notice_days"), INSURANCE)
    attempt.progress["notice"] = {"where": said, "from": attempt.day.isoformat(), "until": until.isoformat()}


def close_notice(attempt: Attempt) -> None:
    """The notice has run its days without an objection."""
    clocks.stop(attempt, "notice")
    attempt.progress["notice"]["closed"] = attempt.day.isoformat()
    attempt.notify(INSURANCE, "notice_over", "公示期满无异议，请办理联合行文")


def document(
    attempt: Attempt, *, number: str, issued: str, effective: str, files: Sequence[dict[str, Any]] = ()
) -> None:
    """Register the joint document: its number, what it says, and from when the recognition counts.

    Raises ``Refused`` for a number that is none (``市医保发〔2025〕3号``) or that another application carries, for an
    issue before the ruling or in the future, and for a recognition that would count from before the issue.
    """
    written = number.strip()
    if not DOCUMENT_NUMBER.fullmatch(written):
        raise refuse(_("文号“%(number)s”不对，应形如 某医保发〔2025〕3号", number=written[:40]), field="number")
    if number_in_use(attempt.connection, written, attempt.case.id):
        raise refuse(_("文号“%(number)s”已经用在另一件上", number=written), field="number")
    issued_on = day_not_after(issued, attempt.day, "issued")
    if issued_on < attempt.dossier["ruling"]["on"]:
        raise refuse(_("印发日期早于评定日期"), field="issued")
    counts_from = day(effective, "effective")
    if counts_from < date.fromisoformat(issued_on):
        raise refuse(_("生效日期早于印发日期"), field="effective")
    attempt.dossier["document"] = {
        "number": written,
        "issued": issued_on,
        "effective": counts_from.isoformat(),
        "consortium": attempt.consortium.name,
        "lead": attempt.parties.names[attempt.consortium.lead_id],
        "members": [member.name for member in attempt.parties.members],
        "standard": attempt.dossier["standard"]["value"]["code"],
        "outcome": attempt.dossier["ruling"]["outcome"],
        "bureaus": [one["name"] for one in attempt.dossier["ruling"]["bureaus"]],
        "files": _attached(attempt, "document", files),
    }
    attempt.noted["number"] = written


def confirm(attempt: Attempt) -> None:
    """The recognition is confirmed; the lead and the agency hear of it, and the agreement is next."""
    number = attempt.dossier["document"]["number"]
    attempt.progress["recognised_since"] = attempt.dossier["document"]["effective"]
    for role in (Role.LEAD_CLERK, Role.AGENCY_CLERK):
        attempt.notify(role, "recognised", f"已认定为紧密型县域医共体（{number}）")
