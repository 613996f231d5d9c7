"""What a stage pays through the bank: to whom how much, who brings the file and the reply, and what a match means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from governance.refusal import Refusal
from governance.roles import Role
from workflow.i18n import lazy as _

if TYPE_CHECKING:
    from workflow.attempt import Attempt


@dataclass(frozen=True, slots=True)
class Payee:
    """One organisation to be paid: its number, code, name and amount in fen."""

    id: int
    code: str
    name: str
    fen: int


def _nothing(_attempt: Attempt) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Payment:
    """One kind of payment of a stage.

    ``payees`` are those still to be paid; ``sends`` and ``takes`` the states in which a file may be made and a reply
    brought; once ``booked``, only what the bank has not paid may be sent again; ``matched`` is told what the bank has
    paid, by member code, and ``finish`` that nothing is open any more.
    """

    stage: str
    kind: str
    label: Any
    makers: tuple[Role, ...]
    confirmers: tuple[Role, ...]
    sends: tuple[str, ...]
    takes: tuple[str, ...]
    payer: Callable[[Attempt], int | None]
    payees: Callable[[Attempt], list[Payee]]
    booked: Callable[[Attempt], bool]
    key: Callable[[Attempt, str], str]
    purpose: Callable[[Attempt], str]
    refusals: Callable[[Attempt], Iterable[Refusal]]
    matched: Callable[[Attempt, Mapping[str, Mapping[str, Any]], str], None]
    finish: Callable[[Attempt], None] = _nothing


PAYMENTS: dict[tuple[str, str], Payment] = {}


def register(payment: Payment) -> Payment:
    """Make ``payment`` known by its stage and kind."""
    PAYMENTS[payment.stage, payment.kind] = payment
    return payment


def of_stage(stage: str) -> list[Payment]:
    """The kinds of payment of a stage."""
    return [one for one in PAYMENTS.values() if one.stage == stage]


def documents(stage: str, case_id: int) -> list[SimpleNamespace]:
    """The link from a case's page to its payments through the bank, where its stage has any."""
    if not of_stage(stage):
        return []
    return [SimpleNamespace(name=_("银行付款"), number="", url=f"/{stage}/{case_id}/bank")]


def handled_by(attempt: Attempt) -> list[Payment]:
    """The payments of the case whose files the actor's post makes and whose replies it brings."""
    return [one for one in of_stage(attempt.case.stage) if attempt.actor.role in one.makers]
