"""The page of a month's reconciliation 对账, what is done on it, and its download."""

from __future__ import annotations

import io
import secrets
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file
from flask_login import current_user
from werkzeug.datastructures import CombinedMultiDict

from governance.refusal import Refused
from governance.roles import Role
from workflow import door, lifecycle, scope
from workflow.attempt import ON_PAGE, SYSTEM, Actor, Attempt, Case
from workflow.banking.spreadsheets import XLSX_TYPE, xlsx_bytes
from workflow.i18n import lazy as _
from workflow.pages import words
from workflow.pages.case_views import case_in_scope, flash_refusals, kept_files
from workflow.pages.context import connection, engine, now
from workflow.pages.lists import case_title, case_url
from workflow.reconciliation import state
from workflow.reconciliation.commands import BEGUN, VERBS, change
from workflow.reconciliation.figures import ALL, ITEMS, KINDS, SUMS, Figure, held
from workflow.reconciliation.forms import FORMS
from workflow.security import signed_in
from workflow.settlement.model import members_of_month

blueprint = Blueprint("reconciliation", __name__)
STAGE = "settlement"
HEADER = ("成员单位", "项目", "系统结算（元）", "经办机构（元）", "成员单位申报（元）", "银行（元）", "结果", "说明")


def page_url(case_id: int) -> str:
    """Where the reconciliation of a month is."""
    return f"{case_url(STAGE, case_id)}/reconciliation"


def _attempt(case: Case) -> Attempt:
    return Attempt(connection(), case, SYSTEM, now(), read={ON_PAGE: {}})


def _actor(attempt: Attempt, verb: str) -> Actor | None:
    """The first seat of the viewer from which ``verb`` is done in this case, or ``None``."""
    roles, _do = VERBS[verb]
    return next(
        (
            scope.actor_in(current_user, seat)
            for seat in current_user.seats
            if Role(seat.role) in roles
            and seat.organisation_id in attempt.parties.of(Role(seat.role))
            and scope.covers(seat, STAGE)
        ),
        None,
    )


def _names(attempt: Attempt) -> dict[str, Any]:
    members = {one.code: words.pick(one.name, one.name_en) for one in members_of_month(attempt)}
    return members | {ALL: words.pick("全医共体", "The consortium")}


def _rows(lines: list[Figure], names: dict[str, Any]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            line=one, name=names.get(one.member, one.member), item=ITEMS[one.item], total=one.item in SUMS,
            part=one.item in KINDS, first=number == 0 or lines[number - 1].member != one.member,
        )
        for number, one in enumerate(lines)
    ]  # fmt: skip


def _forms(
    attempt: Attempt, now_: state.Reconciliation, names: dict[str, Any], tried: dict[str, Any]
) -> dict[str, Any]:
    """The forms of what the viewer may do now, by verb."""
    if attempt.case.state not in BEGUN:
        return {}
    found = {verb: tried.get(verb) or FORMS[verb](None) for verb in VERBS if _actor(attempt, verb)}
    differing = [one for one in now_.lines if one.differs]
    if not differing:
        found.pop("reason", None)
    if "reason" in found:
        labels = [(one.key, f"{names.get(one.member, one.member)} {ITEMS[one.item]}") for one in differing]
        found["reason"].offer(labels)
    signer = _actor(attempt, "sign")
    side = next((one for one, roles in state.SIGNERS.items() if signer and signer.role in roles), None)
    if now_.before or side in now_.signed:
        found.pop("sign", None)
    elif "sign" in found:
        found["sign"].content.data = now_.sha256
    return found


def _page(case: Case, tried: dict[str, Any] | None = None, status: int = 200) -> Any:
    attempt = _attempt(case)
    now_, names = state.read(attempt), _names(attempt)
    name = words.pick(attempt.consortium.name, attempt.consortium.name_en)
    page = SimpleNamespace(
        title=case_title(STAGE, name, case.period), url=case_url(STAGE, case.id), here=page_url(case.id),
        pool=words.POOLS[case.pool], rows=_rows(now_.lines, names), now=now_, label=state.LABELS[now_.state],
        tone=state.TONES[now_.state], before=[words.shown(one) for one in now_.before],
        besides=[words.shown(one) for one in now_.besides],
        sides=[SimpleNamespace(label=label, signed=now_.signed.get(side)) for side, label in state.SIDES.items()],
        sources=held(attempt.progress)["figures"], forms=_forms(attempt, now_, names, tried or {}),
        has_errors=bool(tried),
    )  # fmt: skip
    return render_template("reconciliation/page.html", page=page, key=secrets.token_urlsafe(18)), status


@blueprint.get("/settlement/<int:case_id>/reconciliation")
@signed_in
def show(case_id: int) -> Any:
    """The four columns of a month, line by line, what is missing and who has signed."""
    return _page(case_in_scope(STAGE, case_id))


@blueprint.post("/settlement/<int:case_id>/reconciliation/<any(file, totals, reason, sign):entry>")
@signed_in
def act(case_id: int, entry: str) -> Any:
    """The agency's figures, a reason, or a signature; otherwise the page again with what is wrong."""
    case, verb = case_in_scope(STAGE, case_id), entry
    actor = _actor(_attempt(case), verb)
    if actor is None:
        abort(404)
    form = FORMS[verb](CombinedMultiDict([request.files, request.form]))
    if not form.validate_on_submit():
        return _page(case, {verb: form}, 422)
    connection().rollback()
    key = f"web:{current_user.person_id}:{request.form.get('_key') or secrets.token_urlsafe(18)}"
    try:
        data = kept_files(form.command_data())
        body = {"reconciliation": verb, "case": case_id, "person": actor.person_id, "data": data}
        door.once(
            engine(), key, body, None,
            lambda held_, at: change(held_, case_id, verb, actor=actor, at=at, data=data),
        )  # fmt: skip
    except lifecycle.NotFound:
        abort(404)
    except Refused as refused:
        flash_refusals(refused)
        return _page(case_in_scope(STAGE, case_id), {verb: form}, 422)
    except door.KeyReused:
        abort(409)
    flash(_("已办理，并已记入过程记录"))
    return redirect(page_url(case_id), 303)


@blueprint.get("/settlement/<int:case_id>/reconciliation.xlsx")
@signed_in
def take(case_id: int) -> Response:
    """The reconciliation as a workbook, with the hash that is signed and the signatures under it."""
    case = case_in_scope(STAGE, case_id)
    attempt = _attempt(case)
    now_, names = state.read(attempt), _names(attempt)
    rows: list[list[Any]] = [[f"{attempt.consortium.name} {case.period} {words.POOLS[case.pool]} 对账"], list(HEADER)]
    for row in _rows(now_.lines, names):
        one = row.line
        reason = f"{one.reason['reason']}（{one.reason['by']}，{one.reason['on']}）" if one.reason else ""
        result = "一致" if one.compared else "只有一方有数"
        if one.differs:
            result = "有差异，已说明" if one.reason else "有差异，未说明"
        amounts = [None if fen is None else Decimal(fen) / 100 for fen in one.values]
        rows.append([str(row.name), str(row.item), *amounts, result, reason])
    rows.append(["内容校验码", now_.sha256])
    for side, label in state.SIDES.items():
        one = now_.signed.get(side)
        rows.append([f"{label}签字", f"{one['by']}，{one['on']}" if one else "未签字"])
    content = xlsx_bytes("对账", rows, attempt.day)
    name = f"reconciliation-{case.period}-{case.pool}-{case.id}.xlsx"
    return send_file(io.BytesIO(content), XLSX_TYPE, as_attachment=True, download_name=name)
