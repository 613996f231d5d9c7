"""The facts of worksheets as they come in a file: JSON, or JSON Lines, each read or refused by the fact's name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.facts import refusal
from governance.refusal import Refusal, Refused

DEEPEST = 40
LONGEST_NUMBER = 20
WHOLE = "facts"


@dataclass(frozen=True, slots=True)
class _OddNumber:
    """A number that is no whole number of ordinary size, as it was written."""

    text: str


class _GivenTwice(dict[str, Any]):
    """An object some of whose names were given twice."""

    names: tuple[str, ...] = ()


def chunks(content: bytes, *, lines: bool) -> Iterator[tuple[int, bytes]]:
    """Each set of facts with the line it stands on: the whole file, or every line that is not blank."""
    if not lines:
        yield 1, content
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def read(content: bytes, line: int = 1) -> Any:
    """Facts from JSON in UTF-8. ``line`` is where they start.

    Raises ``Refused`` naming every fact that is a fraction, given twice or nested too deeply; ``facts`` names the
    whole where it is no JSON.
    """
    try:
        found = json.loads(
            content.decode("utf-8-sig"), parse_float=_OddNumber, parse_constant=_OddNumber, parse_int=_whole,
            object_pairs_hook=_once,
        )  # fmt: skip
    except json.JSONDecodeError as error:
        spot, spot_en = _spot(line + error.lineno - 1, error.colno)
        raise Refused(refusal(WHOLE, f"不是合格的 JSON（{spot}）", f"not JSON ({spot_en})")) from error
    except UnicodeDecodeError as error:
        raise Refused(refusal(WHOLE, f"不是 UTF-8 编码（第 {line} 行起）", f"not UTF-8 (from line {line})")) from error
    except RecursionError as error:
        raise Refused(_too_deep(WHOLE)) from error
    wrong = list(_wrongs(found))
    if wrong:
        raise Refused(*wrong)
    return found


def _spot(line: int, column: int) -> tuple[str, str]:
    return f"第 {line} 行第 {column} 个字符", f"line {line} column {column}"


def _whole(text: str) -> int | _OddNumber:
    return int(text) if len(text) <= LONGEST_NUMBER else _OddNumber(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _value in pairs]
    marked = _GivenTwice(found)
    marked.names = tuple(name for name in found if names.count(name) > 1)
    return marked


def _wrongs(facts: Any) -> Iterator[Refusal]:
    """What is wrong with facts before any worksheet reads them, in the order of the file."""
    waiting: list[tuple[str, Any, int]] = [("", facts, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        name = path or WHOLE
        if depth > DEEPEST:
            yield _too_deep(name)
            return
        if isinstance(value, _OddNumber):
            yield _odd(name, value.text)
        elif isinstance(value, str) and not _is_text(value):
            yield refusal(name, "文字里有不成对的代理字符", "the text has a lone surrogate")
        elif isinstance(value, Mapping):
            if isinstance(value, _GivenTwice):
                yield from (refusal(_under(path, one), "同一名称出现两次", "is given twice") for one in value.names)
            waiting += reversed([(_under(path, one), inner, depth + 1) for one, inner in value.items()])
        elif isinstance(value, list):
            waiting += reversed([(f"{path}[{place}]", inner, depth + 1) for place, inner in enumerate(value)])


def _under(path: str, name: str) -> str:
    shown = name[:100] if _is_text(name) else ascii(name)[1:-1][:100]
    return f"{path}.{shown}" if path else shown


def _is_text(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _too_deep(name: str) -> Refusal:
    return refusal(name[:200], f"嵌套超过 {DEEPEST} 层", f"nested deeper than {DEEPEST}")


def _odd(name: str, text: str) -> Refusal:
    shown = text[:40]
    if text.lstrip("-").isdigit():
        return refusal(name, f"数 {shown}… 过大", f"{shown}… is too large")
    return refusal(
        name, f"数 {shown} 不是整数：金额写分的整数，比率写成加引号的文字，例如 \"0.95\"",
        f"{shown} is not a whole number: amounts are whole fen, ratios quoted text such as \"0.95\"",
    )  # fmt: skip
