"""What a corrected month is more or less than the decided one: line by line, by member, and by category and kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOVED = ("gross_fen", "audit_deduction_fen", "deposit_fen")
# What was set off and paid has been set off and paid; these follow from it and are not compared.
_PAID = ("prepayment_offset_fen", "net_fen", "net_to_lead_fen", "carried_out_fen")


def difference_of(
    decided_facts: Mapping[str, Any], decided: Iterable[Mapping[str, Any]], facts: Mapping[str, Any],
    right: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The difference of two months of the same members, in fen, as plain data.

    ``lines`` are those that differ, with what was decided and what is right; ``parts`` the payables that differ;
    ``results`` has the shape of a month's: a member whose month comes to more is paid it, one whose month comes to
    less carries it into its next month.
    """
    was, now = ({line["key"]: line for line in lines} for lines in (decided, right))
    lines = [
        {
            "key": key, "label": line["label"], "label_en": line["label_en"], "decided_fen": _fen(was, key),
            "right_fen": _fen(now, key), "difference_fen": _fen(now, key) - _fen(was, key),
        }
        for key, line in {**was, **now}.items()
        if not key.endswith(_PAID) and _fen(now, key) != _fen(was, key)
    ]  # fmt: skip
    parts = list(_parts(decided_facts, facts))
    members = {}
    for member in (one["member"] for one in facts["members"]):
        moved = {name: _moved(was, now, f"members.{member}.{name}") for name in MOVED}
        owed_fen = moved["gross_fen"] - moved["audit_deduction_fen"] - moved["deposit_fen"]
        members[member] = moved | {
            "own_fen": _of(parts, member, "own"), "inflow_fen": _of(parts, member, "inflow"),
            "carried_out_fen": max(-owed_fen, 0), "prepayment_offset_fen": 0, "net_fen": max(owed_fen, 0),
        }
    return {"lines": lines, "parts": parts, "results": _results(members, _moved(was, now, "away_fen"))}


def _results(members: dict[str, dict[str, int]], away_fen: int) -> dict[str, Any]:
    sums = {name: sum(one[name] for one in members.values()) for name in (
        *MOVED, "own_fen", "inflow_fen", "carried_out_fen", "prepayment_offset_fen")}
    return sums | {
        "net_to_lead_fen": sum(one["net_fen"] for one in members.values()), "away_fen": away_fen,
        "charged_fen": sums["own_fen"] + away_fen, "members": members,
    }  # fmt: skip


def _fen(lines: Mapping[str, Mapping[str, Any]], key: str) -> int:
    return int((lines.get(key) or {}).get("amount_fen") or 0)


def _moved(was: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]], key: str) -> int:
    return _fen(now, key) - _fen(was, key)


def _parts(decided: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    before = {one["member"]: one["payable_fen"] for one in decided["members"]}
    for one in facts["members"]:
        for category, kinds in one["payable_fen"].items():
            for kind, right_fen in kinds.items():
                decided_fen = before.get(one["member"], {}).get(category, {}).get(kind, 0)
                if kind in ("own", "inflow") and right_fen != decided_fen:
                    yield {
                        "member": one["member"], "category": category, "kind": kind, "decided_fen": decided_fen,
                        "right_fen": right_fen, "difference_fen": right_fen - decided_fen,
                    }  # fmt: skip


def _of(parts: list[dict[str, Any]], member: str, kind: str) -> int:
    return sum(one["difference_fen"] for one in parts if (one["member"], one["kind"]) == (member, kind))
