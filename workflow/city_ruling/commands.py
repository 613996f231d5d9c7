"""What happens when a step of the joint ruling is taken, up to the bureaus' review; outcomes lie in ``outcomes``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import clocks, files, lifecycle
from workflow.attempt import SYSTEM, Attempt, refuse
from workflow.city_ruling.applying import begin, copy_evidence
from workflow.city_ruling.model import State, open_correction, ruling_rounds
from workflow.city_ruling.outcomes import (
    close_notice,
    confer,
    confirm,
    document,
    publish,
    record_conference,
    refuse_recognition,
    return_for_correction,
    rule,
)
from workflow.city_ruling.texts import day_not_after, text
from workflow.i18n import lazy as _
from workflow.self_assessment.commands import predict, write_entry
from workflow.self_assessment.model import criteria, entry, levels

__all__ = [
    "accept", "amend", "ask_correction", "begin", "close_notice", "confer", "confirm", "correct", "decide", "document",
    "object", "opine", "publish", "record_conference", "record_site_visit", "refuse_recognition", "register",
    "return_for_correction", "rule", "send_back", "withdraw",
]


def register(attempt: Attempt) -> None:
    """Take in the evidence, calculate what the criteria say, and start the days for telling what to correct."""
    copy_evidence(attempt)
    predict(attempt)
    clocks.start(attempt, "correction", attempt.rule("ruling.correction_within"), Role.CITY_INSURANCE_REVIEWER)


def accept(attempt: Attempt) -> None:
    """The application is complete: the days of the joint ruling begin."""
    clocks.stop(attempt, "correction")
    _start_review_clock(attempt)
    attempt.notify(Role.LEAD_CLERK, "accepted", "申请已受理")


def _start_review_clock(attempt: Attempt) -> None:
    clocks.start(attempt, "review", attempt.rule("ruling.review_within"), Role.CITY_INSURANCE_REVIEWER)


def send_back(attempt: Attempt, *, reason: str = "") -> None:
    """Not accepted: the self-assessment opens again, with the reason. Later: an earlier step of this case does."""
    if attempt.goes_to is not None:
        _undone(attempt)
        return
    said = text(reason, "reason", _("请写明不予受理的原因"))
    attempt.noted["reason"] = said
    lifecycle.take(
        attempt.connection, attempt.case.follows_id or 0, "return_filed", actor=SYSTEM, at=attempt.at,
        data={"reason": said},
    )


def _undone(attempt: Attempt) -> None:
    """What was ruled, or registered, is ruled or registered again."""
    if attempt.case.state == State.RULED:
        attempt.dossier.pop("ruling", None)
        _start_review_clock(attempt)
    elif attempt.case.state == State.DOCUMENTED:
        attempt.dossier.pop("document", None)


def ask_correction(attempt: Attempt, *, reason: str, items: Sequence[str] = ()) -> None:
    """Tell the applicant at one time everything that must be corrected; the review's days stand still meanwhile."""
    said = text(reason, "reason", _("请写明需要补正的内容"))
    known = {one.key for one in criteria(attempt.dossier["standard"])}
    if unknown := sorted(set(items) - known):
        raise refuse(_("评判标准里没有这些条目：%(keys)s", keys="、".join(unknown)), field="items")
    asked = {"by": "acceptance", "items": sorted(items), "reason": said, "on": attempt.day.isoformat()}
    attempt.dossier.setdefault("corrections", []).append(asked)
    clocks.stop(attempt, "correction")
    clocks.pause(attempt, "review")
    attempt.noted["reason"] = said
    attempt.notify(Role.LEAD_CLERK, "correction", said)


def amend(
    attempt: Attempt,
    *,
    criterion: str,
    grade: str,
    explanation: str | None = "",
    reason: str | None = "",
    files: Sequence[dict[str, Any]] = (),
) -> None:
    """Correct one criterion that was named for correction."""
    items = (open_correction(attempt.dossier) or {}).get("items", [])
    if items and criterion not in items:
        raise refuse(_("只能修改列入补正的条目：%(keys)s", keys="、".join(items)), field="criterion")
    write_entry(attempt, criterion, grade, explanation, reason, files)
    attempt.noted |= {"criterion": criterion, "grade": grade}


def correct(attempt: Attempt, *, reply: str) -> None:
    """Answer the correction over the head's name; the review's days go on."""
    asked = open_correction(attempt.dossier)
    assert asked is not None
    asked["reply"] = text(reply, "reply", _("请写明补正说明"))
    asked["answered_on"] = attempt.day.isoformat()
    predict(attempt)
    clocks.resume(attempt, "review")
    if not any(row.name == "review" for row in clocks.running(attempt.connection, attempt.case.id)):
        _start_review_clock(attempt)
    attempt.notify(Role.CITY_INSURANCE_REVIEWER, "corrected", "申请人已提交补正")


def record_site_visit(
    attempt: Attempt, *, day: str, people: str, findings: str, files: Sequence[dict[str, Any]] = ()
) -> None:
    """Put a site visit on record: when, by whom, what was found; the bureaus rule on it as well."""
    visit = {
        "on": day_not_after(day, attempt.day, "day"),
        "by": attempt.parties.codes[attempt.actor.organisation_id or 0],
        "people": text(people, "people", _("请写明参加核查的人员")),
        "findings": text(findings, "findings", _("请写明核查情况")),
        "files": _attached(attempt, "site_visit", files),
    }
    attempt.dossier.setdefault("site_visits", []).append(visit)


def _attached(attempt: Attempt, section: str, added: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"name": one["name"], "sha256": files.attach(attempt, section, one)} for one in added]


def opine(attempt: Attempt, *, verdict: str, opinion: str = "", details: Mapping[str, Any] | None = None) -> None:
    """A bureau's reviewer grades every criterion, says whether it is in substantive operation, and gives an opinion.

    ``details``: ``grades`` and ``reasons`` by criterion, ``substantive``. Raises ``Refused`` with every part missing.
    """
    _check_verdict(attempt, verdict)
    if verdict == "return":
        return
    bad = [*_bad_grades(attempt, details or {}), *_bad_operation(attempt, verdict, details or {})]
    if bad:
        raise Refused(*bad)


def _check_verdict(attempt: Attempt, verdict: str) -> None:
    last = attempt.case.state == str(State.RECONSIDERED)
    allowed = {"agree", "disagree"} if last else {"agree", "disagree", "return"}
    if verdict not in allowed:
        raise refuse(_("本轮不能作出这样的决定；会商后只能同意或不同意"), field="verdict")


def _bad_grades(attempt: Attempt, details: Mapping[str, Any]) -> list[Refusal]:
    standard = attempt.dossier["standard"]
    grades, reasons = details.get("grades") or {}, details.get("reasons") or {}
    allowed = {one["key"] for one in levels(standard)}
    known = list(criteria(standard))
    bad = [
        Refusal(reason=_("评判标准里没有“%(key)s”这一条", key=key), field="grades", fact=key)
        for key in sorted(grades.keys() - {one.key for one in known})
    ]
    for one in known:
        own = grades.get(one.key)
        if own not in allowed:
            bad.append(
                Refusal(reason=_("%(key)s %(label)s：还没有评", key=one.key, label=one.label),
                        reason_en=f"{one.key}: not graded", who=attempt.actor.name, field="grades", fact=one.key)
            )
        elif own != entry(attempt.dossier, one.key).get("grade") and not str(reasons.get(one.key) or "").strip():
            bad.append(
                Refusal(reason=_("%(key)s %(label)s：与自评不一致，须写明理由", key=one.key, label=one.label),
                        reason_en=f"{one.key}: differs from the self-assessment, give a reason",
                        who=attempt.actor.name, field="reasons", fact=one.key)
            )
    return bad


def _bad_operation(attempt: Attempt, verdict: str, details: Mapping[str, Any]) -> list[Refusal]:
    provision = attempt.find_rule("ruling.substantive_operation")
    if provision is None or not provision.flag:
        return []
    substantive = details.get("substantive")
    if not isinstance(substantive, bool):
        return [Refusal(reason=_("还没有判定是否实质运行"), reason_en="Substantive operation is not ruled",
                        who=attempt.actor.name, rule=provision.rule, field="substantive", fact="substantive")]
    if verdict == "agree" and not substantive:
        return [_not_operating(attempt)]
    return []


def _not_operating(attempt: Attempt) -> Refusal:
    return Refusal(
        reason=_("本部门认为没有实质运行，不能同意认定"),
        reason_en="Not in substantive operation, so it cannot be recognised",
        who=attempt.actor.name, field="verdict", fact="substantive",
    )


def decide(attempt: Attempt, *, verdict: str, opinion: str = "", details: Mapping[str, Any] | None = None) -> None:
    """A bureau's approver decides for the bureau, on its reviewer's opinion."""
    _check_verdict(attempt, verdict)
    held = ruling_rounds(attempt)[-1][1]
    own = next((seat for seat in held if seat.organisation_id == attempt.actor.organisation_id), None)
    if verdict == "agree" and own is not None and own.details.get("substantive") is False:
        raise Refused(_not_operating(attempt))


def object(
    attempt: Attempt, *, objector: str, reason: str, files: Sequence[dict[str, Any]] = ()
) -> None:
    """An objection in the notice that must be looked into: the bureaus rule again, with it before them."""
    raised = {
        "by": text(objector, "objector", _("请写明异议人")),
        "reason": text(reason, "reason", _("请写明异议内容")),
        "on": attempt.day.isoformat(),
        "files": _attached(attempt, "objection", files),
    }
    attempt.dossier.setdefault("objections", []).append(raised)
    attempt.dossier.pop("ruling", None)
    attempt.progress.pop("notice", None)
    attempt.noted["reason"] = raised["reason"]
    clocks.stop(attempt, "notice")
    _start_review_clock(attempt)


def withdraw(attempt: Attempt, *, reason: str) -> None:
    """The applicant withdraws before the bureaus have ruled."""
    attempt.noted["reason"] = text(reason, "reason", _("请写明撤回的原因"))

