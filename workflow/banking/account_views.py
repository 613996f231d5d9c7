"""The page of bank accounts: administrators propose and confirm; the agency and finance read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user
from sqlalchemy import select
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from governance.roles import Role, levels_of
from workflow.banking import accounts
from workflow.forms import StepForm
from workflow.i18n import lazy as _
from workflow.organisations import queries
from workflow.organisations.model import consortia, memberships, organisations
from workflow.organisations.office import Office
from workflow.organisations.posting import act, new_key, office_of
from workflow.pages import words
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("bank_accounts", __name__)
PAGE = "/bank-accounts"
AGENCY = (Role.AGENCY_CLERK, Role.AGENCY_REVIEWER, Role.AGENCY_HEAD, *levels_of("agency"))
_REQUIRED = InputRequired(_("请填写"))


class ProposeForm(StepForm):
    """An organisation's account."""

    organisation = SelectField(_("机构"), validators=[_REQUIRED], validate_choice=False)
    holder = StringField(_("户名"), [_REQUIRED, Length(max=80)])
    bank = StringField(_("开户银行"), [_REQUIRED, Length(max=80)])
    number = StringField(_("账号"), [_REQUIRED, Length(max=32)], description=_("半角数字，不带空格"))
    reason = TextAreaField(_("依据"), [_REQUIRED, Length(max=500)], description=_("开户许可证、变更函文号等"))


class AnswerForm(StepForm):
    """The number typed again, and whether it holds."""

    verdict = RadioField(
        _("核对结果"), validators=[InputRequired(_("请选择"))],
        choices=[SelectChoice("confirmed", _("确认")), SelectChoice("refused", _("不予确认"))],
    )  # fmt: skip
    number = StringField(_("对照原件再输入一次账号"), [Optional(), Length(max=32)])
    note = StringField(_("说明"), [Optional(), Length(max=500)])


class FindForm(StepForm):
    """A number to look for; it is posted, so that it stands in no address and no log of addresses."""

    number = StringField(_("账号"), [_REQUIRED, Length(max=32)], description=_("输入完整账号，看登记在哪些机构名下"))


def _office() -> Office | None:
    """The viewer's office as an administrator, or ``None``."""
    return office_of(Role.ADMINISTRATOR) if current_user.has_role(Role.ADMINISTRATOR) else None


def _readable() -> tuple[set[int], bool]:
    """Whose accounts the viewer finds, and whether in full."""
    if current_user.has_role(Role.LEAD_FINANCE):
        own = [seat.organisation_id for seat in current_user.seats if seat.role == Role.LEAD_FINANCE]
        query = (
            select(memberships.c.organisation_id)
            .join(consortia, consortia.c.id == memberships.c.consortium_id)
            .where(consortia.c.lead_id.in_(own))
        )
        return set(connection().scalars(query)) | set(own), True
    office = office_of(Role.ADMINISTRATOR, *AGENCY)
    bodies = {row.id for row in connection().execute(select(organisations)) if office.covers(row.place)}
    return bodies, current_user.has_role(*AGENCY)


def _page(
    form: ProposeForm | None, answer: Any = None, status: int = 200, *, number: str = "", find: FindForm | None = None
) -> Any:
    bodies, in_full = _readable()
    rows, person = accounts.everything(connection(), bodies, number), current_user.person_id
    latest = accounts.in_force(connection(), bodies)
    used = {one.id for one in latest.values()}
    with_one = set(latest)
    without = select(organisations.c.name).where(organisations.c.id.in_(bodies - with_one)).order_by(organisations.c.id)
    page = SimpleNamespace(
        rows=[_row(row, person, in_full, used) for row in rows],
        without=list(connection().scalars(without)) if _office() else [],
        administers=_office() is not None,
        has_errors=status != 200,
        answer=answer, found=bool(number),
    )
    return render_template(
        "banking/accounts.html", page=page, form=form, blank=AnswerForm(None), key=new_key(),
        find=find or FindForm(None),
    ), status


def _row(row: Any, person: int, in_full: bool, used: set[int]) -> SimpleNamespace:
    return SimpleNamespace(
        id=row.id, name=words.pick(row.name, row.name_en), holder=row.holder, bank=row.bank,
        number=accounts.number_of(row) if in_full else accounts.masked(row.tail),
        reason=row.reason, by=row.by, at=row.at,
        state=accounts.STATES[row.verdict or "proposed"], verdict=row.verdict, note=row.note or "",
        in_use=row.id in used, mine=row.proposed_by == person,
    )  # fmt: skip


def _form(office: Office, *, blank: bool = False) -> ProposeForm:
    form = ProposeForm(None) if blank else ProposeForm()
    form.organisation.choices = [
        SelectChoice(one.code, words.pick(one.name, one.name_en))
        for one in queries.organisations_of(connection(), office)
    ]
    return form


@blueprint.route(PAGE, methods=["GET", "POST"])
@signed_in
def index() -> Any:
    """The accounts one may read; administrators propose one more."""
    office = _office()
    if office is None:
        return _page(None) if request.method == "GET" else abort(404)
    form = _form(office)
    if request.method == "POST":
        done = act(form, office, accounts.propose_account, PAGE)
        return done if done is not None else _page(form, status=422)
    return _page(form)


@blueprint.post(f"{PAGE}/find")
@signed_in
def find() -> Any:
    """The accounts of one number among those one may read, found by its keyed hash."""
    _readable()
    form, office = FindForm(), _office()
    blank = _form(office, blank=True) if office else None
    if not form.validate_on_submit():
        return _page(blank, status=422, find=form)
    return _page(blank, number=str(form.number.data).strip(), find=form)


@blueprint.post(f"{PAGE}/<int:account>")
@signed_in
def answer(account: int) -> Any:
    """Another administrator confirms or refuses an account."""
    office, form = office_of(Role.ADMINISTRATOR), AnswerForm()
    done = act(form, office, accounts.answer_account, PAGE, account=account)
    return done if done is not None else _page(_form(office, blank=True), SimpleNamespace(id=account, form=form), 422)
