"""A worksheet of a case as an Excel workbook with live formulas."""

from __future__ import annotations

import io
import json

from flask import Blueprint, Response, abort, send_file
from flask_login import current_user
from sqlalchemy import select

from workflow import scope
from workflow.model import cases, worksheets
from workflow.pages.context import connection
from workflow.rules import rulebook
from workflow.security import signed_in

blueprint = Blueprint("workbooks", __name__)


@blueprint.get("/worksheets/<int:case_id>/<int:version>.xlsx")
@signed_in
def take_workbook(case_id: int, version: int) -> Response:
    """A stored version of a case's worksheet, for whoever sees the case; anything else is not found."""
    from workflow.workbook.writing import MEDIA_TYPE, workbook

    row = connection().execute(
        select(worksheets.c.sheet, worksheets.c.body, worksheets.c.facts, worksheets.c.place, cases.c.consortium_id)
        .join(cases, cases.c.id == worksheets.c.case_id)
        .where(worksheets.c.case_id == case_id, worksheets.c.version == version)
    ).one_or_none()
    if row is None or not scope.may_see(connection(), current_user.seats, row.consortium_id):
        abort(404)
    place = rulebook().places.get(row.place)
    content = workbook(json.loads(row.body), json.loads(row.facts), f"{place.name} {place.name_en}" if place else "")
    name = f"{row.sheet}-{case_id}-{version}.xlsx"
    return send_file(io.BytesIO(content), MEDIA_TYPE, as_attachment=True, download_name=name)
