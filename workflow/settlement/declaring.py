"""How a month is declared: the agency's detail reconciled, a member's own upload, nothing to declare, or absent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from governance.roles import Role
from workflow import clocks
from workflow.attempt import Attempt, refuse
from workflow.claims import imports
from workflow.claims.columns import CATEGORIES, INDEX
from workflow.claims.imports import EarlierFile
from workflow.claims.reading import Batch, Expected
from workflow.i18n import lazy as _
from workflow.model import cases, claim_files, dossiers
from workflow.organisations.model import consortia, organisations
from workflow.parties import Member
from workflow.settlement.model import (
    AGENCY,
    State,
    absent,
    last_day,
    member_of_actor,
    members_of_month,
    undeclared,
)

CLERK = _("医保经办机构经办")


def begin_declaring(attempt: Attempt) -> None:
    """Start the days members have to declare, counted from the end of the month."""
    rule = attempt.rule("settlement.declare_by_day")
    clocks.start(attempt, "declare", rule, Role.MEMBER_CLERK, started_on=last_day(attempt.case.period))


def import_claims(attempt: Attempt, *, file: dict[str, Any] | None = None, add: bool = False) -> None:
    """Take in the month's detail from the insurance platform; it replaces an earlier import unless ``add``.

    Where it differs, members who agreed with the detail before are asked again. Raises ``Refused`` with every wrong
    row.
    """
    before = {one["sha256"] for one in _claims(attempt)}
    replaced = [] if add else [one["sha256"] for one in _claims(attempt) if one["owner"] == AGENCY]
    batch = _read(attempt, file, replaced, None)
    _keep(attempt, batch, file or {}, AGENCY, replaced)
    if {one["sha256"] for one in _claims(attempt)} == before:
        return
    held = attempt.dossier.get("declarations", {})
    for code in [code for code, said in held.items() if said["how"] in ("reconciled", "nil")]:
        if held[code]["how"] == "reconciled" or cases_of(attempt, code):
            del held[code]
    for member in undeclared(attempt):
        attempt.notify(Role.MEMBER_CLERK, "reconcile", f"{attempt.case.period} 结算明细已导入，请核对", member.id)


def upload(attempt: Attempt, *, file: dict[str, Any] | None = None) -> None:
    """A member declares with its own detail, where the platform gives none; it replaces its earlier upload.

    A township may list its village clinics' claims as well.
    """
    member = _declarant(attempt)
    villages = {one.code for one in members_of_month(attempt) if member.level == "township" and not one.declares}
    replaced = [one["sha256"] for one in _claims(attempt) if one["owner"] == member.code]
    batch = _read(attempt, file, replaced, frozenset({member.code} | villages))
    _keep(attempt, batch, file or {}, member.code, replaced)
    _declare(attempt, member, "uploaded")


def reconcile(
    attempt: Attempt, *, differences: Sequence[Mapping[str, Any]] | None = None, opinion: str = ""
) -> None:
    """A member agrees with the agency's detail for its own lines, or lists where it differs.

    Each difference has ``category``, ``amount_fen`` (by how much the member's figure is higher) and ``note``.
    """
    member = _declarant(attempt)
    listed = [_difference(one) for one in differences or ()]
    _declare(attempt, member, "reconciled", differences=listed, remark=opinion.strip())
    if listed:
        attempt.notify(Role.AGENCY_CLERK, "difference", f"{member.name}对账有 {len(listed)} 处差异")


def _difference(one: Mapping[str, Any]) -> dict[str, Any]:
    category, fen, note = one.get("category"), one.get("amount_fen"), str(one.get("note") or "").strip()
    if category not in CATEGORIES or type(fen) is not int or not note:
        raise refuse(_("每处差异都要写明类别、金额和说明"), who=_("成员单位经办"), field="differences")
    return {"category": category, "amount_fen": fen, "note": note}


def declare_nil(attempt: Attempt) -> None:
    """A member declares that it had nothing this month; refused where the detail says otherwise."""
    member = _declarant(attempt)
    held = cases_of(attempt, member.code)
    if held:
        raise refuse(
            _("本月明细中有%(member)s的 %(cases)s 条结算，不能申报为零；请核对", member=member.name, cases=held),
            reason_en=f"The month's detail has {held} claims of {member.code}", who=_("成员单位经办"),
        )
    _declare(attempt, member, "nil")


def propose_absent(attempt: Attempt, *, member: str, reason: str) -> None:
    """The agency's clerk proposes to record a member absent, after the day to declare by; a second person confirms."""
    found = next((one for one in undeclared(attempt) if one.code == member), None)
    if found is None:
        raise refuse(_("“%(member)s”不在未申报的成员单位之列", member=member), who=CLERK, field="member")
    if not reason.strip():
        raise refuse(_("请写明未申报的原因和催办情况"), who=CLERK, field="reason")
    attempt.progress.setdefault("proposed_absences", {})[member] = {
        "reason": reason.strip(), "person": attempt.actor.person_id, "name": attempt.actor.name,
        "on": attempt.day.isoformat(),
    }  # fmt: skip
    attempt.noted |= {"member": member, "reason": reason.strip()}


def confirm_absent(attempt: Attempt, *, member: str) -> None:
    """A second person of the agency records the absence; the member's money stays open."""
    proposed = attempt.progress.get("proposed_absences", {}).get(member)
    found = next((one for one in undeclared(attempt) if one.code == member), None)
    if proposed is None or found is None:
        raise refuse(_("还没有人提出把“%(member)s”登记为未申报", member=member), who=CLERK, field="member")
    if proposed["person"] == attempt.actor.person_id:
        raise refuse(_("提出和确认未申报须由两人办理"), who=_("医保经办机构另一人"), field="member")
    _declare(attempt, found, "absent", reason=proposed["reason"], proposed_by=proposed["name"])
    attempt.notify(Role.MEMBER_HEAD, "absent", f"{attempt.case.period} 未申报，本月费用暂不结算", found.id)


def all_declared(attempt: Attempt) -> None:
    """Everyone has declared: the days to pay the lead count from today."""
    clocks.stop(attempt, "declare")
    rule = attempt.rule("settlement.pay_lead_within")
    clocks.start(attempt, "pay_lead", rule, Role.AGENCY_CLERK, started_on=attempt.day)
    attempt.progress["declared_on"] = attempt.day.isoformat()
    attempt.progress.pop("proposed_absences", None)


def declare_by(attempt: Attempt) -> date:
    """The last day to declare the case's month."""
    provision = attempt.rule("settlement.declare_by_day")
    return clocks.deadline_after(attempt.connection, last_day(attempt.case.period), provision)[0]


def cases_of(attempt: Attempt, code: str) -> int:
    """How many claims of one member the files of the month hold."""
    return sum(one["cases"].get(code, 0) for one in _claims(attempt))


def _claims(attempt: Attempt) -> list[dict[str, Any]]:
    return list(attempt.dossier.get("claims", []))


def _declarant(attempt: Attempt) -> Member:
    member = member_of_actor(attempt)
    if member is None or not member.declares:
        raise refuse(_("本单位不单独申报"), who=_("所在乡镇卫生院"))
    return member


def _declare(attempt: Attempt, member: Member, how: str, **said: Any) -> None:
    """Note one member's declaration; the last one moves the month on."""
    entry = {"how": how, "on": attempt.day.isoformat(), "by": attempt.actor.name, **said}
    attempt.dossier.setdefault("declarations", {})[member.code] = entry
    attempt.progress.get("proposed_absences", {}).pop(member.code, None)
    attempt.noted |= {"member": member.code, "how": how}
    if not undeclared(attempt):
        attempt.follow = "all_declared"


def _read(attempt: Attempt, file: dict[str, Any] | None, replaced: Iterable[str], own: frozenset[str] | None) -> Batch:
    if not file:
        raise refuse(_("请选择结算明细文件"), field="file")
    members = frozenset(one.code for one in members_of_month(attempt))
    known = frozenset(attempt.connection.scalars(select(consortia.c.code)))
    expected = Expected(attempt.consortium.code, attempt.case.pool, attempt.case.period, members, consortia=known)
    return imports.read_new(file, expected=expected, earlier=earlier_files(attempt, set(replaced)), own=own)


def _keep(attempt: Attempt, batch: Batch, file: dict[str, Any], owner: str, replaced: Sequence[str]) -> None:
    """Register a batch in the place of what it replaces."""
    imports.supersede(attempt, replaced)
    stored = imports.register(attempt, batch, file)
    counts = Counter(str(row[INDEX["provider"]]) for row in batch.rows)
    kept = [one for one in _claims(attempt) if one["sha256"] not in {*replaced, stored.sha256}]
    entry = {
        "sha256": stored.sha256, "upload": file["sha256"], "name": file["name"], "rows": stored.rows, "owner": owner,
        "cases": dict(sorted(counts.items())), "unregistered": _unregistered(attempt, counts),
    }  # fmt: skip
    attempt.dossier["claims"] = sorted([*kept, entry], key=lambda one: (one["owner"], one["sha256"]))
    attempt.noted |= {"claims": stored.sha256, "rows": stored.rows}
    if entry["unregistered"]:
        attempt.noted["unregistered_providers"] = entry["unregistered"]


def _unregistered(attempt: Attempt, counts: Mapping[str, int]) -> list[str]:
    """The providers of a file that are in no register here: outside the county, or a code typed wrongly."""
    return sorted(counts.keys() - set(attempt.connection.scalars(select(organisations.c.code))))


def earlier_files(attempt: Attempt, replaced: set[str]) -> list[EarlierFile]:
    """The consortium's files whose claims count as imported.

    Not those being replaced, nor those of a carried month, nor the lines of a member that was recorded absent: their
    claims come again in a later month's file.
    """
    rows = attempt.connection.execute(
        select(claim_files.c.case_id, claim_files.c.sha256, claim_files.c.path, dossiers.c.body)
        .join(cases, cases.c.id == claim_files.c.case_id)
        .join(dossiers, (dossiers.c.case_id == cases.c.id) & (dossiers.c.version == cases.c.dossier_version))
        .where(
            cases.c.stage == "settlement",
            cases.c.consortium_id == attempt.case.consortium_id,
            cases.c.state != str(State.CARRIED),
            claim_files.c.superseded == 0,
        )
    ).all()
    return [
        EarlierFile(imports.folder() / row.path, frozenset(absent(json.loads(row.body))))
        for row in rows
        if not (row.case_id == attempt.case.id and row.sha256 in replaced)
    ]
