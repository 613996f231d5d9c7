"""The page of what changed is opened for every case of the story, and has a word for everything a dossier holds."""

from __future__ import annotations

import json
import re

from flask import Flask
from sqlalchemy import Engine, select

from tests.acts.entering import enter
from workflow import clock
from workflow.attempt import Actor
from workflow.db import reading
from workflow.machines import STAGES
from workflow.model import cases, dossiers, rounds
from workflow.organisations.model import consortia, organisations, seats
from workflow.pages import dossier_words
from workflow.pages.dossier_lines import lines

# Tokens of the program's own kind, neither the codes of organisations nor the keys of criteria.
TOKEN = re.compile(r"[a-z_]+")


def _names(engine: Engine) -> dict[str, tuple[str, str]]:
    with reading(engine) as connection:
        return {
            row.code: (row.name, row.name_en)
            for table in (organisations, consortia)
            for row in connection.execute(select(table.c.code, table.c.name, table.c.name_en))
        }


def test_everything_that_a_dossier_holds_has_a_word(story_app: Flask) -> None:
    engine: Engine = story_app.extensions["gongzhi.engine"]
    names = _names(engine)
    query = select(cases.c.stage, dossiers.c.body).join(cases, cases.c.id == dossiers.c.case_id)
    with reading(engine) as connection:
        kept = connection.execute(query).all()
    unknown = {
        (stage, part)
        for stage, body in kept
        for path in lines(json.loads(body), STAGES[stage], names)
        for part in path
        if TOKEN.fullmatch(part) and part not in names and not dossier_words.known(part)
    }
    assert len(kept) > 100 and unknown == set()


def test_the_page_opens_for_every_case_and_every_round(story_app: Flask) -> None:
    engine: Engine = story_app.extensions["gongzhi.engine"]
    with reading(engine) as connection:
        now = clock.now(connection)
        seat = connection.execute(select(seats).where(seats.c.role == "auditor").order_by(seats.c.id).limit(1)).one()
        place = select(organisations.c.place).where(organisations.c.id == seat.organisation_id)
        city = connection.execute(place).scalar_one().rsplit("-", 1)[0]
        seen = select(cases.c.id, cases.c.stage).join(consortia, consortia.c.id == cases.c.consortium_id)
        asked = connection.execute(seen.where(consortia.c.place.startswith(city))).all()
        held = connection.execute(select(rounds.c.case_id, rounds.c.round_no)).all()
    auditor = enter(story_app, Actor(seat.person_id, seat.id, seat.organisation_id, seat.role), now)
    opened = 0
    for number, stage in asked:
        url = f"/{stage}/{number}/differences"
        for path in (url, *(f"{url}?round={one.round_no}" for one in held if one.case_id == number)):
            assert auditor.get(path).status_code == 200, path
            opened += 1
    assert opened > len(asked) > 50
    assert auditor.get(f"/{asked[0].stage}/{asked[0].id}/differences?from=999").status_code == 404
