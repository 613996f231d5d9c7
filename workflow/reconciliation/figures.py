"""The lines of a month's reconciliation: each figure by whom it is known, and whether they agree to the fen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflow.attempt import Attempt, sha256
from workflow.banking import standing
from workflow.claims.columns import CATEGORIES
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.settlement.model import is_supplement, members_of_month, results_of

ALL = "*"
KINDS = {"own": _("本医共体参保人"), "inflow": _("外来参保人")}
SUMS = {
    "gross": _("应付合计"), "audit_deduction": _("审核拒付"), "deposit": _("质量保证金"),
    "prepayment_offset": _("冲抵预付金"), "net": _("实付"),
}  # fmt: skip
ITEMS: dict[str, Any] = {**CATEGORIES, **KINDS, **SUMS}
ALWAYS = ("gross", "net")
SOURCES = ("ours", "agency", "declared", "bank")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what each side says in fen, ``None`` where it says nothing, and the reason given for a difference."""

    key: str
    member: str
    item: str
    ours: int | None
    agency: int | None
    declared: int | None
    bank: int | None
    reason: Mapping[str, Any] | None = None

    @property
    def values(self) -> list[int | None]:
        """The four figures in their order."""
        return [self.ours, self.agency, self.declared, self.bank]

    @property
    def differs(self) -> bool:
        """Whether two of those that say something disagree."""
        return len({one for one in self.values if one is not None}) > 1

    @property
    def compared(self) -> bool:
        """Whether more than one side says something."""
        return sum(one is not None for one in self.values) > 1

    @property
    def open(self) -> bool:
        """Whether they disagree and nobody has said why."""
        return self.differs and self.reason is None


def line_key(member: str, item: str) -> str:
    """How a line is named."""
    return f"{member}|{item}"


def held(progress: Mapping[str, Any]) -> dict[str, Any]:
    """What people have entered for the reconciliation of a month."""
    return {"figures": {}, "reasons": {}, "signed": {}, **progress.get("reconciliation", {})}


def agency_figures(progress: Mapping[str, Any]) -> dict[str, int]:
    """The agency's own figures by line: those of its file, and the totals it typed."""
    entered = held(progress)["figures"]
    return {key: fen for how in ("file", "typed") if how in entered for key, fen in entered[how]["lines"].items()}


def figures(attempt: Attempt) -> list[Figure]:
    """Every line of the month, members in their order and then the consortium; none before it is calculated."""
    if not results_of(attempt.dossier) or attempt.case.state == "carried":
        return []
    ours = dict(_ours(attempt))
    agency, declared, bank = agency_figures(attempt.progress), _declared(attempt, ours), _bank(attempt)
    reasons = held(attempt.progress)["reasons"]
    order = [one.code for one in members_of_month(attempt)]
    codes = [code for code in order if code in results_of(attempt.dossier)["members"]]
    codes += [code for code in results_of(attempt.dossier)["members"] if code not in order]
    found = []
    for code in (*codes, ALL):
        for item in ITEMS:
            key = line_key(code, item)
            values = [source.get(key) for source in (ours, agency, declared, bank)]
            if not any(values) and not (item in ALWAYS and code in (ALL, *order)):
                continue
            reason = reasons.get(key)
            kept = reason if reason is not None and reason["figures"] == values else None
            found.append(Figure(key, code, item, *values, reason=kept))
    return found


def _ours(attempt: Attempt) -> Iterator[tuple[str, int]]:
    """Ours: the worksheet's results, and the tallies it stands on."""
    results = results_of(attempt.dossier)
    for code, parts in _parts(attempt).items():
        for item in (*CATEGORIES, *KINDS):
            yield line_key(code, item), sum(fen for name, fen in parts.items() if item in name.split("."))
    for code, one in results["members"].items():
        for item in SUMS:
            yield line_key(code, item), one[f"{item}_fen"]
    for item in SUMS:
        yield line_key(ALL, item), results["net_to_lead_fen" if item == "net" else f"{item}_fen"]


def _parts(attempt: Attempt) -> dict[str, dict[str, int]]:
    """By member, the amounts by category and kind of which the worksheet's gross is the sum."""
    if is_supplement(attempt):
        return _parts_of_difference(attempt)
    body = attempt.worksheet_body(attempt.dossier["worksheet"]["version"])
    found = {}
    for line in json.loads(body or '{"lines": []}')["lines"]:
        group, _dot, rest = line["key"].partition(".")
        if group == "members" and rest.endswith(".gross_fen"):
            amounts = {one["name"]: one["value"] for one in line["inputs"]}
            found[rest.removesuffix(".gross_fen")] = {
                name: fen for name, fen in amounts.items() if not name.endswith(".excluded")
            }
    return found


def _parts_of_difference(attempt: Attempt) -> dict[str, dict[str, int]]:
    """Of a supplement: by how much the amounts by category and kind are to be more or less."""
    found: dict[str, dict[str, int]] = {}
    for one in attempt.dossier["difference"]["parts"]:
        found.setdefault(one["member"], {})[f"{one['category']}.{one['kind']}"] = one["difference_fen"]
    return found


def _declared(attempt: Attempt, ours: Mapping[str, int]) -> dict[str, int]:
    """The member's own figures: what it reconciled with its differences, uploaded, or declared as nothing; receipts."""
    found: dict[str, int] = {}
    said, receipts = attempt.dossier.get("declarations", {}), attempt.progress.get("receipts", {})
    for code in results_of(attempt.dossier)["members"]:
        one = said.get(code)
        if one is not None and one["how"] != "absent":
            more = dict.fromkeys(CATEGORIES, 0)
            for difference in one.get("differences", ()):
                more[difference["category"]] += difference["amount_fen"]
            for category, fen in more.items():
                found[line_key(code, category)] = ours.get(line_key(code, category), 0) + fen
            found[line_key(code, "gross")] = ours[line_key(code, "gross")] + sum(more.values())
        if (receipt := receipts.get(code)) is not None and receipt["how"] != "proven":
            found[line_key(code, "net")] = receipt["fen"]
    return found


def _bank(attempt: Attempt) -> dict[str, int]:
    """What the bank says it has paid; nothing while it has not answered, and zero where it has not paid."""
    found: dict[str, int] = {}
    lead = attempt.parties.codes[attempt.consortium.lead_id]
    for one in standing.lines(attempt.progress):
        if one.replaced or not one.party or one.outcome == standing.WAITING:
            continue
        key = line_key(ALL if one.kind == "lead" and one.party == lead else one.party, "net")
        paid = one.told is not None and one.told["status"] == standing.PAID
        found[key] = one.told["fen"] if paid and one.told is not None else 0
    return found


def content_hash(attempt: Attempt, lines: list[Figure]) -> str:
    """The hash of exactly what is signed: what was decided, every figure, every reason, and the agency's sources."""
    sources = {
        how: [one.get("sha256", ""), one["by"], one["on"]] for how, one in held(attempt.progress)["figures"].items()
    }
    told = [[one.key, *one.values, one.reason and [one.reason["reason"], one.reason["by"]]] for one in lines]
    body = {"case": attempt.case.id, "subject": attempt.case.subject_hash, "lines": told, "sources": sources}
    return sha256(f"reconciliation/v1\n{canonical(body)}")
