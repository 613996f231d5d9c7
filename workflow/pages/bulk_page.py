"""Several cases taken through one step from a list: each looked at, and decided, on its own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Engine, select

from governance.refusal import Refusal, Refused
from workflow import door, lifecycle, scope
from workflow.attempt import ON_PAGE, SYSTEM, Actor, Attempt, Case
from workflow.i18n import lazy as _
from workflow.machines import STAGES, Step
from workflow.model import cases
from workflow.organisations.model import consortia
from workflow.pages import words
from workflow.pages.lists import case_subject, case_title, case_url

MOST = 50
_ITEM = re.compile(r"(?P<case>[1-9]\d{0,17})@(?P<seen>\d{1,9}:[0-9a-f]{16})(?:@(?P<key>[\w-]{8,64}))?")


@dataclass(frozen=True, slots=True)
class Item:
    """A case picked from a list: the version it was listed in, and the key its decision is sent under."""

    case_id: int
    seen: str
    key: str

    @property
    def text(self) -> str:
        """How the item is sent with a form."""
        return f"{self.case_id}@{self.seen}@{self.key}"


def items_of(texts: Sequence[str]) -> list[Item]:
    """The items sent with a form, each case once; what is no item is left out. A new item gets a key of its own."""
    found: dict[int, Item] = {}
    for match in filter(None, map(_ITEM.fullmatch, texts)):
        number = int(match["case"])
        found.setdefault(number, Item(number, match["seen"], match["key"] or secrets.token_urlsafe(18)))
    return list(found.values())


def steps_named(stage: str, trigger: str) -> list[Step]:
    """The rows of the table under this trigger that may be taken for several cases at once."""
    known = STAGES.get(stage)
    return [one for one in known.steps if one.trigger == trigger and one.bulk] if known else []


def chosen(connection: Connection, viewer: Any, stage: str, items: Sequence[Item]) -> dict[int, tuple[Case, Any]]:
    """The cases of ``items`` that the viewer may see, each with its consortium."""
    query = (
        select(cases, consortia.c.name.label("consortium"), consortia.c.name_en.label("consortium_en"))
        .join(consortia, consortia.c.id == cases.c.consortium_id)
        .where(cases.c.id.in_([one.case_id for one in items]), cases.c.stage == stage, scope.visible(viewer.seats))
    )
    return {row.id: (Case(*row[: len(Case.__slots__)]), row) for row in connection.execute(query)}


def actor_of(attempt: Attempt, viewer: Any, step: Step) -> tuple[Actor | None, list[Refusal]]:
    """From which seat the viewer would take ``step``, an open one first, and why it is closed to them."""
    tried = [
        (actor, lifecycle.guard_refusals(attempt.by(actor), step))
        for actor in scope.actors_for(viewer, step, attempt.parties, attempt.case.stage)
    ]
    if not tried:
        return None, [lifecycle.not_yours(step, attempt)]
    return next((one for one in tried if not one[1]), tried[0])


def listed(
    connection: Connection, viewer: Any, stage: str, trigger: str, items: Sequence[Item], at: Any
) -> list[SimpleNamespace]:
    """Each picked case with what would happen to it: its amount, its state, and every reason why not."""
    seen = chosen(connection, viewer, stage, items)
    return [_row(connection, seen.get(one.case_id), viewer, trigger, one, at) for one in items]


def _row(connection: Connection, found: Any, viewer: Any, trigger: str, item: Item, at: Any) -> SimpleNamespace:
    if found is None:
        return _missing(item)
    case, row = found
    attempt = Attempt(connection, case, SYSTEM, at, read={ON_PAGE: {}})
    step = attempt.stage.step_from(case.state, trigger)
    known = step or next(one for one in attempt.stage.steps if one.trigger == trigger)
    actor, refusals = actor_of(attempt, viewer, known)
    if step is None:
        refusals = [lifecycle.out_of_order(attempt, trigger)]
    return SimpleNamespace(
        **named(case, row), item=item, amount_fen=case.amount_fen, state_label=attempt.stage.state_labels[case.state],
        refusals=[words.shown(one) for one in refusals], actor=actor, done=False,
    )  # fmt: skip


def named(case: Case, row: Any) -> dict[str, Any]:
    """What a case of the list is called, and where it is shown."""
    name = words.pick(row.consortium, row.consortium_en)
    return {
        "title": case_title(case.stage, name, case.period), "subject": case_subject(case.stage, case.period),
        "consortium": name, "pool_label": words.POOLS[case.pool], "url": case_url(case.stage, case.id),
    }  # fmt: skip


def _missing(item: Item) -> SimpleNamespace:
    """A case that is not there for the viewer; nothing of it is told."""
    said = words.shown(Refusal(reason=_("找不到这一件，或者您看不到它"), fact="scope"))
    return SimpleNamespace(
        title=_("第 %(number)s 号", number=item.case_id), subject="", consortium="", pool_label="", url="", item=item,
        amount_fen=None, state_label="", refusals=[said], actor=None, done=False,
    )  # fmt: skip


def take_each(
    engine: Engine, rows: Sequence[SimpleNamespace], viewer: Any, stage: str, trigger: str, data: dict[str, Any]
) -> list[SimpleNamespace]:
    """Decide each case of ``rows`` in a transaction of its own; what is refused says why and touches no other."""
    for row in rows:
        if row.actor is not None:
            _take(engine, row, viewer, stage, trigger, data)
    return list(rows)


def _take(engine: Engine, row: SimpleNamespace, viewer: Any, stage: str, trigger: str, data: dict[str, Any]) -> None:
    key = f"web:{viewer.person_id}:{row.item.key}"
    try:
        answer = door.take(
            engine, row.item.case_id, trigger, actor=row.actor, key=key, data=data, seen=row.item.seen
        )
    except lifecycle.NotFound:
        row.refusals = _missing(row.item).refusals
    except door.KeyReused:
        row.refusals = [words.shown(Refusal(reason=_("这一件已用另一份意见提交过，没有再次办理"), fact="key"))]
    except Refused as refused:
        row.refusals = [words.shown(one) for one in refused.refusals]
    else:
        row.done, row.refusals = True, []
        row.state_label = STAGES[stage].state_labels[answer["state"]]
