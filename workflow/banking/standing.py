"""How every line sent to the bank stands: waiting, paid, failed, missing, of another amount, or unknown to us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.refusal import Refusal
from workflow.attempt import Attempt
from workflow.db import canonical
from workflow.i18n import lazy as _

WAITING, PAID, FAILED, MISSING, DIFFERS, UNKNOWN = "waiting", "paid", "failed", "missing", "differs", "unknown"
OUTCOMES = {
    WAITING: _("待银行回执"), PAID: _("一致，已付"), FAILED: _("银行未付成"), MISSING: _("回执中没有这一笔"),
    DIFFERS: _("金额不一致"), UNKNOWN: _("不是本批的业务"),
}  # fmt: skip
WRONG = frozenset({FAILED, MISSING, DIFFERS, UNKNOWN})


@dataclass(frozen=True, slots=True)
class LineState:
    """One line of a file, or one the bank reported that was in none; ``told`` is the bank's row, ``note`` the note."""

    batch: str
    kind: str
    ref: str
    key: str
    party: str
    name: str
    fen: int
    outcome: str
    told: Mapping[str, Any] | None
    note: Mapping[str, Any] | None
    replaced: bool
    again: bool

    @property
    def settled_by_note(self) -> bool:
        """Whether two people have noted how it was settled."""
        return self.note is not None and "confirmed" in self.note

    @property
    def open(self) -> bool:
        """Whether the case has to wait for it: wrong, or sent again and not answered, and no note by two people."""
        if self.settled_by_note or self.replaced:
            return False
        return self.outcome in WRONG or (self.outcome == WAITING and self.again)


def book_of(progress: Mapping[str, Any]) -> dict[str, Any]:
    """The files, replies and notes of a case."""
    return {"batches": [], "replies": [], "notes": [], **progress.get("bank", {})}


def keep(attempt: Attempt, book: Mapping[str, Any]) -> None:
    """Keep ``book`` with the case."""
    attempt.progress["bank"] = dict(book)
    attempt.case.progress = canonical(attempt.progress)


def live(book: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files that have not been declared void, in their order."""
    return [one for one in book["batches"] if "void" not in one]


def rows_of(book: Mapping[str, Any], batch: str) -> dict[str, dict[str, Any]] | None:
    """What the bank has said of a file's lines, by reference, the later reply last; ``None`` before any reply."""
    replies = [one for one in book["replies"] if one["batch"] == batch]
    return {row["ref"]: row for one in replies for row in one["rows"]} if replies else None


def lines(progress: Mapping[str, Any]) -> list[LineState]:
    """Every line of every file in force, then what the bank reported beyond them."""
    book = book_of(progress)
    notes = {one["ref"]: one for one in book["notes"] if "refused" not in one}
    found, batches = [], live(book)
    for number, batch in enumerate(batches):
        told = rows_of(book, batch["no"])
        later = {line["key"] for one in batches[number + 1 :] for line in one["lines"]}
        for line in batch["lines"]:
            row = (told or {}).get(line["ref"])
            found.append(
                LineState(
                    batch["no"], batch["kind"], line["ref"], line["key"], line["party"], line["name"], line["fen"],
                    _outcome(line, row, answered=told is not None), row, notes.get(line["ref"]), line["key"] in later,
                    line["again"],
                )
            )  # fmt: skip
        sent = {line["ref"] for line in batch["lines"]}
        for ref, row in (told or {}).items():
            if ref not in sent:
                found.append(
                    LineState(
                        batch["no"], batch["kind"], ref, "", "", "", row["fen"], UNKNOWN, row, notes.get(ref), False,
                        False,
                    )
                )  # fmt: skip
    return found


def _outcome(line: Mapping[str, Any], row: Mapping[str, Any] | None, *, answered: bool) -> str:
    if row is None:
        return MISSING if answered else WAITING
    if row["status"] == FAILED:
        return FAILED
    return PAID if row["fen"] == line["fen"] else DIFFERS


def open_lines(progress: Mapping[str, Any]) -> list[LineState]:
    """The lines the case has to wait for."""
    return [one for one in lines(progress) if one.open]


def bank_lines_resolved(attempt: Attempt) -> list[Refusal]:
    """No line sent to the bank is open: each that went wrong has a new file or a note by two people."""
    link = f"/{attempt.case.stage}/{attempt.case.id}/bank"
    return [
        Refusal(
            reason=_(
                "%(who)s的一笔银行付款未了结（%(ref)s：%(outcome)s），请重新制作付款文件，或由两人登记处理说明",
                who=one.name or _("银行"), ref=one.ref, outcome=OUTCOMES[one.outcome],
            ),
            reason_en=f"Bank line {one.ref} is open ({one.outcome}): send it again, or two people note it",
            who=_("付款单位财务"), link=link, fact=f"bank.{one.ref}",
        )
        for one in open_lines(attempt.progress)
    ]  # fmt: skip
