"""What a takeover's proposal says, checked field by field before it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from governance.refusal import Refusal, Refused
from workflow.i18n import lazy as _
from workflow.takeover.model import OPENING_AMOUNTS, POOLS

LONGEST_TEXT = 200
LARGEST_FEN = 10**15
WHO = _("医保经办机构经办")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,8})?", re.ASCII)


def wrong(field: str, reason: Any, reason_en: str = "") -> Refusal:
    """One field of the proposal is wrong."""
    return Refusal(reason=reason, reason_en=reason_en, who=WHO, field=field, fact=field)


def proposal(given: Mapping[str, Any], members: Iterable[str], today: date) -> dict[str, Any]:
    """The dossier of a takeover from what was typed; blank parts stay blank.

    Amounts are integer fen, days ISO text. Raises ``Refused`` with every field that is wrong: a day that is none or
    lies in the wrong order, an amount below zero, a pool or member that is not the consortium's.
    """
    bad: list[Refusal] = []
    codes = list(members)
    pools = [pool for pool in POOLS if pool in (given.get("pools") or [])]
    if unknown := set(given.get("pools") or []) - set(POOLS):
        bad.append(wrong("pools", _("没有这样的险种：%(pools)s", pools="、".join(sorted(unknown)))))
    body = {
        "effective": _day(given, "effective", bad),
        "recognition": {
            "document": _text(given, "recognition_document", bad), "date": _day(given, "recognition_date", bad),
        },
        "agreement": {
            "number": _text(given, "agreement_number", bad),
            "start": _day(given, "agreement_start", bad),
            "end": _day(given, "agreement_end", bad),
            "answers": _answers(given.get("answers") or {}, bad),
            "prepayment_fen": {
                pool: _fen(fen, f"prepayment_fen.{pool}", bad)
                for pool, fen in (given.get("prepayment_fen") or {}).items()
            },
        },
        "opening": {
            pool: _opening(pool, opening, codes, bad) for pool, opening in (given.get("opening") or {}).items()
        },
        "members": codes,
        "pools": pools,
    }
    _pools_match(body, bad)
    _days_in_order(body, today, bad)
    if bad:
        raise Refused(*bad)
    return body


def _text(given: Mapping[str, Any], name: str, bad: list[Refusal]) -> str:
    text = str(given.get(name) or "").strip()
    if len(text) > LONGEST_TEXT:
        bad.append(wrong(name, _("文字过长，最多 %(most)s 字", most=LONGEST_TEXT)))
    return text


def _day(given: Mapping[str, Any], name: str, bad: list[Refusal]) -> str | None:
    text = str(given.get(name) or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        bad.append(wrong(name, _("“%(text)s”不是日期，请按 2026-11-23 的样子填写", text=text[:20])))
        return None


def _fen(value: Any, name: str, bad: list[Refusal], *, signed: bool = False) -> int | None:
    if value is None:
        return None
    if type(value) is not int or abs(value) > LARGEST_FEN:
        bad.append(wrong(name, _("金额应为以分计的整数"), "An amount must be whole fen"))
        return None
    if value < 0 and not signed:
        bad.append(wrong(name, _("金额不能为负数"), "An amount may not be negative"))
    return value


def _opening(pool: str, given: Mapping[str, Any], members: list[str], bad: list[Refusal]) -> dict[str, Any]:
    opening: dict[str, Any] = {name: _fen(given.get(name), f"opening.{pool}.{name}", bad) for name in OPENING_AMOUNTS}
    carry = {
        code: _fen(fen, f"opening.{pool}.carry.{code}", bad) for code, fen in (given.get("carry") or {}).items()
    }
    if unknown := sorted(carry.keys() - set(members)):
        bad.append(wrong(f"opening.{pool}.carry", _("不是本医共体的成员单位：%(codes)s", codes="、".join(unknown))))
    return {**opening, "carry": {code: fen for code, fen in carry.items() if fen}}


def _answers(given: Mapping[str, Any], bad: list[Refusal]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for rule, answer in given.items():
        if answer in (None, ""):
            continue
        if isinstance(answer, float | int):
            bad.append(wrong(rule, _("协议约定的数字要写成文字，例如 0.05"), "A number is written as text"))
        elif isinstance(answer, str) and rule != "settlement.prepayment" and not _NUMBER.fullmatch(answer):
            bad.append(wrong(rule, _("“%(answer)s”不是数字", answer=answer[:20]), "Not a number"))
        answers[rule] = answer
    return answers


def _pools_match(body: Mapping[str, Any], bad: list[Refusal]) -> None:
    for name, found in (("opening", body["opening"]), ("prepayment_fen", body["agreement"]["prepayment_fen"])):
        if extra := sorted(found.keys() - set(body["pools"])):
            bad.append(wrong(name, _("没有选择险种“%(pools)s”，却填了它的金额", pools="、".join(extra))))


def _days_in_order(body: Mapping[str, Any], today: date, bad: list[Refusal]) -> None:
    start, end = body["agreement"]["start"], body["agreement"]["end"]
    if start and end and end < start:
        bad.append(wrong("agreement_end", _("协议结束日期早于开始日期"), "The agreement ends before it starts"))
    recognised, effective = body["recognition"]["date"], body["effective"]
    if recognised and recognised > today.isoformat():
        bad.append(wrong("recognition_date", _("认定日期不能晚于今天"), "The recognition lies in the future"))
    if recognised and effective and effective < recognised:
        bad.append(wrong("effective", _("接入日期早于认定日期"), "The takeover is earlier than the recognition"))


def tiers_from_text(text: str) -> dict[str, Any] | None:
    """Tiers of an overrun from lines ``上限 基金分担`` (``0.05 0.6``; the last ``以上 0``); ``None`` for no text.

    Raises ``ValueError`` naming the line that is wrong.
    """
    tiers: list[dict[str, str | None]] = []
    for line in filter(None, (one.strip() for one in text.splitlines())):
        parts = line.split()
        if len(parts) != 2 or not _NUMBER.fullmatch(parts[1]):
            raise ValueError(line)
        if parts[0] != "以上" and not _NUMBER.fullmatch(parts[0]):
            raise ValueError(line)
        tiers.append({"upto": None if parts[0] == "以上" else parts[0], "fund": parts[1]})
    return {"tiers": tiers} if tiers else None


def tiers_as_text(answer: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> str:
    """The lines from which ``tiers_from_text`` reads the same tiers; an answer may also be the bare list of tiers."""
    rows = answer.get("tiers", []) if isinstance(answer, Mapping) else answer or []
    return "\n".join(f"{row['upto'] if row['upto'] is not None else '以上'} {row['fund']}" for row in rows)
