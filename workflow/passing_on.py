"""Rows of a stage's table for those between reviewer and head: each passes the matter on, or sends it back.

Every ballot that a head decides gets one for each such link, and one mechanism serves all stages. Where the place's
rule asks for none of them, nobody is offered them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from governance.roles import BETWEEN, Duty
from workflow.i18n import lazy as _
from workflow.links import LAST, asked_of_this_post, is_asked, posts
from workflow.machines import STAY, Step
from workflow.returning import SEND_BACK

TRIGGERS = {"section": "pass_section", "division": "pass_division"}
LABELS = {"section": _("科室负责人审核，报上一级"), "division": _("分管负责人审核，报上一级")}


def passed_on(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The rows of a table, before each head's decision those of the links that a place may ask for."""
    found: list[Step] = []
    rows = list(steps)
    heads = [one for one in rows if one.casts and one.casts[1] == LAST]
    for one in rows:
        if one in heads:
            found += [_row(one, link) for link in BETWEEN]
        found.append(_returning(one, heads) if one.trigger == SEND_BACK and one.dests else one)
    return tuple(found)


def _row(head: Step, link: str) -> Step:
    """The row of ``link`` before the decision of ``head``, under the same conditions."""
    ballot = head.casts[0] if head.casts else ""
    return replace(
        head, trigger=TRIGGERS[link], dest=STAY, label=LABELS[link], by=posts(head.by, (link,)), duty=Duty.REVIEW,
        casts=(ballot, link), guards=(asked_of_this_post, *head.guards), waiting=None, recallable=False,
        offered=is_asked, edits=False,
    )  # fmt: skip


def _returning(row: Step, heads: Iterable[Step]) -> Step:
    """A return that a deciding head may make, open to the posts before the head as well."""
    here = [role for one in heads if set(one.source) & set(row.source) for role in one.by if role in row.by]
    if not here:
        return row
    more = posts(tuple(dict.fromkeys(here)), BETWEEN)
    return replace(row, by=(*row.by, *more), guards=(asked_of_this_post, *row.guards), offered=is_asked)
