"""Sample files of the register, and a desk that imports and confirms them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from governance.roles import Role
from tests.people import County, make_county
from tests.settlement.months import moment
from workflow.db import writing
from workflow.organisations.model import consortia
from workflow.organisations.office import Office
from workflow.register import commands

HEADER = "person,pool,consortium,county,since,until,change"
PLACE, OTHER = "demo-hunan-beihe", "demo-hunan-qingxi"
SECRET = b"a secret of the tests"
CANARY = "430102199001011234"


def person(number: int) -> str:
    """An identity number that nobody has."""
    return f"43010219900101{number:04d}"


def row(who: str, consortium: str = "sample-a", **given: str) -> str:
    """A line of the file."""
    one = {"pool": "resident", "county": PLACE, "since": "2020-01-01", "until": "", "change": ""} | given
    return ",".join((who, one["pool"], consortium, one["county"], one["since"], one["until"], one["change"]))


def csv_of(*rows: str) -> bytes:
    """A whole file."""
    return "\n".join((HEADER, *rows, "")).encode()


@dataclass
class Desk:
    """The agency: a clerk who imports and a reviewer who confirms."""

    engine: Engine
    county: County

    def bring(self, content: bytes, period: str = "2026-01", place: str = PLACE, name: str = "r.csv") -> int:
        """Import a file as the clerk."""
        clerk = self.county.actor(Role.AGENCY_CLERK).person_id
        with writing(self.engine) as connection:
            return commands.import_file(
                connection, office=Office(clerk, frozenset({"demo-hunan-city"})), at=moment("2026-02-02"), place=place,
                period=period, content=content, name=name, secret=SECRET,
            )  # fmt: skip

    def answer(self, file: int, verdict: str = "confirmed", place: str = PLACE, **given: Any) -> None:
        """Answer as the reviewer, or as ``by``."""
        by = given.pop("by", None) or self.county.actor(Role.AGENCY_REVIEWER).person_id
        office = Office(by, frozenset({"demo-hunan-city"}))
        with writing(self.engine) as connection:
            commands.answer_file(
                connection, office=office, at=moment("2026-02-03"), place=place, file=file, verdict=verdict, **given
            )

    def confirmed(self, content: bytes, period: str = "2026-01", place: str = PLACE) -> int:
        """Import and confirm."""
        file = self.bring(content, period, place)
        self.answer(file, place=place)
        return file


def open_desk(engine: Engine) -> Desk:
    """The sample county, a second consortium in it, and one in the county next to it."""
    with writing(engine) as connection:
        county = make_county(connection)
        for code, place in (("sample-b", PLACE), ("sample-c", OTHER)):
            lead = county.organisations["tcm"]
            connection.execute(
                consortia.insert().values(code=code, name=code, name_en="", place=place, lead_id=lead)
            )
    return Desk(engine, county)
