"""What must hold of a tried sheet, each said with its numbers and with where it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from governance.money import yuan
from governance.rulebook import Book, Provision
from governance.surplus_plan import least_primary_fen
from workflow.i18n import lazy as _
from workflow.pages import words

_FLOOR = "surplus.floor.township_village"
_REQUIRED = "surplus.township_village_required"


def checks(sheet: Mapping[str, Any], facts: Mapping[str, Any], book: Book) -> list[SimpleNamespace]:
    """The checks of a sheet, those that hold and those that do not; none where the sheet has none."""
    if sheet["sheet"] == "surplus-plan":
        return list(_of_plan(sheet, facts, book))
    if sheet["sheet"] == "annual-clearing":
        return list(_of_clearing(sheet))
    return []


def _check(holds: bool, said: Any, numbers: str, provision: Provision | None = None) -> SimpleNamespace:
    clause = f"{provision.cite.document} {provision.cite.clause}" if provision else ""
    return SimpleNamespace(holds=holds, said=said, numbers=numbers, clause=clause)


def _of_plan(sheet: Mapping[str, Any], facts: Mapping[str, Any], book: Book) -> Iterator[SimpleNamespace]:
    results = sheet["results"]
    total_fen = facts.get("retained_fen") if facts.get("own_share_fen") is None else facts["own_share_fen"]
    members_fen, health_fen = sum(results["members"].values()), sum(results["public_health"].values())
    parts = [members_fen, *([health_fen] if health_fen else []), *filter(None, [results["deductions_fen"]])]
    numbers = f"{' + '.join(yuan(part) for part in parts)} = {yuan(sum(parts))}"
    yield _check(sum(parts) == total_fen, _("各单位所得与扣除之和等于总额，分毫不差"), numbers)
    if facts.get("own_share_fen") is not None:
        return
    primary_fen = results["tiers"]["township"] + results["tiers"]["village"]
    base_fen = (total_fen or 0) - results["deductions_fen"]
    now = words.percent(str(_reached(primary_fen, base_fen))) if base_fen else "—"
    floor, required = book.find(_FLOOR), book.find(_REQUIRED)
    if floor is None:
        yield _check(primary_fen > 0, _("乡村两级须有份额（现 %(now)s）", now=now), f"{yuan(primary_fen)}", required)
        return
    least, least_fen = words.percent(floor.value), least_primary_fen(floor.decimal, base_fen)
    said = _("乡村两级合计不低于 %(least)s（现 %(now)s）", least=least, now=now)
    numbers = _("%(primary)s 元，下限 %(floor)s 元", primary=yuan(primary_fen), floor=yuan(least_fen))
    yield _check(primary_fen >= least_fen, said, str(numbers), floor)


def _reached(part_fen: int, whole_fen: int) -> Decimal:
    """A share to six decimals, cut and not rounded: what is a fen short of a floor is not shown as reaching it."""
    return Decimal(part_fen * 10**6 // whole_fen).scaleb(-6)


def _of_clearing(sheet: Mapping[str, Any]) -> Iterator[SimpleNamespace]:
    said = {"months": _("月度恒等式成立"), "budget": _("预算恒等式成立"), "bridge": _("衔接恒等式成立")}
    for name, holds in sheet["results"]["identities"].items():
        yield _check(holds, said[name], "")
