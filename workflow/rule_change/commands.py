"""What happens when a step of a rule change is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from governance.roles import Role
from governance.rulebook import STATUSES, rule_names
from governance.rulebook.enacting import Enacted, merged
from governance.rulebook.provisions import settled
from workflow import enacted, files, lifecycle, rules
from workflow.attempt import Actor, Attempt, refuse, sha256
from workflow.clock import day_of
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.model import rule_impacts
from workflow.organisations.model import organisations
from workflow.rule_change import impact, telling
from workflow.rule_change.model import begun, desk_of, next_serial, proposal_of
from workflow.rule_change.written import value_of

TEXTS = (
    ("document_number", _("请填写文号")), ("document_title", _("请填写文件名称")), ("issuer", _("请填写发文机关")),
    ("clause", _("请写明条款")), ("says", _("请用自己的话写明这一条说了什么")),
)  # fmt: skip
LONGEST_TEXT = 4000
BEGUN = {"day": _("生效日"), "month": _("所属月份"), "year": _("所属年度")}
IN_CASE = ("case", "serial", "running", "stage", "consortium", "name", "name_en", "pool", "period", "sheet", "day",
           "decided_fen", "would_fen", "difference_fen")  # fmt: skip


def begin(connection: Connection, *, actor: Actor, at: datetime, place: str, **proposed: Any) -> int:
    """Open a rule change at the desk of ``place`` with its first proposal; returns the case's number.

    Raises ``Refused`` for a place that is not the rules officer's, and for whatever ``propose`` refuses.
    """
    home = connection.scalar(select(organisations.c.place).where(organisations.c.id == actor.organisation_id))
    known = rules.rulebook().places.get(place)
    if known is None or known.kind not in ("city", "county") or home not in rules.place_chain(place):
        raise refuse(_("“%(place)s”不是您负责的市或县，不能提出它的规则", place=place), field="place")
    rules.refuse_samples(connection, place)
    desk, year = desk_of(connection, place, actor.organisation_id or 0), day_of(at).year
    serial = next_serial(connection, desk, year)
    number = lifecycle.open_case(
        connection, "rule_change", desk, actor=actor, at=at, place=place, period=f"{year}-{serial:03d}",
        serial=serial, dossier={"place": place},
    )
    lifecycle.take(connection, number, "propose", actor=actor, at=at, data=proposed)
    return number


def propose(
    attempt: Attempt, *, rule: str, value: str, since: str, status: str, document_number: str, document_title: str,
    issuer: str, issued_on: str, clause: str, says: str, backwards: bool = False,
    scan: Mapping[str, Any] | None = None,
) -> None:
    """Propose a provision with its document; it is read and bound exactly like one of a rule file.

    ``value`` is a number or a table as text; ``backwards`` that the document itself says it works backwards.
    """
    named = {
        "document_number": document_number, "document_title": document_title, "issuer": issuer, "clause": clause,
        "says": says,
    }  # fmt: skip
    told = {name: _said(named[name], name, reason) for name, reason in TEXTS}
    kept = files.attach(attempt, "source", dict(scan)) if scan else attempt.dossier.get("scan")
    if not kept:
        raise refuse(_("请上传文件扫描件"), field="scan")
    issued = _day(issued_on, "issued_on")
    if issued > attempt.day:
        raise refuse(_("发文日期 %(day)s 晚于今天", day=issued), field="issued_on")
    dossier = {
        "place": attempt.case.place, "rule": _rule(rule), "value": settled(value_of(value)),
        "since": _day(since, "since").isoformat(), "status": _status(attempt, status), "backwards": bool(backwards),
        "document": {"number": told["document_number"], "title": told["document_title"], "issuer": told["issuer"],
                     "issued_on": issued.isoformat()},
        "clause": told["clause"], "says": told["says"], "scan": kept,
    }  # fmt: skip
    refuse_begun(dossier, attempt.day)
    dossier["overrides"] = _standing(attempt, proposal_of(dossier))
    attempt.dossier.clear()
    attempt.dossier.update(dossier)
    attempt.progress.pop("returned", None)
    attempt.noted |= {name: dossier[name] for name in ("rule", "value", "since", "backwards", "overrides")}
    attempt.noted["document"] = told["document_number"]


def _said(value: str, field: str, reason: Any) -> str:
    text = str(value or "").strip()
    if not text or len(text) > LONGEST_TEXT:
        raise refuse(reason, field=field)
    return text


def _day(value: str, field: str) -> date:
    try:
        return date.fromisoformat(str(value or "").strip())
    except ValueError as error:
        raise refuse(_("请按 2026-11-23 的样子填写日期"), field=field) from error


def _rule(rule: str) -> str:
    if rule not in rule_names():
        raise refuse(_("没有这项规则：%(rule)s", rule=rule), field="rule")
    return rule


def _status(attempt: Attempt, status: str) -> str:
    if status not in STATUSES:
        raise refuse(_("不认识的核实状态：%(status)s", status=status), field="status")
    if status == "sample" and not rules.is_demo(attempt.connection):
        raise refuse(_("样例值只能用在演示数据库"), field="status")
    return status


def refuse_begun(dossier: Mapping[str, Any], today: date) -> None:
    """Raises ``Refused`` for a rule that would change a period already begun, unless its document says so itself."""
    period = begun(dossier["rule"], date.fromisoformat(dossier["since"]), today)
    if period and not dossier["backwards"]:
        raise refuse(
            _("%(title)s（%(rule)s）自 %(since)s 生效，%(period)s已经开始；规则从尚未开始的期间起执行，"
              "文件本身写明溯及以前的，请勾选并上传该文件",
              title=rule_names()[dossier["rule"]].title, rule=dossier["rule"], since=dossier["since"],
              period=BEGUN[period]),
            reason_en=f"{dossier['rule']} since {dossier['since']} falls into a {period} that has begun; a rule holds "
            "from the next period, unless its document itself says that it works backwards",
            who=_("规则管理"), field="since",
        )  # fmt: skip


def _standing(attempt: Attempt, proposed: Enacted) -> list[str]:
    """The bounds in principle that it overrides, in words; raises BadRules where the rule books cannot hold it."""
    held = rules.rulebook(attempt.connection)
    return sorted(set(merged(held, [proposed]).overridden) - set(held.overridden))


def show_impact(attempt: Attempt) -> None:
    """Run what was decided again under the proposal, keep the outcome, and bind its hash into what is decided on."""
    found = impact.compute(
        attempt.connection, proposal_of(attempt.dossier), attempt.day, backwards=attempt.dossier["backwards"]
    )
    version, digest = _keep(attempt, found)
    attempt.dossier["impact"] = {
        "version": version, "sha256": digest, "supplementary": len(found["supplementary"]),
        **{name: found[name] for name in
           ("first", "last", "read", "changed", "refused", "unknown", "tallied", "sums", "total", "digest")},
    }  # fmt: skip
    attempt.noted["impact"] = digest


def _keep(attempt: Attempt, found: Mapping[str, Any]) -> tuple[int, str]:
    """Keep an impact as the case's next version; returns the version and its SHA-256."""
    columns, body = rule_impacts.c, canonical(found)
    last = attempt.connection.scalar(select(func.max(columns.version)).where(columns.case_id == attempt.case.id))
    row = {"case_id": attempt.case.id, "version": 1 + (last or 0), "body": body, "sha256": sha256(body)}
    attempt.connection.execute(rule_impacts.insert(), {**row, "at": attempt.at})
    return row["version"], row["sha256"]


def renew_impact(attempt: Attempt) -> None:
    """The rules it was shown against have changed since; it is shown and decided on anew."""
    attempt.dossier.pop("impact", None)


def opine(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """The bureau's reviewer gives an opinion."""


def decide(attempt: Attempt, *, verdict: str = "agree", opinion: str = "", details: Any = None) -> None:
    """The bureau's head decides."""


def approve(attempt: Attempt) -> None:
    """The bureau has agreed to this provision and to what it changes."""
    attempt.notify(Role.RULES_OFFICER, "approved", f"{_title(attempt)}已批准，待发布")


def reject(attempt: Attempt) -> None:
    """The bureau does not agree; the rules stay as they are."""
    attempt.notify(Role.RULES_OFFICER, "rejected", f"{_title(attempt)}未获批准")


def send_back(attempt: Attempt) -> None:
    """The bureau wants it proposed otherwise."""
    attempt.progress["returned"] = attempt.day.isoformat()
    attempt.dossier.pop("impact", None)
    attempt.notify(Role.RULES_OFFICER, "returned", f"{_title(attempt)}被退回，请修改后重新提出")


def withdraw(attempt: Attempt, *, reason: str) -> None:
    """The rules officer takes the proposal back."""
    attempt.noted["reason"] = _said(reason, "reason", _("请写明原因"))


def enact(attempt: Attempt) -> None:
    """Put the rule into force from its day on, beside all that was enacted before, and tell those whom it binds."""
    dossier, proposed = attempt.dossier, proposal_of(attempt.dossier, attempt.day)
    refuse_begun(dossier, attempt.day)
    _standing(attempt, proposed)
    if dossier["backwards"]:
        found = impact.compute(attempt.connection, proposed, attempt.day, backwards=True)
        version, digest = _keep(attempt, found)
        attempt.progress["supplementary"] = {
            "version": version, "sha256": digest, "unaffected": found["unaffected"],
            "due": [{name: one[name] for name in IN_CASE} for one in found["supplementary"]],
        }  # fmt: skip
    document = dossier["document"]
    row = {
        "case_id": attempt.case.id, "place": dossier["place"], "rule": dossier["rule"], "since": proposed.since,
        "value": canonical(dossier["value"]), "status": dossier["status"], "document": document["number"],
        "document_title": document["title"], "issuer": document["issuer"], "issued_on": proposed.document.date,
        "clause": dossier["clause"], "says": dossier["says"], "known_since": attempt.day,
        "backwards": dossier["backwards"], "scan_sha256": dossier["scan"],
        "impact_sha256": dossier["impact"]["sha256"], "person_id": attempt.actor.person_id, "at": attempt.at,
    }  # fmt: skip
    attempt.progress["version"] = attempt.noted["rules_version"] = enacted.append(attempt.connection, row)
    telling.tell_those_bound(
        attempt, f"{_title(attempt)}已发布，自 {dossier['since']} 起执行（{document['number']} {dossier['clause']}）"
    )


def supersede(attempt: Attempt, *, by: int, since: str) -> None:
    """A later provision of the same rule and place holds from its own day on; this one stays on record."""
    attempt.progress["superseded"] = {"by": by, "since": since}
    attempt.noted |= {"by": by, "since": since}


def _title(attempt: Attempt) -> str:
    return f"规则“{rule_names()[attempt.dossier['rule']].title}”"
