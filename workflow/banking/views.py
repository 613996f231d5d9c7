"""The page of a case's payments through the bank: files, replies, notes; and the files themselves, by record only."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, render_template, send_file
from flask_login import current_user

from workflow import clock, lifecycle, scope
from workflow.attempt import ON_PAGE, SYSTEM, Attempt
from workflow.banking import standing
from workflow.banking.payments import of_stage
from workflow.banking.sending import as_xlsx, content_of
from workflow.banking.spreadsheets import CSV_TYPE, XLSX_TYPE
from workflow.db import writing
from workflow.pages import act_offers, words
from workflow.pages.case_views import case_in_scope
from workflow.pages.context import connection, engine, now
from workflow.pages.lists import case_title, case_url
from workflow.security import signed_in

blueprint = Blueprint("bank", __name__)
VERBS = ("bank_file", "bank_file_void", "bank_reply", "bank_note", "bank_note_confirmed")


@blueprint.get("/<stage>/<int:case_id>/bank")
@signed_in
def show(stage: str, case_id: int) -> Any:
    """What was sent to the bank, what it answered, and what is still open; accounts are not shown."""
    case = case_in_scope(stage, case_id)
    labels = {one.kind: one.label for one in of_stage(stage)}
    if not labels:
        abort(404)
    attempt = Attempt(connection(), case, SYSTEM, now(), read={ON_PAGE: {}})
    book, lines = standing.book_of(attempt.progress), standing.lines(attempt.progress)
    name = words.pick(attempt.consortium.name, attempt.consortium.name_en)
    reader = scope.reads_bank(current_user.seats)
    page = SimpleNamespace(
        title=case_title(stage, name, case.period), url=case_url(stage, case.id), reader=reader,
        batches=[
            SimpleNamespace(**one, label=labels[one["kind"]], voided=one.get("void"), rows=_rows(lines, one["no"]))
            for one in reversed(book["batches"])
        ],
        replies=list(reversed(book["replies"])),
        open=[one for one in lines if one.open],
        outcomes=standing.OUTCOMES,
        acts=[] if case.closed_at else [
            one for one in act_offers.offers(attempt, current_user, {}) if one.verb in VERBS
        ],
    )  # fmt: skip
    return render_template("banking/case.html", page=page)


def _rows(lines: list[standing.LineState], batch: str) -> list[standing.LineState]:
    return [one for one in lines if one.batch == batch]


@blueprint.post("/<stage>/<int:case_id>/bank/<batch>.<any(csv, xlsx):kind>")
@signed_in
def take(stage: str, case_id: int, batch: str, kind: str) -> Response:
    """A payment file, for finance, the agency and audit; who took it is recorded."""
    case = case_in_scope(stage, case_id)
    attempt = Attempt(connection(), case, SYSTEM, now())
    found = next((one for one in standing.book_of(attempt.progress)["batches"] if one["no"] == batch), None)
    seat = next((one for one in current_user.seats if one.role in scope.BANK_READERS), None)
    if found is None or seat is None:
        abort(404)
    content = content_of(attempt, found)
    if kind == "xlsx":
        content = as_xlsx(content, attempt)
    connection().rollback()
    with writing(engine()) as held:
        lifecycle.note(
            held, case_id, "bank_file_taken", at=clock.now(held), actor=scope.actor_in(current_user, seat),
            data={"batch": batch, "sha256": found["sha256"], "format": kind},
        )  # fmt: skip
    media_type = XLSX_TYPE if kind == "xlsx" else CSV_TYPE
    return send_file(io.BytesIO(content), media_type, as_attachment=True, download_name=f"{batch}.{kind}")
