"""The committee's session: called in time, attendance registered, votes cast from each own seat, minutes kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from governance.refusal import Refusal, Refused
from governance.roles import Duty, Role
from workflow import decisions, files, returning, standing
from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _
from workflow.surplus_plan.model import CommitteeSeat, committee_seats, quorum_of, voting_seats

LONGEST_MINUTES = 20_000


def convene(attempt: Attempt, *, session_date: str, place: str, agenda: str = "") -> None:
    """Call the session; the days between the notice and the session are at least those of the committee's rule."""
    try:
        day = date.fromisoformat(session_date)
    except ValueError as error:
        raise refuse(_("请按 2026-11-23 的样子填写会议日期"), field="session_date") from error
    notice_days = quorum_of(attempt).notice_days
    if (day - attempt.day).days < notice_days:
        raise refuse(
            _("会议须提前 %(days)s 天通知，最早可定在 %(day)s", days=notice_days, day=_earliest(attempt, notice_days)),
            who=_("管委会秘书"), field="session_date",
        )  # fmt: skip
    if not place.strip():
        raise refuse(_("请填写会议地点"), field="place")
    attempt.progress["session"] = {
        "date": day.isoformat(), "place": place.strip(), "agenda": agenda.strip(), "notice_on": attempt.day.isoformat(),
    }
    attempt.progress.pop("attendance", None)
    said = f"管委会定于 {day.isoformat()} 在{place.strip()}审议方案，请准时到会"
    for role in (Role.COMMITTEE_CHAIR, Role.COMMITTEE_MEMBER):
        attempt.notify(role, "session", said)


def _earliest(attempt: Attempt, notice_days: int) -> str:
    return date.fromordinal(attempt.day.toordinal() + notice_days).isoformat()


def register_attendance(
    attempt: Attempt,
    *,
    present: Iterable[int | str],
    proxies: Iterable[Mapping[str, Any]] = (),
    recused: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Register who is there (seat numbers), who votes by written proxy, and who is recused.

    ``proxies`` are ``{absent, holder, document}``, ``recused`` ``{seat, reason}``. Raises ``Refused`` with everything
    that is wrong: a seat that is none, a proxy without its document or beyond the number one may hold, someone who
    prepared the plan and is not recused, and a session without a quorum.
    """
    known = {seat.id: seat for seat in committee_seats(attempt)}
    there = sorted({int(one) for one in present})
    given = [
        {name: int(one[name]) for name in ("absent", "holder")} | {"document": str(one.get("document") or "").strip()}
        for one in proxies
    ]
    away = [{"seat": int(one["seat"]), "reason": str(one.get("reason") or "").strip()} for one in recused]
    attendance = {"present": there, "proxies": given, "recused": away, "on": attempt.day.isoformat()}
    bad = _seat_faults(known, attendance)
    bad = bad or [*_proxy_faults(attempt, known, attendance), *_recusal_faults(attempt, known, attendance)]
    bad = bad or _quorum_faults(attempt, len(known), attendance)
    if bad:
        raise Refused(*bad)
    attempt.progress["attendance"] = attendance
    attempt.noted |= {"present": len(there), "proxies": len(given), "recused": len(away)}


def _wrong(reason: Any, field: str) -> Refusal:
    return Refusal(reason=reason, who=_("管委会秘书"), field=field, fact=field)


def _seat_faults(known: Mapping[int, CommitteeSeat], attendance: Mapping[str, Any]) -> list[Refusal]:
    """Every seat named is one of the committee's."""
    named = [*attendance["present"], *(one["seat"] for one in attendance["recused"])]
    named += [seat for one in attendance["proxies"] for seat in (one["absent"], one["holder"])]
    return [_wrong(_("席位 %(seat)s 不是管委会的席位", seat=seat), "present") for seat in sorted({*named} - {*known})]


def _proxy_faults(
    attempt: Attempt, known: Mapping[int, CommitteeSeat], attendance: Mapping[str, Any]
) -> list[Refusal]:
    """A proxy is written, given by someone absent to someone present, and nobody holds more than the rule allows."""
    present, most, found = set(attendance["present"]), quorum_of(attempt).proxies_each, []
    recused = {one["seat"] for one in attendance["recused"]}
    given = [one["absent"] for one in attendance["proxies"]]
    held = [one["holder"] for one in attendance["proxies"]]
    for one in attendance["proxies"]:
        name, holder = known[one["absent"]].name, known[one["holder"]].name
        if one["absent"] in present or given.count(one["absent"]) > 1:
            found.append(_wrong(_("%(name)s已经到会或已有委托，不能再委托", name=name), "proxies"))
        if one["holder"] not in present or one["holder"] in recused:
            found.append(_wrong(_("受托人%(name)s没有到会或须回避", name=holder), "proxies"))
        if held.count(one["holder"]) > most:
            found.append(_wrong(_("%(name)s最多接受 %(most)s 份委托", name=holder, most=most), "proxies"))
        if not one["document"]:
            found.append(_wrong(_("%(name)s的委托须有书面委托书编号", name=name), "proxies"))
    return found


def _recusal_faults(
    attempt: Attempt, known: Mapping[int, CommitteeSeat], attendance: Mapping[str, Any]
) -> list[Refusal]:
    """A recusal has its reason; who has taken another part in the case is recused."""
    found = [
        _wrong(_("%(name)s回避须写明原因", name=known[one["seat"]].name), "recused")
        for one in attendance["recused"]
        if not one["reason"]
    ]
    took_part = {person for person, duty in decisions.duties(attempt).items() if duty != Duty.APPROVE}
    votes, gone = voting_seats(attendance), standing.everything(attempt).recused
    found += [
        _wrong(_("%(name)s已在本件中回避，须登记回避，不能参加表决", name=known[one].name), "recused")
        for one in sorted({*votes, *votes.values()})
        if known[one].person_id in gone
    ]
    return found + [
        _wrong(_("%(name)s参与了本方案的编制或办理，须登记回避", name=known[holder].name), "recused")
        for holder in sorted(set(votes.values()))
        if known[holder].person_id in took_part
    ]


def _quorum_faults(attempt: Attempt, seats: int, attendance: Mapping[str, Any]) -> list[Refusal]:
    """Enough members are there, written proxies included, of those who are not recused."""
    counted = seats - len({one["seat"] for one in attendance["recused"]})
    present, rule = len(voting_seats(attendance)), quorum_of(attempt)
    if rule.is_quorate(present, counted):
        return []
    return [
        Refusal(
            reason=_(
                "到会 %(present)s 人（含书面委托），应到 %(seats)s 人，不足法定人数 %(top)s/%(bottom)s，请另行召集",
                present=present, seats=counted, top=rule.present.top, bottom=rule.present.bottom,
            ),
            reason_en=f"{present} of {counted} members are there: no quorum",
            who=_("管委会秘书"), field="present", fact="quorum",
        )
    ]


def vote(attempt: Attempt, *, verdict: str, opinion: str = "", seat_key: str = "", details: Any = None) -> None:
    """A member votes from its own seat; who also holds a written proxy says for which seat."""
    seat = attempt.actor.seat_id
    votes = voting_seats(attempt.progress["attendance"])
    if list(votes.values()).count(seat or 0) > 1 and not seat_key:
        raise refuse(_("您还受托代一位委员表决，请选择为哪个席位表决"), who=attempt.actor.name, field="seat_key")
    if seat_key and seat_key != f"seat:{seat}":
        attempt.noted["on_behalf_of"] = seat_key


def reject(attempt: Attempt) -> None:
    """The plan did not reach the majority."""
    _sent_back(attempt, _("管委会表决未达到通过比例，请修改后重新征求意见"))


def begin_anew(attempt: Attempt) -> None:
    """A new draft is asked, voted on and filed anew; what became of the one before is kept beside it."""
    names = ("opinions", "opinion_until", "session", "attendance", "minutes", "filing", "filings", "returned")
    earlier = {name: attempt.progress.pop(name) for name in names if name in attempt.progress}
    if "returned" in earlier:
        attempt.progress.setdefault("earlier", []).append(earlier)


def send_back(attempt: Attempt) -> None:
    """The committee sends the plan back; so does its secretary, or who files it, and then it is drafted anew."""
    if attempt.goes_to is not None:
        returned = {"reason": attempt.noted["reason"], "on": attempt.day.isoformat(), "by": attempt.actor.name}
        attempt.progress["returned"] = returned
        if not returning.comes_straight(attempt):
            begin_anew(attempt)
        return
    _sent_back(attempt, _("管委会表决退回，请按委员意见修改"))


def _sent_back(attempt: Attempt, reason: Any) -> None:
    attempt.progress["returned"] = {"reason": str(reason), "on": attempt.day.isoformat(), "by": "管委会"}
    attempt.noted["reason"] = str(reason)
    attempt.notify(Role.LEAD_FINANCE, "returned", str(reason))


def adjourn(attempt: Attempt, *, reason: str) -> None:
    """Break the session off with a reason; it is called again and nobody's vote counts on."""
    if not reason.strip():
        raise refuse(_("请写明休会的原因"), field="reason")
    attempt.noted["reason"] = reason.strip()
    attempt.progress.setdefault("adjourned", []).append(
        {"on": attempt.day.isoformat(), "reason": reason.strip(), **attempt.progress.pop("session")}
    )
    attempt.progress.pop("attendance", None)


def close_session(attempt: Attempt, *, minutes: str = "", minutes_file: dict[str, Any] | None = None) -> None:
    """Keep the minutes, as text or as the signed file."""
    text = minutes.strip()
    if not text and not minutes_file:
        raise refuse(_("请上传或填写会议纪要"), who=_("管委会秘书"), field="minutes")
    if len(text) > LONGEST_MINUTES:
        raise refuse(_("会议纪要过长，请上传文件"), field="minutes")
    kept = {"text": text, "on": attempt.day.isoformat(), "by": attempt.actor.name, "sha256": "", "name": ""}
    if minutes_file:
        kept |= {"sha256": files.attach(attempt, "minutes", minutes_file), "name": minutes_file["name"]}
    attempt.progress["minutes"] = kept
