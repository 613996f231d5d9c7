"""What a rule change holds: the place's desk that carries its cases, the proposed provision, the days it may begin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from governance.rulebook import rule_names
from governance.rulebook.catalogue import Document
from governance.rulebook.enacting import Enacted
from workflow import rules
from workflow.enacted import enacted_rules
from workflow.i18n import lazy as _
from workflow.model import cases
from workflow.organisations.model import consortia

PLACE = "place"
IMPACT_YEARS = 2
# Rules of how long, by whom and until when are asked on the day itself; what amounts follow from holds for whole months
# or years.
PROCEDURAL = frozenset({"working_days", "days", "months", "days_by_year", "parties", "levels", "day_of_month", "count"})
MONTHLY = frozenset({"settlement", "scope"})
YEARLY = frozenset(
    {
        "budget", "clearing", "assessment", "surplus", "overrun", "public_health", "chronic_package", "health_unit",
        "unit_accounts",
    }
)  # fmt: skip


class State(StrEnum):
    """Where a rule change stands."""

    PROPOSED = "proposed"
    IMPACT_SHOWN = "impact_shown"
    APPROVED = "approved"
    ENACTED = "enacted"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


STATE_LABELS = {
    State.PROPOSED: _("已提出，测算影响中"),
    State.IMPACT_SHOWN: _("影响已列明，审批中"),
    State.APPROVED: _("已批准，待发布"),
    State.ENACTED: _("已发布"),
    State.SUPERSEDED: _("已被后来的规则取代"),
    State.REJECTED: _("未批准"),
    State.WITHDRAWN: _("已撤回"),
}


def desk_of(connection: Connection, place: str, organisation_id: int) -> int:
    """The number of the row that holds the place's own cases; made by ``organisation_id``, where there is none yet."""
    code = f"rules:{place}"
    number: int | None = connection.scalar(select(consortia.c.id).where(consortia.c.code == code))
    if number is not None:
        return number
    named = rules.rulebook().places[place]
    row = {
        "code": code, "name": f"{named.name}规则", "name_en": f"Rules of {named.name_en}", "place": place,
        "lead_id": organisation_id, "kind": PLACE,
    }  # fmt: skip
    made: int = connection.execute(consortia.insert().values(**row).returning(consortia.c.id)).scalar_one()
    return made


def next_serial(connection: Connection, desk: int, year: int) -> int:
    """The number of the next change in a year."""
    query = select(cases.c.serial).where(cases.c.stage == "rule_change", cases.c.consortium_id == desk)
    held = connection.scalars(query.where(cases.c.period.like(f"{year}-%"))).all()
    return 1 + max(held, default=0)


def proposal_of(dossier: Mapping[str, Any], known_since: date | None = None) -> Enacted:
    """The provision in a dossier as the rule books take it."""
    document = dossier["document"]
    source = Document(
        document["number"], document["title"], issuer=document["issuer"], date=date.fromisoformat(document["issued_on"])
    )
    return Enacted(
        dossier["place"], dossier["rule"], date.fromisoformat(dossier["since"]), dossier["value"], dossier["status"],
        source, dossier["clause"], dossier["says"], known_since,
    )


def begun(rule: str, since: date, today: date) -> str:
    """Which period a rule of ``since`` falls into that has begun on ``today``: day, month or year; empty for none."""
    stage, name = rule.split(".", 1)[0], rule_names().get(rule)
    if name is None or name.unit not in PROCEDURAL:
        if stage in YEARLY:
            return "year" if since.year <= today.year else ""
        if stage in MONTHLY:
            return "month" if since.replace(day=1) <= today else ""
    return "day" if since <= today else ""


def places_under(place: str) -> list[str]:
    """The place and every place whose rules it binds."""
    return [code for code in rules.rulebook().places if place in rules.place_chain(code)]


def years_before(day: date, years: int) -> date:
    """The same day ``years`` earlier, the last of February where there is no such day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def later_than(connection: Connection, case_id: int) -> Any | None:
    """What was enacted after this case for the same rule and place, the first of it; ``None`` while it stands."""
    own, later = enacted_rules.alias("own"), enacted_rules.alias("later")
    query = (
        select(later)
        .join(own, (own.c.place == later.c.place) & (own.c.rule == later.c.rule) & (own.c.seq < later.c.seq))
        .where(own.c.case_id == case_id)
        .order_by(later.c.seq)
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def standing(connection: Connection) -> list[Any]:
    """Everything enacted, in its order."""
    return list(connection.execute(select(enacted_rules).order_by(enacted_rules.c.seq)))
