"""Claims detail is opened by the agency, the lead and those above; a member does not read another member's patients."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from governance.roles import Role
from tests.journeys.walking import CITY, Walk
from workflow.db import reading
from workflow.model import attachments
from workflow.story.cast import body_code

AGENCY = body_code("agency", CITY)


@pytest.mark.parametrize(
    ("code", "role", "opens"),
    [
        (AGENCY, Role.AGENCY_CLERK, True),
        ("beihe-a-lead", Role.LEAD_FINANCE, True),
        (f"audit-{CITY}", Role.AUDITOR, True),
        ("beihe-a-town-1", Role.MEMBER_CLERK, False),
        ("beihe-a-village-1", Role.MEMBER_HEAD, False),
        ("beihe-b-lead", Role.LEAD_FINANCE, False),
    ],
)
def test_who_opens_the_detail_of_a_month(story_app: Flask, code: str, role: Role, opens: bool) -> None:
    walk = Walk(story_app)
    month = walk.case("beihe-a", "settlement", "2026-10")
    with reading(walk.engine) as connection:
        digest = connection.scalar(select(attachments.c.sha256).where(attachments.c.case_id == month.id))
    path = f"/files/{month.id}/{digest}"
    visitor = walk.visitor(code, role)
    assert visitor.get(path).status_code == (200 if opens else 404)
    page = visitor.get(f"/settlement/{month.id}")
    assert (path in page.text) is opens
