"""The facts of a worksheet: one declaration reads them, refuses bad ones by name, and writes their JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, Protocol

from governance.refusal import Refusal, Refused

LARGEST = 10**17
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
WHO, WHO_EN = "经办填报人", "whoever entered the facts"


class Kind(Protocol):
    """One kind of fact: how it is read and how JSON Schema says it."""

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> Any: ...
    def schema(self) -> dict[str, Any]: ...


def refusal(fact: str, zh: str, en: str) -> Refusal:
    """A refusal that names the fact in both languages."""
    return Refusal(reason=f"填报数据有误：{fact}：{zh}", reason_en=f"Bad fact: {fact}: {en}",
                   who=WHO, who_en=WHO_EN, fact=fact)


def refuse(fact: str, zh: str, en: str) -> NoReturn:
    """Raises Refused over one fact."""
    raise Refused(refusal(fact, zh, en))


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer: fen, heads, a year. Truth values, floats and text are not integers."""

    least: int | None = None
    most: int = LARGEST

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> int:
        if type(value) is not int:
            bad.append(refusal(fact, "应为整数（金额以分计，不用小数）", "must be an integer (amounts in fen)"))
            return 0
        if self.least is not None and value < self.least:
            bad.append(refusal(fact, f"不得小于 {self.least}", f"may not be less than {self.least}"))
        elif abs(value) > self.most:
            bad.append(refusal(fact, f"不得大于 {self.most}", f"may not exceed {self.most}"))
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": -self.most if self.least is None else self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number as text (``"0.95"``) or integer, read as Decimal; never a float."""

    least: str | None = "0"
    most: str | None = None

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> Decimal:
        if type(value) is not int and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
            bad.append(refusal(fact, '应为加引号的十进制数，例如 "0.95"', 'must be a quoted decimal such as "0.95"'))
            return Decimal(0)
        number = Decimal(value)
        if self.least is not None and number < Decimal(self.least):
            bad.append(refusal(fact, f"不得小于 {self.least}", f"may not be less than {self.least}"))
        if self.most is not None and number > Decimal(self.most):
            bad.append(refusal(fact, f"不得大于 {self.most}", f"may not exceed {self.most}"))
        return number

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most}
        said = ", ".join(f"{name} {bound}" for name, bound in bounds.items() if bound is not None)
        return {"type": ["string", "integer"], "pattern": f"^{_NUMBER.pattern}$", "description": said or "any number"}


@dataclass(frozen=True, slots=True)
class Text:
    """Words, or one of ``choices``, or what ``pattern`` allows; never empty."""

    choices: tuple[str, ...] = ()
    pattern: str = ""

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > 2000:
            bad.append(refusal(fact, "应为文字", "must be text"))
            return ""
        if self.choices and value not in self.choices:
            allowed = ", ".join(self.choices)
            bad.append(refusal(fact, f"“{value}”不在可选范围：{allowed}", f"“{value}” is not one of {allowed}"))
        if self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            bad.append(refusal(fact, f"“{value}”写法不对：应形如 {self.pattern}", f"must match {self.pattern}"))
        return value

    def schema(self) -> dict[str, Any]:
        said: dict[str, Any] = {"type": "string", "minLength": 1}
        if self.choices:
            said["enum"] = list(self.choices)
        if self.pattern:
            said["pattern"] = f"^{self.pattern}$"
        return said


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> bool:
        if not isinstance(value, bool):
            bad.append(refusal(fact, "应为是（true）或否（false）", "must be true or false"))
        return value is True

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The first of several kinds that reads the value without a complaint."""

    kinds: tuple[Kind, ...]

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> Any:
        first: list[Refusal] = []
        for kind in self.kinds:
            found: list[Refusal] = []
            read = kind.read(value, fact, found)
            if not found:
                return read
            first = first or found
        bad.extend(first)
        return None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one kind, at least ``least`` long, each ``key`` at most once."""

    kind: Kind
    least: int = 0
    key: str = ""

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> list[Any]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            bad.append(refusal(fact, "应为列表", "must be a list"))
            return []
        if len(value) < self.least:
            bad.append(refusal(fact, f"至少要有 {self.least} 项", f"needs at least {self.least}"))
        read = [self.kind.read(item, f"{fact}[{index}]", bad) for index, item in enumerate(value)]
        seen: set[str] = set()
        for index, item in enumerate(read if self.key else ()):
            name = item.get(self.key, "")
            if name in seen:
                bad.append(refusal(f"{fact}[{index}].{self.key}", f"重复：{name}", f"given twice: {name}"))
            seen.add(name)
        return read

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "minItems": self.least, "items": self.kind.schema()}


@dataclass(frozen=True, slots=True)
class MapOf:
    """Names to one kind of value, whatever their order; only ``names`` when given, read in that order."""

    kind: Kind
    names: tuple[str, ...] = ()
    least: int = 0

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            bad.append(refusal(fact, "应为“名称: 数值”", "must map names to values"))
            return {}
        if len(value) < self.least:
            bad.append(refusal(fact, f"至少要有 {self.least} 项", f"needs at least {self.least}"))
        for name in value:
            if not isinstance(name, str) or not name or (self.names and name not in self.names):
                bad.append(refusal(f"{fact}.{name}", "不认识的名称", "is not a known name"))
        order = [*filter(value.__contains__, self.names), *sorted(value.keys() - set(self.names), key=str)]
        return {str(name): self.kind.read(value[name], f"{fact}.{name}", bad) for name in order}

    def schema(self) -> dict[str, Any]:
        said: dict[str, Any] = {"type": "object", "minProperties": self.least,
                                "additionalProperties": self.kind.schema()}
        return said | {"propertyNames": {"enum": list(self.names)}} if self.names else said


@dataclass(frozen=True, slots=True)
class Field:
    """One named fact: its kind, what people call it, and what stands in when it is absent or null."""

    kind: Kind
    title: str
    title_en: str
    optional: bool = False
    default: Any = None

    def schema(self) -> dict[str, Any]:
        """The schema of the kind with its title; what is optional may be null."""
        said = self.kind.schema()
        said = {"anyOf": [said, {"type": "null"}]} if self.optional else said
        return said | {"title": f"{self.title} / {self.title_en}"}


@dataclass(frozen=True, slots=True)
class Record:
    """Facts by name. Unread names are for display, but an amount nobody reads is refused unless ``open``."""

    fields: Mapping[str, Field]
    open: bool = False

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            bad.append(refusal(fact or "facts", "应为“名称: 数值”", "must map names to values"))
            return {}
        prefix = f"{fact}." if fact else ""
        if not self.open:
            for name in value:
                if name not in self.fields and str(name).endswith("_fen"):
                    bad.append(refusal(f"{prefix}{name}", "不认识的金额", "is an amount this sheet does not know"))
        read: dict[str, Any] = {}
        for name, field in self.fields.items():
            given = value.get(name)
            if given is not None:
                read[name] = field.kind.read(given, f"{prefix}{name}", bad)
                continue
            read[name] = field.default
            if not field.optional:
                bad.append(refusal(f"{prefix}{name}", f"缺少{field.title}", f"missing: {field.title_en}"))
        return read

    def schema(self) -> dict[str, Any]:
        properties = {name: field.schema() for name, field in self.fields.items()}
        needed = [name for name, field in self.fields.items() if not field.optional]
        said: dict[str, Any] = {"type": "object", "properties": properties, "required": needed}
        if not self.open:
            unread = {"anyOf": [{"enum": list(self.fields)}, {"not": {"pattern": "_fen$"}}]}
            said["propertyNames"] = unread
        return said


def _is_exact(said: Any) -> bool:
    """Whether plain data holds only text, integers, truth values and None, however deep."""
    if isinstance(said, Mapping):
        return all(_is_exact(inner) for inner in said.values())
    if isinstance(said, list | tuple):
        return all(_is_exact(inner) for inner in said)
    return said is None or isinstance(said, str | int)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said by name, such as an agreement's answers: the rule book checks each against its bounds."""

    def read(self, value: Any, fact: str, bad: list[Refusal]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            bad.append(refusal(fact, "应为“名称: 内容”", "must map names to what was said"))
            return {}
        for name, said in value.items():
            if not _is_exact(said):
                bad.append(refusal(f"{fact}.{name}", "数字须加引号，不用小数类型", "numbers must be quoted, never floats"))
        return dict(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


def fen(title: str, title_en: str, *, least: int | None = 0, default: int | None = None) -> Field:
    """An amount in fen; optional when it has a default."""
    return Field(Whole(least), title, title_en, optional=default is not None, default=default)


COMMON: dict[str, Field] = {
    "consortium": Field(Text(), "医共体", "consortium", optional=True),
    "pool": Field(Text(("resident", "employee")), "险种", "pool", optional=True),
    "agreement": Field(Answers(), "协议约定", "what the agreement answers", optional=True, default={}),
}


def read(facts: Any, declared: Record) -> dict[str, Any]:
    """The declared facts as plain values; raises Refused with every bad fact at once, each by name."""
    bad: list[Refusal] = []
    values = declared.read(facts, "", bad)
    if bad:
        raise Refused(*bad)
    return values


def schema(title: str, declared: Record) -> dict[str, Any]:
    """The JSON Schema of the declared facts."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **declared.schema()}
