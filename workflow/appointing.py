"""Who put whom in office: nobody takes a duty in a case beside somebody whom they seated, or who seated them.

A seat tells who granted it. Whoever grants seats could otherwise decide twice: once themselves, once through whom they
seated. A seat granted from the machine's own command line is granted by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, literal, null, or_, select

from governance.refusal import Refusal
from workflow.i18n import lazy as _
from workflow.model import case_actors, records
from workflow.organisations.model import persons, seats

if TYPE_CHECKING:
    from workflow.actor import Actor
    from workflow.standing import Bound

_CASE, _PERSON = bindparam("case"), bindparam("person")


def _acted_from(seat: Any) -> Any:
    """Somebody has acted in the case from such a seat: who acts for another acts from theirs."""
    return exists().where(
        records.c.case_id == _CASE, records.c.organisation_id == seat.c.organisation_id, records.c.role == seat.c.role
    )


def _has_duty(person: Any) -> Any:
    return exists().where(case_actors.c.case_id == _CASE, case_actors.c.person_id == person)


def columns_of_standing() -> tuple[Any, Any]:
    """For the actor's row in ``seats``: the name of whom they seated that has a duty here, and of who seated them.

    Whoever acts for somebody whom they seated themselves counts as such.
    """
    theirs, one, granter = seats.alias("granted"), persons.alias("one_seated"), persons.alias("granter")
    seated = (
        select(one.c.name)
        .join_from(theirs, one, one.c.id == theirs.c.person_id)
        .where(theirs.c.granted_by.in_((_PERSON, bindparam("holder"))), _has_duty(one.c.id), _acted_from(theirs))
        .order_by(theirs.c.id)
        .limit(1)
    )
    by = select(granter.c.name).where(
        granter.c.id == seats.c.granted_by, or_(granter.c.id == _PERSON, _has_duty(granter.c.id))
    )
    return seated.scalar_subquery().label("seated"), by.correlate(seats).scalar_subquery().label("seated_by")


def rows_of_a_page() -> list[Any]:
    """The same for everybody, as rows: people with whom they seated, and seats (in place of a person) with by whom."""
    theirs, one = seats.alias("granted"), persons.alias("one_seated")
    granter, held, given = persons.alias("granter"), case_actors.alias("held"), seats.alias("given")
    nothing = (null(), null(), null())
    return [
        select(literal("appointed"), theirs.c.granted_by, one.c.name, *nothing)
        .join_from(theirs, one, one.c.id == theirs.c.person_id)
        .where(theirs.c.granted_by.isnot(None), _has_duty(one.c.id), _acted_from(theirs)),
        select(literal("appointed_by"), given.c.id, granter.c.name, *nothing)
        .join_from(given, granter, granter.c.id == given.c.granted_by)
        .join(held, (held.c.case_id == _CASE) & (held.c.person_id == granter.c.id)),
    ]


def refusal(bound: Bound, actor: Actor) -> Refusal | None:
    """Why the actor may take no duty in the case: someone they seated has one, or who seated them."""
    seated = next((bound.appointed[one] for one in sorted(actor.bound_people) if one in bound.appointed), None)
    by = bound.appointed_by.get(actor.seat_id or 0)
    if seated is None and by is None:
        return None
    reason = (
        _("%(name)s的席位由您（或授权人）授予，并已在本件中承担岗位；授予席位的人不能在同一件中再承担岗位", name=seated)
        if seated is not None
        else _("您办理所用的席位由%(name)s授予，授予席位的人已在本件中承担岗位或正由其本人使用，不能再承担岗位", name=by)
    )
    return Refusal(reason=reason, who=_("同一单位的另一人"), fact="appointed")
