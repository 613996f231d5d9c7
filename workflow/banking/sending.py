"""A payment file: what is still to be paid, to confirmed accounts, numbered, totalled, kept by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from governance.refusal import Refusal, Refused
from workflow import files
from workflow.attempt import Attempt, refuse
from workflow.banking import standing
from workflow.banking.accounts import Account, in_force, masked, numbers_by_id
from workflow.banking.payments import Payee, Payment, handled_by, of_stage
from workflow.banking.spreadsheets import csv_bytes, csv_rows, exact, xlsx_bytes
from workflow.i18n import lazy as _

SECTION = "bank_file"
HEADER = (
    "批次号", "付款单位", "付款账号", "收款单位", "收款户名", "收款账号", "开户银行", "金额（元）", "用途", "业务参考号",
)  # fmt: skip
AMOUNT = HEADER.index("金额（元）")
NUMBERS = (HEADER.index("付款账号"), HEADER.index("收款账号"))
TOTAL = "合计"


def sendable(attempt: Attempt) -> list[Payment]:
    """The payments of which the actor may make a file in the case's state."""
    return [one for one in handled_by(attempt) if attempt.case.state in one.sends]


def make_file(attempt: Attempt, *, kind: str) -> None:
    """Make the file of everything of ``kind`` that the bank has still to pay.

    Raises ``Refused`` naming every organisation without a confirmed account, while an earlier file waits for the
    bank, and where nothing is left to be paid.
    """
    payment = next((one for one in sendable(attempt) if one.kind == kind), None)
    if payment is None:
        raise refuse(_("现在没有这一类付款"), field="kind")
    if found := list(payment.refusals(attempt)):
        raise Refused(*found)
    book = standing.book_of(attempt.progress)
    payees = [one for one in payment.payees(attempt) if one.fen > 0 and one.code in _to_send(attempt, payment)]
    if not payees:
        raise refuse(
            _("没有还需要银行支付的款项：已有文件的待银行回执，已登记拨付的只能重发银行未付成的"), field="kind"
        )
    batch = _batch(attempt, payment, payees, book)
    rows = _rows(attempt, payment, payees, batch)
    digest = hashlib.sha256(csv_bytes(rows)).hexdigest()
    kept = files.attach(attempt, SECTION, files.keep(csv_bytes(_masked(rows)), f"{batch['no']}.csv"))
    batch |= {"sha256": digest, "kept": kept}
    standing.keep(attempt, {**book, "batches": [*book["batches"], batch]})
    attempt.noted |= {
        "batch": batch["no"], "sha256": digest, "kept": kept, "total_fen": batch["total_fen"],
        "lines": [{"ref": line["ref"], "fen": line["fen"]} for line in batch["lines"]],
    }  # fmt: skip


def _to_send(attempt: Attempt, payment: Payment) -> set[str]:
    """Whom a new file may list: who was in none yet, unless that is booked as paid, and whom the bank did not pay."""
    standing_lines = [
        one for one in standing.lines(attempt.progress) if one.kind == payment.kind and one.party and not one.replaced
    ]
    unpaid = {one.party for one in standing_lines if one.outcome in (standing.FAILED, standing.MISSING)}
    settled = {one.party for one in standing_lines if one.settled_by_note}
    sent = {one.party for one in standing_lines}
    fresh = set() if payment.booked(attempt) else {one.code for one in payment.payees(attempt)} - sent
    return (unpaid | fresh) - settled


def _batch(attempt: Attempt, payment: Payment, payees: Sequence[Payee], book: Mapping[str, Any]) -> dict[str, Any]:
    number = 1 + len(book["batches"])
    sent = [line["key"] for one in book["batches"] for line in one["lines"]]
    wrong = {one.key for one in standing.lines(attempt.progress)}
    rows = []
    for one in payees:
        key = payment.key(attempt, one.code)
        times = sent.count(key)
        rows.append({
            "ref": f"{key}:r{times}" if times else key, "key": key, "party": one.code, "name": one.name, "fen": one.fen,
            "again": key in wrong,
        })  # fmt: skip
    return {
        "no": f"{attempt.case.period.replace('-', '')}-{attempt.case.id}-{number:02d}", "kind": payment.kind,
        "total_fen": sum(one.fen for one in payees), "lines": rows, "on": attempt.day.isoformat(),
        "by": attempt.actor.name,
    }  # fmt: skip


def _rows(
    attempt: Attempt, payment: Payment, payees: Sequence[Payee], batch: dict[str, Any]
) -> list[Sequence[str]]:
    """The rows of the file; ``batch`` and its lines are told which accounts they name."""
    payer = payment.payer(attempt)
    names = {one.id: one.name for one in payees} | ({payer: attempt.parties.names[payer]} if payer else {})
    known = in_force(attempt.connection, list(names))
    if missing := [_no_account(name) for one, name in names.items() if one not in known]:
        raise Refused(*missing)
    paying = known[payer or 0]
    batch["payer_account"] = paying.id
    rows: list[Sequence[str]] = [HEADER]
    for one, line in zip(payees, batch["lines"], strict=True):
        to: Account = known[one.id]
        line["account"] = to.id
        rows.append((
            batch["no"], names[payer or 0], paying.number, one.name, to.holder, to.number, to.bank, exact(one.fen),
            payment.purpose(attempt), line["ref"],
        ))  # fmt: skip
    rows.append((TOTAL, "", "", f"{len(payees)} 笔", "", "", "", exact(batch["total_fen"]), "", ""))
    return rows


def _masked(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows as they are kept: of account numbers only the last digits."""
    return [
        [masked(cell) if place in NUMBERS and cell and number else cell for place, cell in enumerate(row)]
        for number, row in enumerate(rows)
    ]


def content_of(attempt: Attempt, batch: Mapping[str, Any]) -> bytes:
    """A payment file as it goes to the bank: what was kept, with the account numbers filled in from where they lie.

    Raises ``Refused`` where that is not, byte for byte, what was sent out. A file made before numbers were sealed is
    kept whole.
    """
    if "kept" not in batch:
        return files.open_bytes(batch["sha256"])
    rows = csv_rows(files.open_bytes(batch["kept"]))
    numbers = numbers_by_id(attempt.connection, [batch["payer_account"], *(one["account"] for one in batch["lines"])])
    for row, line in zip(rows[1:-1], batch["lines"], strict=True):
        row[NUMBERS[0]], row[NUMBERS[1]] = numbers[batch["payer_account"]], numbers[line["account"]]
    content = csv_bytes(rows)
    if hashlib.sha256(content).hexdigest() != batch["sha256"]:
        raise refuse(_("付款文件 %(batch)s 与制作时不一致，不能使用", batch=batch["no"]), who=_("系统管理"), field="batch")
    return content


def _no_account(name: str) -> Refusal:
    return Refusal(
        reason=_("“%(name)s”没有已确认的银行账户，不能制作付款文件", name=name),
        reason_en=f"{name} has no confirmed bank account",
        who=_("系统管理（一人登记，另一人确认）"), link="/bank-accounts", fact="bank_account",
    )  # fmt: skip


def voidable(attempt: Attempt) -> list[dict[str, Any]]:
    """The files of the actor's payments to which no reply has come."""
    kinds, book = {one.kind for one in handled_by(attempt)}, standing.book_of(attempt.progress)
    return [
        one for one in standing.live(book) if one["kind"] in kinds and standing.rows_of(book, one["no"]) is None
    ]


def void_file(attempt: Attempt, *, batch: str, reason: str) -> None:
    """Declare void a file that has not been given to the bank, with the reason; what it listed may be sent anew."""
    if batch not in {one["no"] for one in voidable(attempt)}:
        raise refuse(_("这一批不在可以作废之列：已有银行回执，或已经作废"), field="batch")
    if not reason.strip():
        raise refuse(_("请写明原因"), field="reason")
    book = standing.book_of(attempt.progress)
    said = {"reason": reason.strip(), "by": attempt.actor.name, "on": attempt.day.isoformat()}
    changed = [{**one, "void": said} if one["no"] == batch else one for one in book["batches"]]
    standing.keep(attempt, {**book, "batches": changed})
    attempt.noted |= {"batch": batch, "reason": reason.strip()}


def as_xlsx(content: bytes, attempt: Attempt) -> bytes:
    """A kept payment file as a workbook: the same cells, amounts as numbers."""
    rows = csv_rows(content)
    shown: list[list[Any]] = [list(row) for row in rows]
    for row in shown[1:]:
        row[AMOUNT] = Decimal(row[AMOUNT])
    return xlsx_bytes("付款文件", shown, attempt.day)


def payment_of(stage: str, kind: str) -> Payment:
    """The payment of a stage with this kind."""
    return next(one for one in of_stage(stage) if one.kind == kind)
