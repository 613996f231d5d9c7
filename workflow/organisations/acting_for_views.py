"""The page of acting for another: what I gave, what was given to me, and for administrators that of their places."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, render_template, request
from flask_login import current_user
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from governance.roles import ROLE_NAMES, Role
from workflow import clock
from workflow.acts import acting_for
from workflow.forms import DayField, PlainForm, StepForm
from workflow.i18n import lazy as _
from workflow.machines import STAGES
from workflow.organisations import queries
from workflow.organisations.office import Office
from workflow.organisations.posting import act, new_key
from workflow.organisations.posts import CONFLICTS, OVERSEEING
from workflow.pages import words
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("acting_for", __name__)
PAGE = "/acting-for"
STATES = {"running": _("生效中"), "coming": _("未开始"), "ended": _("已结束"), "revoked": _("已收回")}
GROUPS = {
    "*": _("其他任何岗位"), "provider": _("牵头医院、成员单位的任何岗位"),
    "payer": _("医保经办机构和市县部门的任何岗位"), "scorer": _("管理中心的任何岗位"), "clerk": _("经办岗位"),
    "reviewer": _("复核岗位（部门为经办）"), "head": _("负责人"), "approver": _("部门负责人"), "finance": _("财务岗位"),
    "between": _("科室负责人和分管负责人"), "section": _("科室负责人"), "division": _("分管负责人"),
}  # fmt: skip
_REQUIRED = InputRequired(_("请填写"))


class GrantForm(StepForm):
    """Which seat, to whom, for which days and stage, why."""

    seat = SelectField(_("席位"), coerce=int, validate_choice=False)
    person = SelectField(_("授权给"), coerce=int, validate_choice=False)
    since = DayField(_("起始日"), [_REQUIRED])
    until = DayField(_("最后一天"), [_REQUIRED])
    stage = SelectField(_("范围"), validate_choice=False)
    reason = StringField(_("原因"), [_REQUIRED, Length(max=acting_for.LONGEST_REASON)])


def _office() -> Office:
    """Who gives and takes back; an administrator also takes back what was given in their places."""
    places = frozenset(seat.place for seat in current_user.own_seats if seat.role == Role.ADMINISTRATOR)
    return Office(current_user.person_id, places)


def _form(today: date) -> GrantForm:
    form = GrantForm()
    own = [seat for seat in current_user.own_seats if seat.role not in (*OVERSEEING, *acting_for.BY_PROXY)]
    form.seat.choices = [SelectChoice(seat.seat_id, f"{seat.organisation} {seat.role_name}") for seat in own]
    bodies = {seat.organisation_id for seat in own}
    known = acting_for.colleagues(connection(), bodies, current_user.person_id, today)
    form.person.choices = [SelectChoice(one.id, one.name) for one in known]
    form.stage.choices = [SelectChoice("", _("全部事项")), *(SelectChoice(key, one.label) for key, one in STAGES.items())]
    return form


def _row(row: Any, today: date) -> SimpleNamespace:
    state = acting_for.state_of(row, today)
    return SimpleNamespace(
        id=row.id, giver=row.giver, taker=row.taker, since=row.since, until=row.until, reason=row.reason,
        post=f"{words.pick(row.name, row.name_en)} {words.role_name(row.role)}",
        stage=STAGES[row.stage].label if row.stage in STAGES else _("全部事项"), state=STATES[state],
        open=state in ("running", "coming"),
    )  # fmt: skip


def _page(form: GrantForm | None, today: date, status: int = 200) -> Any:
    me = current_user.person_id
    mine = acting_for.grants(connection(), {me})
    office = _office()
    codes = [place.code for place in queries.places_of(office)] if office.places else []
    under = acting_for.grants(connection(), places=codes) if codes else []
    page = SimpleNamespace(
        given=[_row(one, today) for one in mine if one.granted_by == me],
        received=[_row(one, today) for one in mine if one.person_id == me],
        under=[_row(one, today) for one in under],
        administers=bool(codes),
        has_errors=bool(form and form.errors),
    )
    return render_template("organisations/acting_for.html", page=page, form=form, key=new_key()), status


def _today() -> date:
    return clock.day_of(clock.now(connection()))


@blueprint.route(PAGE, methods=["GET", "POST"])
@signed_in
def index() -> Any:
    """What was given and received, and a form to give a seat of one's own."""
    today = _today()
    form = _form(today)
    if request.method == "POST":
        done = act(form, _office(), acting_for.grant, PAGE)
        return done if done is not None else _page(form, today, 422)
    return _page(form if form.seat.choices else None, today)


@blueprint.post(f"{PAGE}/<int:delegation>/revoke")
@signed_in
def revoke(delegation: int) -> Any:
    """End a grant at once; what is none of one's business is not found."""
    done = act(PlainForm(), _office(), acting_for.revoke, PAGE, delegation=delegation)
    return done if done is not None else _page(None, _today(), 422)


@blueprint.get("/posts")
@signed_in
def posts() -> Any:
    """Which posts one person may not combine, and why."""
    english = words.english()
    rows = [
        SimpleNamespace(
            one=_group(row.one), other=_group(row.other), within=row.within,
            reason=row.reason_en if english else row.reason,
        )
        for row in CONFLICTS
    ]  # fmt: skip
    return render_template("organisations/posts.html", page=SimpleNamespace(rows=rows))


def _group(group: str) -> Any:
    return words.role_name(group) if group in ROLE_NAMES else GROUPS[group]
