"""A browser in which somebody of a test has signed in, and forms sent as their page gave them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from workflow import clock
from workflow.accounts import sessions
from workflow.attempt import Actor
from workflow.db import writing


def enter(app: Flask, actor: Actor, at: datetime) -> FlaskClient:
    """A browser in which ``actor`` has signed in; the demo's clock stands at ``at``."""
    assert actor.person_id is not None
    with writing(app.extensions["gongzhi.engine"]) as connection:
        clock.set_demo_clock(connection, at)
        token = sessions.open_session(connection, actor.person_id, clock.real_now())
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    return client


def send(client: FlaskClient, page: str, action: str, **data: Any) -> TestResponse:
    """Send the form of ``page`` that goes to ``action``, with its token, key and version, and with ``data``."""
    form = client.get(page).text.split(f'action="{action}"', 1)[1].split("</form>", 1)[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    return client.post(action, data={**hidden, **data}, headers={"Referer": f"http://localhost{page}"})
