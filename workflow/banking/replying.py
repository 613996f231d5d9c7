"""The bank's reply: read whole or not at all, matched line by line against the file that was sent, kept as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.refusal import Refused
from workflow import files
from workflow.attempt import Attempt, refuse
from workflow.banking import standing
from workflow.banking.payments import Payment, handled_by
from workflow.banking.rows import Reading, cell, day_of, named, plain_text, positive, read_table
from workflow.banking.sending import payment_of
from workflow.i18n import lazy as _

SECTION = "bank_reply"
WHO = _("付款单位财务")
HEADERS = {
    "ref": ("业务参考号", "our reference", "reference", "ref"),
    "fen": ("金额（元）", "金额(元)", "金额", "amount"),
    "status": ("状态", "处理状态", "status"),
    "serial": ("银行流水号", "流水号", "bank serial", "serial"),
    "day": ("日期", "交易日期", "day", "date"),
    "reason": ("失败原因", "原因", "reason"),
}
OPTIONAL = frozenset({"reason"})
STATUSES = {
    "成功": standing.PAID, "已付": standing.PAID, "paid": standing.PAID, "success": standing.PAID,
    "失败": standing.FAILED, "退回": standing.FAILED, "failed": standing.FAILED, "returned": standing.FAILED,
}  # fmt: skip


def answerable(attempt: Attempt) -> list[dict[str, Any]]:
    """The files for which the actor may bring a reply now."""
    kinds = {one.kind for one in handled_by(attempt) if attempt.case.state in one.takes}
    return [one for one in standing.live(standing.book_of(attempt.progress)) if one["kind"] in kinds]


def bring_reply(attempt: Attempt, *, batch: str, file: dict[str, Any] | None) -> None:
    """Take in the bank's reply to a file; matched lines stand for the receipts of those paid.

    Raises ``Refused`` with every wrong row, for a reply that came before, and where it takes back a payment that an
    earlier reply confirmed; then nothing of it is kept.
    """
    sent = next((one for one in answerable(attempt) if one["no"] == batch), None)
    if sent is None:
        raise refuse(_("这一批现在不能登记银行回执；付款须先在系统中登记"), who=WHO, field="batch")
    if not file:
        raise refuse(_("请选择银行回执文件"), who=WHO, field="file")
    book = standing.book_of(attempt.progress)
    if any(one["sha256"] == file["sha256"] for one in book["replies"]):
        raise refuse(_("这份银行回执已经上传过"), who=WHO, field="file")
    rows = read_reply(files.open_bytes(file["sha256"]), file["name"], sent["on"], attempt.day.isoformat())
    _refuse_taking_back(book, batch, {line["ref"]: line["fen"] for line in sent["lines"]}, rows)
    digest = files.attach(attempt, SECTION, file)
    reply = {
        "batch": batch, "sha256": digest, "name": file["name"], "rows": rows, "on": attempt.day.isoformat(),
        "by": attempt.actor.name,
    }  # fmt: skip
    standing.keep(attempt, {**book, "replies": [*book["replies"], reply]})
    attempt.noted |= {"batch": batch, "sha256": digest, "rows": rows}
    payment = payment_of(attempt.case.stage, sent["kind"])
    paid = {
        one.party: one.told
        for one in standing.lines(attempt.progress)
        if one.batch == batch and one.outcome == standing.PAID and one.told is not None
    }
    payment.matched(attempt, paid, digest)
    settle(attempt, payment)


def settle(attempt: Attempt, payment: Payment) -> None:
    """Keep what a match has changed, and let the case go on where nothing of the bank's is open."""
    standing.keep(attempt, standing.book_of(attempt.progress))
    if not standing.open_lines(attempt.progress):
        payment.finish(attempt)


def read_reply(content: bytes, name: str, sent_on: str, today: str) -> list[dict[str, Any]]:
    """The rows of a reply: reference, amount in fen, status, bank serial and day.

    Raises ``Refused`` with every wrong row: all of it is right, or none of it is taken.
    """
    reading, rows, seen = Reading(WHO), [], dict[str, int]()
    for number, given in read_table(content, name, HEADERS, OPTIONAL, WHO):
        row = _row(reading, number, given)
        ref = row["ref"]
        if ref in seen:
            reading.wrong(number, HEADERS["ref"][0], _("与第 %(row)s 行重复", row=seen[ref]))
        elif ref:
            seen[ref] = number
        if row["day"] and not sent_on <= row["day"] <= today:
            reading.wrong(number, HEADERS["day"][0], _("应在制作付款文件之日（%(day)s）到今天之间", day=sent_on))
        rows.append(row)
    reading.finish()
    return rows


def _row(reading: Reading, number: int, given: Mapping[str, str]) -> dict[str, Any]:
    def of(key: str, read: Any) -> Any:
        return cell(reading, number, given, key, HEADERS[key][0], read)

    status = of("status", _status)
    must = named if status == standing.PAID else plain_text
    return {
        "ref": of("ref", named) or "", "fen": of("fen", positive) or 0, "status": status or "",
        "serial": of("serial", must) or "", "day": of("day", day_of) or "", "reason": of("reason", plain_text) or "",
    }  # fmt: skip


def _status(text: str) -> str:
    found = STATUSES.get(text.lower())
    if found is None:
        raise ValueError(_("应为“成功”或“失败”"))
    return found


def _refuse_taking_back(
    book: Mapping[str, Any], batch: str, sent: Mapping[str, int], rows: list[dict[str, Any]]
) -> None:
    before = standing.rows_of(book, batch) or {}
    taken_back = [
        row["ref"]
        for row in rows
        if (held := before.get(row["ref"])) is not None
        and held["status"] == standing.PAID
        and sent.get(row["ref"]) == held["fen"]
        and {**held, "reason": ""} != {**row, "reason": ""}
    ]
    if taken_back:
        raise Refused(
            *(
                refuse(_("%(ref)s 已有银行付成的回执，不能改为别的结果；有出入请与银行核对", ref=ref), who=WHO, field="file").refusals[0]
                for ref in taken_back
            )
        )
