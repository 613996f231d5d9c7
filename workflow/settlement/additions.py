"""Grouping appeals (分组申诉) and special cases (特例单议): amounts a month adds beside its claims, each on a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.roles import Role
from workflow import files
from workflow.attempt import Attempt, refuse
from workflow.claims.columns import CATEGORIES
from workflow.i18n import lazy as _
from workflow.settlement.model import absent, members_of_month

ADDED = {"special": _("特例单议"), "appeal": _("分组申诉")}
CLERK = _("医保经办机构经办")
_SAME = ("what", "member", "kind", "category", "amount_fen", "document")


def add_special(
    attempt: Attempt, *, what: str, member: str, category: str, amount_fen: int, document: str, reason: str,
    kind: str = "own", evidence: dict[str, Any] | None = None,
) -> None:
    """Enter what an appeal or a special case adds to a member's month (or takes, below zero), and who decided it.

    It counts with the claims of its category and kind, and as a line of its own; what was calculated is calculated
    again.
    """
    known = {one.code for one in members_of_month(attempt)} - set(absent(attempt.dossier))
    if member not in known:
        raise refuse(_("“%(member)s”不是本月参加结算的成员单位", member=member), who=CLERK, field="member")
    if what not in ADDED or category not in CATEGORIES or kind not in ("own", "inflow"):
        raise refuse(_("请分清特例单议或分组申诉、支付类别和参保人"), who=CLERK, field="category")
    if type(amount_fen) is not int or not amount_fen:
        raise refuse(_("请填写增加（或扣减，负数）的金额"), who=CLERK, field="amount_fen")
    if not document.strip() or not reason.strip() or not evidence:
        raise refuse(_("请写明评审或复核结论的文号和原因，并附上依据"), who=CLERK, field="document")
    line = {
        "what": what, "member": member, "kind": kind, "category": category, "amount_fen": amount_fen,
        "document": document.strip(),
    }  # fmt: skip
    held = attempt.dossier.get("additions", [])
    if any(all(one[name] == line[name] for name in _SAME) for one in held):
        raise refuse(_("文号“%(number)s”的这一笔已经登记过", number=line["document"]), who=CLERK, field="document")
    digest = files.attach(attempt, "addition", evidence)
    attempt.dossier["additions"] = [*held, line | {
        "reason": reason.strip(), "evidence": digest, "evidence_name": evidence["name"],
        "on": attempt.day.isoformat(), "by": attempt.actor.name,
    }]  # fmt: skip
    attempt.noted |= line | {"reason": reason.strip(), "evidence": digest}
    attempt.notify(Role.LEAD_FINANCE, "addition", f"{attempt.case.period} 登记{ADDED[what]}：{line['document']}")
    if "worksheet" in attempt.dossier:
        attempt.follow = "calculate"


def additions_of(dossier: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    """What is added to one member's month, as the month's facts hold it; nothing while the member is absent."""
    if member in absent(dossier):
        return []
    names = ("what", "category", "kind", "amount_fen", "document")
    return [{name: one[name] for name in names} for one in dossier.get("additions", []) if one["member"] == member]


def with_additions(payable_fen: Mapping[str, Mapping[str, int]], added: list[dict[str, Any]]) -> dict[str, Any]:
    """A member's payable by category and kind, with what is added to it."""
    found = {category: dict(kinds) for category, kinds in payable_fen.items()}
    for one in added:
        kinds = found.setdefault(one["category"], {})
        kinds[one["kind"]] = kinds.get(one["kind"], 0) + one["amount_fen"]
    return found
