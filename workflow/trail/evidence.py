"""Who may take away the evidence package of a case, what it is called, and its link on the case's page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from governance.roles import Role
from workflow.attempt import Case
from workflow.i18n import lazy as _


def may_take(viewer: Any) -> bool:
    """Whether the viewer may take away evidence packages of the cases in scope: auditors only."""
    return any(seat.role == Role.AUDITOR for seat in viewer.seats)


def package_name(case: Case) -> str:
    """What the file is called."""
    return "-".join(part for part in ("evidence", case.stage, str(case.id), case.pool, case.period) if part) + ".zip"


def documents(viewer: Any, case: Case) -> list[SimpleNamespace]:
    """The links on a case's page, for whoever may take them."""
    if not may_take(viewer):
        return []
    return [
        SimpleNamespace(name=_("证据包"), number=package_name(case), url=f"/trail/{case.id}/package"),
        SimpleNamespace(name=_("某一时点的样子"), number="", url=f"/trail/{case.id}/as-of"),
        SimpleNamespace(name=_("案卷版本对照"), number="", url=f"/trail/{case.id}/compare"),
    ]
