"""Bars of amounts for a drawing without script: where each begins and ends, and the sentence that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from governance.money import yuan
from workflow.i18n import lazy as _
from workflow.i18n import wan
from workflow.pages import words

WIDTH, LEFT, RIGHT = 420, 4, 92
LABEL, BAR, GAP = 18, 13, 12
ROOM = 62
KINDS = ("decided", "tried")


def bars(title: Any, rows: Sequence[tuple[str, int | None, int | None]]) -> SimpleNamespace | None:
    """Two bars a row, decided and tried, in fen, from one zero; None where there is nothing to draw."""
    amounts = [fen for _label, *pair in rows for fen in pair if fen is not None]
    if not amounts or not any(amounts):
        return None
    low, high = min(0, *amounts), max(0, *amounts)
    width = WIDTH - LEFT - RIGHT
    zero = LEFT + (-low * width) // (high - low)
    drawn, top = [], 4
    for label, *pair in rows:
        parts = []
        for place, (fen, kind) in enumerate(zip(pair, KINDS, strict=True)):
            if fen is not None:
                parts.append(_bar(fen, kind, zero, width, high - low, top + LABEL + place * (BAR + 2)))
        drawn.append(SimpleNamespace(label=_short(label), y=top + LABEL - 5, parts=parts))
        top += LABEL + 2 * (BAR + 2) + GAP
    return SimpleNamespace(
        title=title, width=WIDTH, height=top, zero=zero, left=LEFT, bar=BAR, rows=drawn, said=_said(rows),
        kinds=[kind for place, kind in enumerate(KINDS, 1) if any(row[place] is not None for row in rows)],
    )  # fmt: skip


def _short(label: str) -> str:
    """As much of a label as fits above its bars; the table beside them has all of it."""
    room = ROOM
    for place, letter in enumerate(label):
        room -= 2 if ord(letter) > 0x2E7F else 1
        if room < 0:
            return f"{label[:place]}…"
    return label


def _bar(fen: int, kind: str, zero: int, width: int, span: int, y: int) -> SimpleNamespace:
    length = max(1, abs(fen) * width // span) if fen else 0
    x = zero if fen >= 0 else zero - length
    return SimpleNamespace(
        x=x, y=y, length=length, kind=kind, negative=fen < 0, text=wan(fen),
        text_x=zero + (length if fen >= 0 else 0) + 5, text_y=y + BAR - 2,
    )  # fmt: skip


def _said(rows: Sequence[tuple[str, int | None, int | None]]) -> str:
    """The numbers of a drawing as a sentence, for whoever does not see it."""
    said = []
    for label, decided, trial in rows:
        pair = [_("已定 %(amount)s 元", amount=yuan(decided))] if decided is not None else []
        pair += [_("试算 %(amount)s 元", amount=yuan(trial))] if trial is not None else []
        said.append(f"{label} {words.pick('，', ', ').join(str(one) for one in pair)}")
    return str(words.pick("；", "; ").join(said))


# Which lines of a sheet are drawn: those under a prefix, or the named ones.
DRAWN: Mapping[str, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    "surplus-plan": ((_("县乡村三级"), ("tiers.*",)), (_("各成员单位"), ("members.*",))),
    "annual-clearing": ((_("清算主要金额"), (
        "surplus_fen", "overrun_fen", "retained_fen", "fund_share_fen", "own_share_fen", "deposit_returned_fen",
        "due_fen",
    )),),
    "budget": ((_("总额"), ("package_fen", "approved_fen")), (_("各医共体"), ("consortia.*",))),
    "monthly-settlement": (
        (_("结算主要金额"), ("gross_fen", "audit_deduction_fen", "deposit_fen", "net_to_lead_fen")),
    ),
}  # fmt: skip


def drawings(sheet: str, rows: Sequence[Any]) -> list[SimpleNamespace]:
    """The drawings of a compared sheet."""
    found = []
    for title, keys in DRAWN.get(sheet, ()):
        picked = [row for row in rows if _drawn(row.key, keys)]
        drawing = bars(title, [(row.label, _fen(row.before), _fen(row.after)) for row in picked])
        if drawing:
            found.append(drawing)
    return found


def _drawn(key: str, keys: tuple[str, ...]) -> bool:
    return any(key == one or (one.endswith(".*") and key.startswith(one[:-1]) and key.count(".") == 1) for one in keys)


def _fen(line: Any) -> int | None:
    fen: int | None = line.amount_fen if line else None
    return fen
