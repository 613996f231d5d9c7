"""The worksheet of a case as a workbook: its link on the page, and the stored figures in the file."""

from __future__ import annotations

import io
import json
import re

from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from tests.journeys.walking import Walk
from workflow.db import reading
from workflow.model import worksheets


def test_the_page_links_to_the_workbook_of_its_worksheet(story_app: Flask) -> None:
    walk = Walk(story_app)
    case = walk.case("beihe-a", "settlement", "2025-06")
    visitor = walk.visitor("beihe-a-lead", "lead_clerk")
    link = re.search(r'href="(/worksheets/[^"]+\.xlsx)"', visitor.get(f"/settlement/{case.id}").get_data(as_text=True))
    assert link, "no link"
    answer = visitor.get(link[1])
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    again = visitor.get(link[1])
    assert again.data == answer.data
    with reading(walk.engine) as connection:
        kept = select(worksheets.c.body).where(worksheets.c.case_id == case.id)
        body = connection.scalar(kept.order_by(worksheets.c.version.desc()).limit(1))
    lines = load_workbook(io.BytesIO(answer.data))["计算表"]
    stored = [row[0] for row in lines.iter_rows(min_row=5, min_col=6, max_col=6, values_only=True)]
    assert stored == [line["amount_fen"] for line in json.loads(body)["lines"]]
    assert {row[0][:2] for row in lines.iter_rows(min_row=5, min_col=5, max_col=5, values_only=True)} == {"公式", "据实"}
