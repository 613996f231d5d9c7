"""A case's page drawn in parts, without the rest of the site: its sections, and the forms of its open steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import render_template, render_template_string
from sqlalchemy import Engine, select

from tests.people import County
from workflow import create_app
from workflow.attempt import Actor, Case
from workflow.db import reading
from workflow.model import cases
from workflow.pages import case_page

FORM = "{% from '_forms.html' import form_fields with context %}{{ form_fields(form, 'x') }}"


@contextmanager
def asked(engine: Engine, method: str = "GET") -> Iterator[None]:
    """Within a request to the app on the test's database."""
    url = engine.url.render_as_string(hide_password=False)
    app = create_app({"DATABASE_URL": url, "TESTING": True, "SECRET_KEY": "k" * 40, "WTF_CSRF_ENABLED": False})
    with app.test_request_context("/", method=method):
        yield
    app.extensions["gongzhi.engine"].dispose()


def viewer(county: County, actor: Actor) -> Any:
    """Somebody looking from the seat of ``actor``."""
    seat = SimpleNamespace(
        seat_id=actor.seat_id, organisation_id=actor.organisation_id, role=str(actor.role), place=county.place, kind=""
    )
    return SimpleNamespace(person_id=actor.person_id, name=actor.name, seats=[seat])


def drawn(engine: Engine, county: County, case_id: int, actor: Actor, at: datetime) -> tuple[str, dict[str, str]]:
    """The text of the page's facts and sections, and of each open step's form by its trigger."""
    with reading(engine) as connection, asked(engine):
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        page = case_page.build(connection, case, viewer(county, actor), at)
        text = "".join(f"{label}: {value}\n" for label, value in page.facts)
        text += "".join(render_template(section.template, section=section) for section in page.sections)
        forms = {
            offer.trigger: render_template_string(FORM, form=offer.form) if offer.form else ""
            for offer in page.offers
            if offer.open
        }
    return text, forms


def typed(engine: Engine, county: County, case_id: int, trigger: str, actor: Actor, at: datetime, **fields: Any) -> Any:
    """The form of a step as somebody filled it in; validated."""
    from werkzeug.datastructures import MultiDict

    from workflow.attempt import Attempt

    with reading(engine) as connection, asked(engine, "POST"):
        case = Case(*connection.execute(select(cases).where(cases.c.id == case_id)).one())
        attempt = Attempt(connection, case, actor, at)
        step = attempt.stage.step_from(case.state, trigger)
        assert step is not None
        form = case_page.form_for(attempt, step, MultiDict(fields))
        valid = form.validate()
        return (form.command_data() if valid else None), {name: [str(one) for one in said] if isinstance(said, list)
                                                          else said for name, said in form.errors.items()}
