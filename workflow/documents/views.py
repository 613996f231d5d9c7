"""Prints for signature, and the page on which a signed paper is held against what was decided."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user

from workflow.documents import matches, prints
from workflow.machines import STAGES
from workflow.pages.case_views import case_in_scope
from workflow.pages.context import connection, is_demo, now
from workflow.security import signed_in

blueprint = Blueprint("documents", __name__)
PREFIX = re.compile(r"[0-9a-f]{8,64}")


@blueprint.get("/<stage>/<int:case_id>/print/<ballot>")
@signed_in
def print_ballot(stage: str, case_id: int, ballot: str) -> Any:
    """What is decided in a case, with places to sign, on A4."""
    case = case_in_scope(stage, case_id)
    if all(one.key != ballot for one in STAGES[stage].ballots):
        abort(404)
    page = prints.build(connection(), case, ballot, current_user, now(), request.url_root, demo=is_demo())
    return render_template("print/ballot.html", page=page, printed=True)


@blueprint.get("/check")
@signed_in
def check() -> Any:
    """Which case, version and decision the hash on a paper belongs to, of what the viewer may see."""
    typed = request.args.get("hash", "").strip().lower()
    valid = bool(PREFIX.fullmatch(typed))
    found = matches.find(connection(), current_user, typed) if valid else []
    files = matches.files(connection(), current_user, typed) if valid else []
    held = matches.held(connection(), current_user, typed, request.args.get("case", "")) if valid else None
    status = 200 if valid or not typed else 422
    answer = {"typed": typed[:64], "valid": valid, "found": found, "files": files, "held": held}
    return render_template("print/check.html", **answer), status
