"""A month's claims tallied under the rules of a book, and what another book makes of the same frozen files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from governance.rulebook import Book
from workflow.attempt import Attempt, Case
from workflow.claims import imports
from workflow.claims.tally import CrossConsortium, OutlierBounds, Rate, Tallies, tally
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia, memberships, organisations
from workflow.parties import Member
from workflow.settlement.model import members_of_month

TEN_THOUSAND = 10_000
Moves = dict[tuple[str, str, str], int]


class ClaimsGone(Refused):
    """The frozen claims of a month are not where they were put: nobody can say what other rules make of them."""


def tally_of(attempt: Attempt, book: Book) -> Tallies:
    """The tallies of the case's frozen files under ``book``.

    A standard in the file counts, unless the place's rule ``settlement.payment`` says ``standard: computed``.
    """
    return tally(imports.paths(attempt), **_asked(attempt, book))


def _asked(attempt: Attempt, book: Book) -> dict[str, Any]:
    """What the month and the rules of ``book`` ask of a tally."""
    members = members_of_month(attempt)
    floor = book.find("settlement.drg.floor_at_zero")
    bounds = book.find("settlement.dip.outliers")
    return {
        "consortium": attempt.consortium.code,
        "pool": attempt.case.pool,
        "period": attempt.case.period,
        "members": {one.code: one.level for one in members},
        "rates": rates_of(book, members),
        "computed_counts": computed_counts(book),
        "cross_consortium": _cross_consortium(attempt, book),
        "floor_at_zero": floor is not None and floor.value == "true",
        "outliers": None
        if bounds is None
        else OutlierBounds(_ten_thousandths(bounds.value["low"]), _ten_thousandths(bounds.value["high"])),
    }


def _ten_thousandths(number: str) -> int:
    return int(Decimal(number) * TEN_THOUSAND)


def computed_counts(book: Book) -> bool:
    """Whether the standard by the rules counts where the file has another."""
    rule = book.find("settlement.payment")
    return rule is not None and rule.value.get("standard") == "computed"


def rates_of(book: Book, members: tuple[Member, ...]) -> dict[tuple[str, str], Rate]:
    """The rates by category and member that the rules give; whether their standards count says `computed_counts`."""
    rule = book.find("settlement.payment")
    if rule is None:
        return {}
    found = {}
    for category in ("drg", "dip", "bed_day"):
        given: Mapping[str, Any] = rule.value.get(category, {})
        for member in members if given else ():
            rate = given.get("rate_fen")
            if rate is None or (isinstance(rate, Mapping) and member.level not in rate):
                continue
            coefficient = given.get("coefficients", {}).get(member.level) or given.get("fund_share", "1")
            rate_fen = int(rate[member.level] if isinstance(rate, Mapping) else rate)
            found[category, member.code] = Rate(rate_fen, _ten_thousandths(coefficient))
    return found


def _cross_consortium(attempt: Attempt, book: Book) -> CrossConsortium | None:
    """Who carries a patient of another consortium of the county, where it is the one that treats."""
    rule = book.find("scope.cross_consortium")
    if rule is None or rule.value != "provider":
        return None
    rows = attempt.connection.execute(
        select(consortia.c.code, organisations.c.code.label("member"))
        .join(memberships, memberships.c.consortium_id == consortia.c.id)
        .join(organisations, organisations.c.id == memberships.c.organisation_id)
        .where(consortia.c.place == attempt.case.place, consortia.c.id != attempt.case.consortium_id)
    ).all()
    codes = {row.code for row in rows}
    neighbours = {code: frozenset(row.member for row in rows if row.code == code) for code in codes}
    return CrossConsortium("provider", neighbours)


def month_itself(attempt: Attempt) -> Attempt:
    """The month that the case settles: the case itself or, of a supplement, the first one, which has the claims."""
    case = attempt.case
    if case.serial == 1:
        return attempt
    query = select(cases).where(
        cases.c.stage == "settlement", cases.c.consortium_id == case.consortium_id, cases.c.pool == case.pool,
        cases.c.period == case.period, cases.c.serial == 1,
    )  # fmt: skip
    return Attempt(attempt.connection, Case(*attempt.connection.execute(query).one()), attempt.actor, attempt.at)


def moved_by_rules(month: Attempt, before: Book, after: Book) -> Moves:
    """What the month's claims come to more or less under ``after`` than under ``before``.

    By member, category and kind, in fen; empty where both ask the same of a tally, whatever the files. Raises
    ``ClaimsGone`` where the frozen claims are not there any more, ``Refused`` where one has no price under a book.
    """
    asked = _asked(month, before), _asked(month, after)
    if asked[0] == asked[1]:
        return {}
    files = _files_there(month)
    was, now = (_sums(tally(files, **one)) for one in asked)
    moved = {key: now.get(key, 0) - was.get(key, 0) for key in sorted({*was, *now})}
    return {key: fen for key, fen in moved.items() if fen}


def _sums(tallies: Tallies) -> Mapping[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in tallies.lines:
        found[line["member"] or "", line["category"], line["kind"]] += line["payable_fen"]
    return found


def _files_there(month: Attempt) -> list[Path]:
    """The month's frozen files; raises ``Refused`` naming those that are not where they were put."""
    paths = imports.paths(month)
    claimed = month.dossier.get("claims") or month.dossier.get("tallies", {}).get("cases")
    missing = [path.name for path in paths if not path.is_file()]
    if missing or (claimed and not paths):
        raise ClaimsGone(Refusal(
            reason=_("不能重算 %(period)s，因为结算明细文件已不在存放处：%(names)s；请从备份恢复后再算",
                     period=month.case.period, names="、".join(missing) or _("没有登记")),
            reason_en=f"{month.case.period} cannot be recomputed, because its claims files are not there",
            who=_("系统管理"), link=f"/settlement/{month.case.id}", fact="claims",
        ))  # fmt: skip
    return paths


def with_moves(facts: Mapping[str, Any], moves: Moves, left_out: Collection[str]) -> dict[str, Any]:
    """A month's facts with what other rules make of its claims; members ``left_out`` did not declare."""
    found: dict[str, Any] = json.loads(json.dumps(facts))
    members = {one["member"]: one for one in found["members"] if one["member"] not in left_out}
    for (member, category, kind), fen in moves.items():
        if kind in ("away", "excluded"):
            found[f"{kind}_fen"] += fen
        if member in members:
            kinds = members[member]["payable_fen"].setdefault(category, {})
            kinds[kind] = kinds.get(kind, 0) + fen
    return found
