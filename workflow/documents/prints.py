"""What is printed for signature: the content as its page shows it, seats with room to sign, its hash and QR code."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import segno
from markupsafe import Markup
from sqlalchemy import Connection, select

from workflow import decisions
from workflow.actor import SYSTEM
from workflow.acts import paper_fields
from workflow.attempt import Attempt, Case
from workflow.clock import day_of
from workflow.machines import Ballot
from workflow.model import seal_heads, seals
from workflow.pages import case_page
from workflow.pages.lists import case_url

SHORT = 16


def build(
    connection: Connection, case: Case, ballot_key: str, viewer: Any, at: datetime, root: str, *, demo: bool = False
) -> SimpleNamespace:
    """What the print of a ballot shows; what a seat has said in an open round stands on no print."""
    attempt = Attempt(connection, case, SYSTEM, at)
    ballot = attempt.stage.ballot(ballot_key)
    newest = decisions.last_round(attempt, ballot_key)
    own = [decisions.chain_of(ballot, seat) for seat in newest.seats] if newest else []
    chain = max([ballot.chain, *own], key=len)
    return SimpleNamespace(
        case=case_page.build(connection, case, viewer, at, demo=demo),
        place=attempt.consortium.place,
        ballot=ballot.label,
        number=case.id,
        version=case.dossier_version,
        seats=[_seat(seat, chain, ballot, newest) for seat in newest.seats] if newest else [],
        links=[decisions.link_label(link) for link in chain],
        also=_also(attempt, ballot_key),
        current=newest is not None and newest.outcome == "open" and newest.subject_hash == case.subject_hash,
        hash=case.subject_hash,
        short=case.subject_hash[:SHORT],
        code=qr(f"{root}check?{urlencode({'hash': case.subject_hash, 'case': case_url(case.stage, case.id)})}"),
        seal=sealed(connection, case.id),
        printed=day_of(at),
    )


def _seat(seat: Any, chain: tuple[str, ...], ballot: Ballot, newest: Any) -> SimpleNamespace:
    """A seat with a field for each link; those that have decided in the system, or have no part, need no signature."""
    done = {row.link for row in newest.cast if row.seat_key == seat.seat_key}
    return SimpleNamespace(
        label=seat.label, done=[link in done for link in chain],
        asked=[link in decisions.chain_of(ballot, seat) for link in chain],
    )  # fmt: skip


def _also(attempt: Attempt, ballot_key: str) -> list[tuple[Any, list[Any]]]:
    """What a signed paper has to say besides, for each link whose step asks for more than verdict and opinion."""
    steps = [one for one in attempt.stage.steps_from(attempt.case.state) if one.casts and one.casts[0] == ballot_key]
    found = [(decisions.link_label((one.casts or ("", ""))[1]), paper_fields.also_asked(attempt, one)) for one in steps]
    return [(link, asked) for link, asked in found if asked]


def qr(text: str) -> Markup:
    """``text`` as a QR code, drawn inside the page."""
    drawn = segno.make(text, micro=False, error="m").svg_inline(scale=2, border=2, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - digits of a drawing that we made ourselves


def sealed(connection: Connection, case_id: int) -> Any | None:
    """The newest daily seal that covers records of the case: its day and hash."""
    query = select(seals.c.day, seals.c.hash).join(seal_heads, seal_heads.c.day == seals.c.day)
    return connection.execute(
        query.where(seal_heads.c.case_id == case_id).order_by(seals.c.day.desc()).limit(1)
    ).one_or_none()
