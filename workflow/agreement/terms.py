"""What a draft says, checked field by field before it is kept; what may stay blank until it is proposed stays blank."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from governance.refusal import Refusal, Refused
from workflow.agreement.model import POOLS, TERM_LABELS
from workflow.clocks import months_after
from workflow.i18n import lazy as _

LONGEST_NAME = 200
LONGEST_TEXT = 4000
LARGEST_FEN = 10**15
CLERK = _("医保经办机构经办")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?", re.ASCII)


def wrong(field: str, reason: Any, reason_en: str = "") -> Refusal:
    """One field is wrong."""
    return Refusal(reason=reason, reason_en=reason_en, who=CLERK, field=field, fact=field)


def drafted(given: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of an agreement from what was typed.

    Amounts are integer fen, days ISO text, numbers agreed on are text. Raises ``Refused`` with every field that is
    wrong: a day that is none, an amount below zero, a pool or a term that does not exist.
    """
    bad: list[Refusal] = []
    pools = [pool for pool in POOLS if pool in (given.get("pools") or [])]
    _known(given.get("pools") or [], POOLS, "pools", bad)
    _known(given.get("terms") or {}, TERM_LABELS, "terms", bad)
    prepayment_fen = {
        pool: _fen(fen, f"prepayment_fen.{pool}", bad)
        for pool, fen in (given.get("prepayment_fen") or {}).items()
        if fen is not None
    }
    _known(prepayment_fen, pools, "prepayment_fen", bad)
    body: dict[str, Any] = {
        "number": _text(given.get("number"), "number", LONGEST_NAME, bad),
        "start": _day(given.get("start"), "start", bad),
        "end": _day(given.get("end"), "end", bad),
        "pools": pools,
        "answers": _answers(given.get("answers") or {}, bad),
        "overrun_circumstances": [
            text for one in given.get("overrun_circumstances") or []
            if (text := _text(one, "overrun_circumstances", LONGEST_TEXT, bad))
        ],
        "prepayment_fen": prepayment_fen,
        "terms": {
            key: text for key, one in (given.get("terms") or {}).items()
            if (text := _text(one, f"terms.{key}", LONGEST_TEXT, bad))
        },
    }
    if body["start"] and body["end"] and body["end"] < body["start"]:
        bad.append(wrong("end", _("协议结束日期早于开始日期"), "The agreement ends before it starts"))
    if bad:
        raise Refused(*bad)
    return body


def renewed(dossier: Mapping[str, Any], months: int) -> dict[str, Any]:
    """The draft with which the renewal of ``dossier`` begins: the same terms for the ``months`` that follow its end."""
    start = date.fromisoformat(dossier["end"]) + timedelta(days=1)
    kept = ("consortium", "pools", "answers", "overrun_circumstances", "prepayment_fen", "terms", "recognition")
    return {
        **{name: dossier[name] for name in kept if name in dossier},
        "number": "",
        "start": start.isoformat(),
        "end": (months_after(start, months) - timedelta(days=1)).isoformat(),
        "renews": dossier["number"],
    }


def day(value: Any, field: str, reason: Any) -> date:
    """The day typed in ``field``; raises ``Refused`` with ``reason`` when it is missing or no day."""
    try:
        return date.fromisoformat(str(value or "").strip())
    except ValueError as error:
        raise Refused(wrong(field, reason)) from error


def said(value: Any, field: str, reason: Any) -> str:
    """The words typed in ``field``; raises ``Refused`` with ``reason`` when there are none."""
    text = str(value or "").strip()
    if not text:
        raise Refused(wrong(field, reason))
    return text[:LONGEST_TEXT]


def _known(found: Iterable[str], known: Iterable[str], field: str, bad: list[Refusal]) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        bad.append(wrong(field, _("没有这一项：%(names)s", names="、".join(unknown)), f"Not known: {unknown}"))


def _text(value: Any, field: str, most: int, bad: list[Refusal]) -> str:
    text = str(value or "").strip()
    if len(text) > most:
        bad.append(wrong(field, _("文字过长，最多 %(most)s 字", most=most)))
    return text


def _day(value: Any, field: str, bad: list[Refusal]) -> str | None:
    text = str(value or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        bad.append(wrong(field, _("“%(text)s”不是日期，请按 2026-11-23 的样子填写", text=text[:20])))
        return None


def _fen(value: Any, field: str, bad: list[Refusal]) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_FEN:
        bad.append(wrong(field, _("金额应为以分计的整数，不能为负"), "An amount must be whole fen, not negative"))
        return 0
    return value


def _answers(given: Mapping[str, Any], bad: list[Refusal]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for rule, answer in given.items():
        if answer in (None, "", {}, []):
            continue
        if isinstance(answer, str) and not _NUMBER.fullmatch(answer):
            bad.append(wrong(rule, _("“%(answer)s”不是数字", answer=answer[:20]), "Not a number"))
        elif not isinstance(answer, str | dict | list):
            bad.append(wrong(rule, _("协议约定的数字要写成文字，例如 0.05"), "A number is written as text"))
        answers[rule] = answer
    return answers
