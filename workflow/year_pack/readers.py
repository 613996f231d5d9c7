"""Who reads a year's pack: the city's insurance and finance bureaus, the agency's head, audit; a county its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from workflow.accounts.sessions import YEAR_ROLES
from workflow.organisations.model import consortia
from workflow.rules import place_chain, rulebook

_KINDS = ("province", "city", "county")


def places_of(connection: Connection, viewer: Any) -> list[str]:
    """The provinces, cities and counties with consortia whose pack the viewer reads by a seat of their own."""
    own = {seat.place for seat in viewer.own_seats if seat.role in YEAR_ROLES}
    if not own:
        return []
    lived = {code for place in connection.scalars(select(consortia.c.place).where(consortia.c.kind != "place"))
             for code in place_chain(place)}
    known = rulebook().places
    return [code for code in known if code in lived and known[code].kind in _KINDS and own & set(place_chain(code))]
