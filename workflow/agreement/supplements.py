"""Supplements: a member joins or leaves while the agreement is in force, signed by both sides on one content."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from governance.roles import OrganisationKind, Role
from workflow.agreement.model import day_of
from workflow.agreement.terms import day, said
from workflow.attempt import Attempt, refuse
from workflow.i18n import lazy as _
from workflow.organisations.model import memberships, organisations

KINDS = {"join": _("成员加入"), "leave": _("成员退出")}
LEVELS = {
    OrganisationKind.HOSPITAL: "county", OrganisationKind.TOWNSHIP: "township", OrganisationKind.VILLAGE: "village",
}


def supplement(attempt: Attempt, *, kind: str, member: str, effective: str, reason: str, document: str = "") -> None:
    """Write a member's joining or leaving into the agreement; it takes effect once both sides have signed."""
    if kind not in KINDS:
        raise refuse(_("补充协议的种类应为成员加入或成员退出"), field="kind")
    on = day(effective, "effective", _("请填写补充协议的生效日期"))
    start, end = day_of(attempt.dossier, "start"), day_of(attempt.dossier, "end")
    if start is None or end is None or not start <= on <= end:
        raise refuse(_("生效日期 %(day)s 不在协议期内", day=on), field="effective")
    _check_member(attempt, kind, member, on)
    attempt.noted["reason"] = said(reason, "reason", _("请写明变更的原因"))
    attempt.dossier.setdefault("supplements", []).append({
        "kind": kind, "member": member, "effective": on.isoformat(), "reason": attempt.noted["reason"],
        "document": document.strip(),
    })
    for role in (Role.LEAD_HEAD, Role.AGENCY_HEAD):
        attempt.notify(role, "supplement", f"补充协议待签署：{attempt.noted['reason']}")


def _check_member(attempt: Attempt, kind: str, code: str, on: date) -> None:
    found = attempt.connection.execute(
        select(organisations.c.id, organisations.c.kind).where(organisations.c.code == code)
    ).one_or_none()
    if found is None or found.kind not in LEVELS:
        raise refuse(_("没有代码为“%(code)s”的医疗机构", code=code), field="member")
    belongs = attempt.connection.scalar(
        select(memberships.c.consortium_id).where(
            memberships.c.organisation_id == found.id,
            memberships.c.since <= on,
            or_(memberships.c.until.is_(None), memberships.c.until >= on),
        )
    )
    if kind == "join" and belongs is not None:
        raise refuse(_("“%(code)s”在 %(day)s 已经是医共体成员，不能再加入", code=code, day=on), field="member")
    if kind == "leave" and (belongs != attempt.case.consortium_id or found.id == attempt.consortium.lead_id):
        raise refuse(_("“%(code)s”不是本医共体可以退出的成员单位", code=code), field="member")


def countersign(attempt: Attempt, *, verdict: str, opinion: str = "", details: Any = None) -> None:
    """One side signs the supplement, or refuses to."""


def enact_supplement(attempt: Attempt) -> None:
    """Both have signed: the register of members follows the supplement from its day on."""
    entry = attempt.dossier["supplements"][-1]
    row = attempt.connection.execute(
        select(organisations.c.id, organisations.c.kind).where(organisations.c.code == entry["member"])
    ).one()
    on, consortium_id = date.fromisoformat(entry["effective"]), attempt.case.consortium_id
    if entry["kind"] == "join":
        attempt.connection.execute(
            memberships.insert(),
            {
                "consortium_id": consortium_id, "organisation_id": row.id, "since": on,
                "level": LEVELS[OrganisationKind(row.kind)],
            },
        )
    else:
        attempt.connection.execute(
            memberships.update()
            .where(
                memberships.c.consortium_id == consortium_id,
                memberships.c.organisation_id == row.id,
                memberships.c.until.is_(None),
            )
            .values(until=on - timedelta(days=1))
        )
    attempt.read.pop("affiliations", None)
    attempt.noted["member"] = entry["member"]
    attempt.notify(Role.LEAD_CLERK, "supplemented", f"补充协议已由双方签署，自 {on} 起执行")


def drop_supplement(attempt: Attempt) -> None:
    """One side refused: the agreement goes on as it was."""
    attempt.noted["dropped"] = attempt.dossier["supplements"].pop()
    if not attempt.dossier["supplements"]:
        del attempt.dossier["supplements"]
    attempt.notify(Role.AGENCY_CLERK, "supplement_dropped", "补充协议未获双方签署，协议内容不变")
