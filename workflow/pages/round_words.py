"""What stands around a seat's decision, in words: whom it asked besides, and the paper it was signed on."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from governance.roles import BETWEEN
from workflow import decisions
from workflow.i18n import lazy as _
from workflow.pages import words
from workflow.pages.case_reading import Reading
from workflow.rounds import Round

PLACES = {"before": _("先加签"), "beside": _("并行加签"), "after": _("后加签")}


def asked(one: Round, seat_key: str, heard: bool) -> list[SimpleNamespace]:
    """Whom a seat asked and what they said; how an office makes up its mind is its own while the round is open."""
    if not heard:
        return []
    return [
        SimpleNamespace(
            label=added.label,
            place=PLACES[added.place],
            status=_status(added),
            final=added.decision is not None,
            verdict=decisions.VERDICTS[added.verdict] if added.verdict else "",
            opinion=added.decision.opinion if added.decision else "",
            at=added.decision.at if added.decision else None,
        )
        for added in one.added
        if added.parent_key == seat_key
    ]


def levels(chain: tuple[str, ...], said: Mapping[str, Any], reading: Reading) -> list[SimpleNamespace]:
    """What each level of a longer chain said, lowest first, and whom it still waits for; of a chain of two nothing.

    What the last one decided is the seat's own word, and stands above them.
    """
    if not set(chain) & set(BETWEEN):
        return []
    return [
        SimpleNamespace(
            label=decisions.link_label(link),
            final=link in said,
            verdict=decisions.VERDICTS[said[link].verdict] if link in said else "",
            opinion=said[link].opinion if link in said else "",
            person=reading.person(said[link].person_id) if link in said else "",
            at=said[link].at if link in said else None,
        )
        for link in (chain[:-1] if chain[-1] in said else chain)
    ]


def awaited(link: str, one: Round) -> str:
    """That a round waits for a link of a seat, or never got it."""
    label = decisions.link_label(link)
    if one.outcome != "open":
        return str(words.pick(f"{label}：未作出", f"{label}: not given"))
    return str(words.pick(f"待{label}", f"awaits: {label}"))


def _status(added: Any) -> Any:
    if not added.stands:
        return _("已撤回")
    return _("已出具") if added.decision else _("待出具")


def on_paper(decision: Any) -> Any:
    """The number of the paper on which a seat's decision was signed, or nothing."""
    number = getattr(decision, "document_number", None)
    return _("线下签署 %(number)s", number=number) if number else ""


def note(data: Mapping[str, Any]) -> str:
    """What a record says besides: opinion, reason or note, and the number of the paper where there is one."""
    said = str(data.get("opinion") or data.get("reason") or data.get("note") or "")
    paper = data.get("paper")
    number = f"线下签署 {paper['number']}" if paper else ""
    return "　".join(part for part in (number, said) if part)
