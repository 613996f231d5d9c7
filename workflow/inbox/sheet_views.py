"""The two-week sheet of one's offices, to be printed and put on the wall."""

from __future__ import annotations

from types import SimpleNamespace

from flask import Blueprint, render_template
from flask_login import current_user

from workflow.clock import day_of
from workflow.inbox import two_weeks
from workflow.pages.context import connection, is_demo, now
from workflow.security import signed_in

blueprint = Blueprint("sheets", __name__)


@blueprint.get("/inbox/two-weeks")
@signed_in
def two_week_sheet() -> str:
    """What the viewer's organisations owe within ten working days or owe already."""
    numbers = [seat.organisation_id for seat in current_user.seats]
    at = now()
    offices = two_weeks.offices(connection(), numbers, at, demo=is_demo())
    page = SimpleNamespace(offices=offices, day=day_of(at), most=two_weeks.MOST_ROWS)
    return render_template("inbox/two_weeks.html", page=page)
