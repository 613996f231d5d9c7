"""Whether a prepayment may be paid: each condition of the place held against what was found, and how much at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .money import share, yuan
from .refusal import Refusal, Refused
from .rulebook import Book, Provision

AGREED, MONTHS, YEARS = "settlement.prepayment", "prepayment.months", "prepayment.base_years"
RESERVE, NO_DEFICIT, STANDING = "prepayment.reserve_months", "prepayment.no_deficit", "prepayment.standing"
USES, PRIOR_REPAID, EXCLUDED = "prepayment.uses", "prepayment.prior_repaid", "prepayment.excluded_years"
APPLY_BY, PAY_BY, REPAY_BY = "prepayment.apply_by", "prepayment.pay_by", "prepayment.repay_by"


@dataclass(frozen=True, slots=True)
class Found:
    """What the agency found for one pool and year; amounts in fen, ``standing`` the requirements that are met.

    ``reserve_months`` is how many months the pool's balance can pay; ``prior_outstanding_fen`` what is left of earlier
    years' prepayments; ``violated`` the last year in which one had to be demanded back.
    """

    pool: str
    year: int
    amount_fen: int
    agreed_fen: int
    base_fen: int
    reserve_months: str
    deficit_last_year: bool
    deficit_forecast: bool
    standing: frozenset[str]
    uses: frozenset[str]
    applied_on: date
    late_reason: str = ""
    prior_outstanding_fen: int = 0
    violated: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: what was found, whether it is met, and the rule of the place that asks for it."""

    key: str
    met: bool
    found: str
    found_en: str
    provision: Provision


def day_of_year(text: str, year: int) -> date:
    """The day that a rule writes ``MM-DD``, in ``year``; raises ``Refused`` for anything else."""
    try:
        return date.fromisoformat(f"{year}-{text}")
    except ValueError as error:
        raise Refused(Refusal(f"应写作“月-日”（如 03-31）：{text}", f"A day is written MM-DD: {text}")) from error


def limit_fen(base_fen: int, book: Book) -> int:
    """The most that may be prepaid, in fen: so many months of the monthly mean of the years before."""
    return share(base_fen, book.rule(MONTHS).decimal)


def conditions(found: Found, book: Book) -> list[Condition]:
    """Every condition that the place sets, in order; each is to be met before anything is paid.

    Raises ``Refused`` where a rule that is needed has no value. A place that leaves an optional rule out does not ask.
    """
    return [*_amount(found, book), *_fund(found, book), *_institution(found, book)]


def _said(key: str, met: bool, text: str, english: str, provision: Provision) -> Condition:
    return Condition(key, met, text, english, provision)


def _amount(found: Found, book: Book) -> Iterator[Condition]:
    most_fen, asked = limit_fen(found.base_fen, book), yuan(found.amount_fen)
    yield _said(
        "agreed", 0 < found.amount_fen <= found.agreed_fen,
        f"预付 {asked} 元，协议约定 {yuan(found.agreed_fen)} 元", f"{asked} of {yuan(found.agreed_fen)} yuan agreed",
        book.rule(AGREED),
    )
    yield _said(
        "within_base", found.amount_fen <= most_fen, f"预付 {asked} 元，基数允许 {yuan(most_fen)} 元",
        f"{asked} yuan, the base allows {yuan(most_fen)}", book.rule(MONTHS),
    )


def _fund(found: Found, book: Book) -> Iterator[Condition]:
    reserve = book.rule(RESERVE)
    least = _least_months(reserve, found.pool)
    yield _said(
        "reserve", Decimal(found.reserve_months) >= least, f"累计结余可支付 {found.reserve_months} 个月，要求 {least} 个月",
        f"the balance pays {found.reserve_months} months, {least} are asked", reserve,
    )
    deficit = book.find(NO_DEFICIT)
    if deficit is not None and deficit.value == "true":
        last, coming = ("有" if one else "无" for one in (found.deficit_last_year, found.deficit_forecast))
        yield _said(
            "no_deficit", not (found.deficit_last_year or found.deficit_forecast),
            f"上年赤字：{last}；当年预计赤字：{coming}",
            f"deficit last year: {found.deficit_last_year}, forecast: {found.deficit_forecast}", deficit,
        )


def _least_months(reserve: Provision, pool: str) -> Decimal:
    if not isinstance(reserve.value, Mapping) or pool not in reserve.value:
        raise Refused(Refusal(f"“{reserve.title}”没有写明险种 {pool}", f"{reserve.rule} does not name {pool}"))
    return Decimal(str(reserve.value[pool]))


def _institution(found: Found, book: Book) -> Iterator[Condition]:
    standing, uses = book.rule(STANDING), book.rule(USES)
    lacking = [one for one in standing.value if one not in found.standing]
    yield _said(
        "standing", not lacking, f"{len(standing.value) - len(lacking)} / {len(standing.value)} 项符合",
        f"{len(standing.value) - len(lacking)} of {len(standing.value)} met", standing,
    )
    yield _said(
        "uses", bool(found.uses) and found.uses <= set(uses.value), f"申请用于 {len(found.uses)} 项用途",
        f"{len(found.uses)} purposes", uses,
    )
    yield from _earlier(found, book)
    by = book.find(APPLY_BY)
    if by is not None:
        on_time = found.applied_on <= day_of_year(str(by.value), found.year)
        reason = f"，逾期原因：{found.late_reason}" if not on_time and found.late_reason else ""
        yield _said(
            "applied_in_time", on_time or bool(found.late_reason), f"{found.applied_on.isoformat()} 申请{reason}",
            f"applied on {found.applied_on.isoformat()}", by,
        )


def _earlier(found: Found, book: Book) -> Iterator[Condition]:
    repaid, excluded = book.find(PRIOR_REPAID), book.find(EXCLUDED)
    if repaid is not None and repaid.value == "true":
        left = yuan(found.prior_outstanding_fen)
        yield _said(
            "prior_repaid", found.prior_outstanding_fen <= 0, f"以前年度预付金尚未收回 {left} 元",
            f"{left} yuan of earlier years are out", repaid,
        )
    if excluded is not None:
        out = found.violated is not None and found.year - found.violated <= excluded.integer
        text = "近年没有因违规收回预付金" if found.violated is None else f"{found.violated} 年曾因违规收回预付金"
        yield _said("not_excluded", not out, text, f"last demanded back in {found.violated or 'no year'}", excluded)


def as_data(condition: Condition) -> dict[str, Any]:
    """A condition as plain data, kept with the case: what was asked, by which clause, and what was found."""
    provision = condition.provision
    return {
        "key": condition.key, "met": condition.met, "found": condition.found, "found_en": condition.found_en,
        "rule": provision.rule, "asked": provision.value, "unit": provision.unit, "status": provision.status,
        "since": provision.since.isoformat(), "document": provision.cite.document, "clause": provision.cite.clause,
    }  # fmt: skip
