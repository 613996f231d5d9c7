"""The lines of a year's distribution: who gets (or bears) how much, whether it is filed, paid and received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from workflow.organisations.model import organisations
from workflow.surplus_plan.model import SURPLUS, recipients
from workflow.year_pack.decided import Held

_KINDS = {"surplus": ("结余分配", "Surplus shared"), "overrun": ("超支分摊", "Overrun shared")}
_NOTHING = ("无需分配", "Nothing to share")
_LEVELS = {"county": ("县级", "County"), "township": ("乡镇", "Township"), "village": ("村级", "Village")}
_NAMES = {
    "public_health:maternal_child": ("妇幼保健机构", "Maternal and child health"),
    "public_health:cdc": ("疾控中心", "Disease control"), "public_health:inspection": ("卫生监督执法", "Health inspection"),
    "deduction:consortium_risk_fund": ("医共体风险基金", "Consortium risk fund"),
    "deduction:family_doctor": ("家庭医生签约服务费", "Family-doctor fees"), "deduction:other": ("其他扣除", "Other deduction"),
}  # fmt: skip
_RECEIVED = {"kept": ("留在本单位", "Kept"), "confirmed": ("本单位确认", "Confirmed"), "proven": ("银行回单", "Bank proof")}
_OUTSIDE = ("分配外单位", "Outside the members")
UNDECIDED = "undecided"


def plan_rows(
    connection: Connection, about: Mapping[str, Any], cleared: Held | None, group: Iterable[Held]
) -> Iterable[dict[str, Any]]:
    """A row each recipient of every decided plan of a consortium's year; one row for what is not decided or shared."""
    plans = [one for one in group if one.stage == "surplus_plan"]
    for one in plans:
        yield from _lines(connection, about, one) if one.body is not None else _open(about, one)
    if not plans:
        yield from _open(about, None, cleared)


def _open(about: Mapping[str, Any], plan: Held | None, cleared: Held | None = None) -> Iterable[dict[str, Any]]:
    nothing = cleared is not None and cleared.body is not None and not (
        cleared.results["retained_fen"] or cleared.results["own_share_fen"])
    source = {"case": plan.case_id if plan else None, "stage": "surplus_plan"}
    if nothing:
        yield {**about, "kind": _NOTHING, **source}
        return
    names = ("kind", "recipient", "level", "fen", "filed", "paid_on", "received", "decided_on", "sha256")
    yield {**about, **dict.fromkeys(names, UNDECIDED), **source}


def _lines(connection: Connection, about: Mapping[str, Any], plan: Held) -> Iterable[dict[str, Any]]:
    deductions = {one["name"]: one["amount_fen"] for one in plan.dossier["deductions"]}
    members = plan.results["members"]
    parts = recipients(plan.results, deductions)
    parts |= {code: 0 for code in members if code not in parts}
    names = _members(connection, members)
    filed = "；".join(f"{one['number']} {one['on']}" for one in plan.progress.get("filings", ())) or UNDECIDED
    paid, receipts = plan.progress.get("distributed"), plan.progress.get("receipts", {})
    for name, fen in parts.items():
        how = receipts.get(name, {}).get("how", "")
        yield {
            **about, "kind": _KINDS[plan.dossier.get("kind", SURPLUS)],
            "recipient": names.get(name) or _NAMES.get(name, (name.partition(":")[2] or name,) * 2),
            "level": _LEVELS.get(_level(plan, name), _OUTSIDE), "level_key": _level(plan, name), "fen": fen,
            "filed": filed, "paid_on": date.fromisoformat(paid["on"]) if paid else UNDECIDED,
            "received": _RECEIVED.get(how, UNDECIDED) if name in members and fen else None,
            "case": plan.case_id, "stage": plan.stage, "version": plan.version, "decided_on": plan.decided_on,
            "sha256": plan.sha256,
        }  # fmt: skip


def _members(connection: Connection, codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    columns = organisations.c
    query = select(columns.code, columns.name, columns.name_en).where(columns.code.in_(list(codes)))
    return {row.code: (row.name, row.name_en) for row in connection.execute(query)}


def _level(plan: Held, name: str) -> str:
    inputs = plan.line(f"members.{name}").get("inputs", ())
    return next((str(one["value"]) for one in inputs if one["name"] == "level"), "")
