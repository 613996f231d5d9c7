"""What happens when a step of an assessment is taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from governance.refusal import Refusal, Refused
from governance.roles import Role
from workflow import clocks, files, lifecycle
from workflow.assessment.model import (
    FUND,
    SCHEME_LABELS,
    State,
    assessor_roles,
    counts_daily_checks,
    entry,
    indicators,
    last_day,
    scheme_of,
    units,
    year_of,
)
from workflow.attempt import SYSTEM, Attempt, refuse
from workflow.i18n import lazy as _
from workflow.organisations.model import consortia

LONGEST_TEXT = 2000
MOST_CHECKS = 400
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,8})?", re.ASCII)
_RANK = re.compile(r"[1-9][0-9]{0,5}/[1-9][0-9]{0,5}", re.ASCII)


def open_for(connection: Connection, consortium_id: int, scheme: str, year: int, *, at: datetime, follows: int) -> int:
    """Open the assessment of a year and ask for what it needs; returns the case's number."""
    row = connection.execute(select(consortia).where(consortia.c.id == consortium_id)).one()
    case_id = lifecycle.open_case(
        connection, "assessment", consortium_id, actor=SYSTEM, at=at, place=row.place, period=f"{year}-{scheme}",
        dossier={"consortium": row.code, "scheme": scheme, "year": year, "entries": {}, "daily": []}, follows=follows,
    )
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), SYSTEM, at)
    attempt.notify(
        Role.LEAD_CLERK if scheme == FUND else Role.CENTRE_CLERK, "collect",
        f"{year} 年{SCHEME_LABELS[scheme]}开始，请填报各项指标并附依据",
    )
    return case_id


def record(
    attempt: Attempt,
    *,
    indicator: str = "",
    value: str = "",
    member: str = "",
    document: str = "",
    file: dict[str, Any] | None = None,
    entries: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Record indicators with their evidence: one, or several at once as ``entries`` of the same keywords.

    A value is a plain number as text, or a standing such as ``3/12``. Raises ``Refused`` with every entry that is
    wrong: an indicator or member that is not assessed, no number, neither file nor document number.
    """
    given = list(entries) or [
        {"indicator": indicator, "value": value, "member": member, "document": document, "file": file}
    ]
    known, assessed = {one["key"]: one["label"] for one in indicators(attempt)}, set(units(attempt))
    bad: list[Refusal] = []
    for one in given:
        bad += _faults(one, known, assessed)
    if bad:
        raise Refused(*bad)
    for one in given:
        _keep(attempt, one)


def _faults(given: Mapping[str, Any], known: Mapping[str, str], assessed: set[str]) -> list[Refusal]:
    key, unit = str(given.get("indicator") or ""), str(given.get("member") or "")
    value, document = str(given.get("value") or "").strip(), str(given.get("document") or "").strip()
    if key not in known:
        return [_wrong("indicator", _("考核办法里没有“%(key)s”这项指标", key=key[:40]))]
    if unit not in assessed:
        return [_wrong("member", _("“%(unit)s”不是本次的考核对象", unit=unit[:40] or _("医共体")))]
    found = []
    if not (_NUMBER.fullmatch(value) or _RANK.fullmatch(value)):
        found.append(
            _wrong("value", _("“%(name)s”应填数字（如 64.5）或名次（如 3/12）", name=known[key]))
        )
    if not document and not given.get("file"):
        found.append(_wrong("document", _("“%(name)s”缺少依据：请上传材料或填写文件编号", name=known[key])))
    if len(document) > LONGEST_TEXT:
        found.append(_wrong("document", _("文件编号过长")))
    return found


def _wrong(field: str, reason: Any) -> Refusal:
    return Refusal(reason=reason, who=_("填报人"), field=field, fact=field)


def _keep(attempt: Attempt, given: Mapping[str, Any]) -> None:
    key, unit = str(given["indicator"]), str(given.get("member") or "")
    kept = {"value": str(given["value"]).strip(), "document": str(given.get("document") or "").strip(), "sha256": ""}
    if given.get("file"):
        section = f"{unit}.{key}" if unit else key
        kept["sha256"] = files.attach(attempt, section, given["file"])
        kept["name"] = given["file"]["name"]
    attempt.dossier.setdefault("entries", {}).setdefault(unit, {})[key] = kept


def record_daily(attempt: Attempt, *, scores: str | Iterable[str], document: str, member: str = "") -> None:
    """Record the scores of the year's daily checks (0 to 100) with the number of the record they are in."""
    wanted = re.split(r"[\s,，、;；]+", scores.strip()) if isinstance(scores, str) else list(scores)
    listed = [str(one).strip() for one in wanted if str(one).strip()]
    if not counts_daily_checks(attempt):
        raise refuse(_("本地考核办法不计日常检查"), field="scores")
    if not listed or len(listed) > MOST_CHECKS:
        raise refuse(_("请填写日常检查得分"), field="scores")
    if not document.strip():
        raise refuse(_("请填写日常检查记录的编号"), field="document")
    if member not in units(attempt):
        raise refuse(_("“%(unit)s”不是本次的考核对象", unit=member[:40]), field="member")
    for one in listed:
        whole, _point, rest = one.partition(".")
        beyond = not _NUMBER.fullmatch(one) or one.startswith("-") or int(whole) > 100
        if beyond or (whole == "100" and rest.strip("0")):
            raise refuse(_("“%(score)s”不是 0 到 100 的得分", score=one[:20]), field="scores")
    others = [one for one in attempt.dossier.get("daily", []) if one["member"] != member]
    attempt.dossier["daily"] = [*others, {"member": member, "scores": listed, "document": document.strip()}]


def self_report(attempt: Attempt) -> None:
    """Hand the evidence over for review."""
    attempt.progress.pop("returned", None)
    attempt.progress["reported_on"] = attempt.day.isoformat()


def send_back(attempt: Attempt) -> None:
    """Back before the review there is no score, and a published result is published again."""
    if attempt.case.state == State.PUBLISHED:
        attempt.progress.pop("published", None)
    if attempt.goes_to != State.REVIEWED and attempt.case.state != State.SELF_REPORTED:
        attempt.dossier.pop("worksheet", None)
    if attempt.goes_to == State.COLLECTING:
        attempt.progress["returned"] = attempt.noted["reason"]


def straight_back(attempt: Attempt) -> None:
    """Mended evidence goes straight back; to a result, with its score calculated again."""
    attempt.progress.pop("returned", None)
    if attempt.goes_to == State.REVIEWED:
        _calculate(attempt, "")


def review(attempt: Attempt, *, opinion: str = "") -> None:
    """Hold the values against their evidence and calculate the score."""
    _calculate(attempt, opinion)


def verify(attempt: Attempt, *, opinion: str = "") -> None:
    """Hold the members' values against their evidence and calculate their scores."""
    _calculate(attempt, opinion)


def _calculate(attempt: Attempt, opinion: str) -> None:
    attempt.calculate("assessment", facts(attempt), on=last_day(year_of(attempt.dossier)))
    if opinion.strip():
        attempt.noted["opinion"] = opinion.strip()


def facts(attempt: Attempt) -> dict[str, Any]:
    """The facts of the worksheet: values and daily checks, of the consortium or of each member."""
    head = {
        "consortium": attempt.consortium.code, "scheme": scheme_of(attempt.dossier), "year": year_of(attempt.dossier),
    }
    if head["scheme"] == FUND:
        return {**head, **_unit_facts(attempt, "")}
    return {**head, "members": [{"member": unit, **_unit_facts(attempt, unit)} for unit in units(attempt)]}


def _unit_facts(attempt: Attempt, unit: str) -> dict[str, Any]:
    values = {one["key"]: _value(entry(attempt.dossier, unit, one["key"])["value"]) for one in indicators(attempt)}
    daily = next((one["scores"] for one in attempt.dossier.get("daily", []) if one["member"] == unit), [])
    return {"values": values, "daily_scores": daily}


def _value(text: str) -> Any:
    rank, slash, of = text.partition("/")
    return {"rank": int(rank), "of": int(of)} if slash else text


def publish(attempt: Attempt, *, document: str) -> None:
    """Publish the result under its document number; the time to object begins."""
    if not document.strip():
        raise refuse(_("请填写公布文件或公告的编号"), field="document")
    attempt.progress["published"] = {"document": document.strip(), "on": attempt.day.isoformat()}
    _open_window(attempt)
    attempt.notify(Role.LEAD_HEAD, "published", "考核结果已公布，有异议请在期限内提出")
    if scheme_of(attempt.dossier) != FUND:
        for member in attempt.parties.members:
            attempt.notify(Role.MEMBER_HEAD, "published", "考核结果已公布，有异议请在期限内提出", member.id)


def _open_window(attempt: Attempt) -> None:
    deadline = clocks.start(attempt, "objection", attempt.rule("assessment.objection_days"), assessor_roles(attempt)[1])
    attempt.progress["objection_until"] = deadline.isoformat()


def object_to(attempt: Attempt, *, reason: str) -> None:
    """Object to the published result with a reason, inside the time for it."""
    if attempt.day > date.fromisoformat(attempt.progress["objection_until"]):
        raise refuse(
            _("异议期已于 %(day)s 结束", day=attempt.progress["objection_until"]), who=_("考核部门"), field="reason"
        )
    said = _said(reason)
    name = attempt.parties.names.get(attempt.actor.organisation_id or 0, "")
    attempt.progress.setdefault("objections", []).append(
        {"by": name, "on": attempt.day.isoformat(), "reason": said, "reply": ""}
    )
    attempt.noted["reason"] = said
    clocks.pause(attempt, "objection")
    for role in assessor_roles(attempt):
        attempt.notify(role, "objection", f"{name}对考核结果提出异议：{said}")


def uphold(attempt: Attempt, *, reply: str) -> None:
    """The objection holds: the evidence is collected anew where it was wrong."""
    _reply(attempt, reply, upheld=True)
    clocks.stop(attempt, "objection")
    attempt.dossier.pop("worksheet", None)
    attempt.progress.pop("published", None)
    attempt.notify(_collector(attempt), "returned", f"异议成立，请更正后重报：{reply.strip()}")


def dismiss(attempt: Attempt, *, reply: str) -> None:
    """The objection does not hold: the published result stands, with the reply beside it."""
    _reply(attempt, reply, upheld=False)
    clocks.resume(attempt, "objection")
    until = attempt.noted.get("clocks", {}).get("objection")
    if until:
        attempt.progress["objection_until"] = until


def _reply(attempt: Attempt, reply: str, *, upheld: bool) -> None:
    said = _said(reply)
    attempt.progress["objections"][-1] |= {"reply": said, "upheld": upheld, "replied_on": attempt.day.isoformat()}
    attempt.noted["reason"] = said
    attempt.notify(Role.LEAD_HEAD, "reply", said)


def finalise(attempt: Attempt, *, verdict: str = "agree", opinion: str = "") -> None:
    """The head of the bureau or centre makes the published result final; taking this step is agreement."""
    if verdict != "agree":
        raise refuse(_("不同意的，请用“收回更正”并写明原因"), field="verdict")
    attempt.progress["final_on"] = attempt.day.isoformat()
    attempt.notify(Role.LEAD_HEAD, "final", "考核结果已定论")


def _collector(attempt: Attempt) -> Role:
    return Role.LEAD_CLERK if scheme_of(attempt.dossier) == FUND else Role.CENTRE_CLERK


def _said(text: str) -> str:
    said = text.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise refuse(_("请写明原因"), field="reason")
    return said
