"""What an inbox is narrowed to: everything stands in the address, and nothing that is not listed here counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement, and_, func, or_, select

from governance.roles import ROLE_NAMES
from workflow.i18n import lazy as _
from workflow.inbox.keyset import BadAddress
from workflow.machines import STAGES
from workflow.model import cases, tasks
from workflow.organisations.model import consortia
from workflow.pages import words

UNREAD = "unread"
BOXES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "todo": (_("待办"), ("overdue", "soon", "later")),
    "done": (_("已办"), ("open", "closed")),
    "started": (_("我发起"), ("waiting", "open", "closed")),
    "copies": (_("抄送"), ()),
    "notices": (_("通知"), (UNREAD,)),
}
SHOWN = {
    "overdue": _("已超期"), "soon": _("5 个工作日内"), "later": _("期限内"), "waiting": _("等别人办"), "open": _("在办"),
    "closed": _("已办结"), UNREAD: _("未读"),
}  # fmt: skip
LONGEST_TEXT = 60
LARGEST_KEY = 2**31 - 1
_MONTH = re.compile(r"(\d{4})年(?:(\d{1,2})月)?")


@dataclass(frozen=True, slots=True)
class Filters:
    """One box and what it is narrowed to; an empty value is no filter."""

    box: str = "todo"
    show: str = ""
    stage: str = ""
    consortium: str = ""
    pool: str = ""
    role: str = ""
    q: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything but the box is chosen."""
        return any(value for name, value in asdict(self).items() if name != "box")

    @property
    def about_cases(self) -> bool:
        """Whether the case behind a row has to be looked at."""
        return bool(self.stage or self.consortium or self.pool or self.q)

    def query(self, **more: str) -> str:
        """The address' query, the same for the same filters."""
        given = {name: value for name, value in (asdict(self) | more).items() if value}
        if given.get("box") == "todo":
            del given["box"]
        return urlencode(given)

    def url(self, path: str = "/inbox", **more: str) -> str:
        """The address of the list narrowed like this."""
        query = self.query(**more)
        return f"{path}?{query}" if query else path

    def but(self, **changed: str) -> Filters:
        """The same with some of it changed."""
        return replace(self, **changed)


def parse(given: Mapping[str, str]) -> Filters:
    """The filters in an address; raises ``BadAddress`` for a value that cannot be meant."""
    found = {name: given.get(name, "").strip() for name in Filters.__dataclass_fields__}
    found["box"] = found["box"] or "todo"
    if found["show"] == "all":
        found["show"] = ""
    filters = Filters(**found)
    if filters.box not in BOXES:
        raise BadAddress(_("没有这个分类：%(box)s", box=filters.box))
    known = {
        "show": (*BOXES[filters.box][1], ""), "stage": (*STAGES, ""), "pool": words.POOLS, "role": (*ROLE_NAMES, ""),
    }  # fmt: skip
    for name, allowed in known.items():
        if found[name] not in allowed:
            raise BadAddress(_("筛选条件“%(value)s”不认识", value=found[name]))
    number = found["consortium"]
    if number and not (number.isascii() and number.isdigit() and int(number) <= LARGEST_KEY):
        raise BadAddress(_("筛选条件“%(value)s”不认识", value=number))
    if len(filters.q) > LONGEST_TEXT or not filters.q.isprintable():
        raise BadAddress(_("查找的文字不超过 %(most)s 个字", most=LONGEST_TEXT))
    return filters


def parse_query(query: str) -> Filters:
    """The filters in the text of a query; raises ``BadAddress``."""
    try:
        return parse(dict(parse_qsl(query, max_num_fields=20, errors="strict")))
    except (ValueError, UnicodeDecodeError) as error:
        raise error if isinstance(error, BadAddress) else BadAddress(_("看不懂这组筛选条件")) from error


def of_case(filters: Filters, trigger: Any = None) -> list[ColumnElement[bool]]:
    """What the filters ask of a case and its consortium, which the query has joined."""
    found: list[ColumnElement[bool]] = []
    if filters.stage:
        found.append(cases.c.stage == filters.stage)
    if filters.consortium:
        found.append(cases.c.consortium_id == int(filters.consortium))
    if filters.pool:
        found.append(cases.c.pool == filters.pool)
    if filters.q:
        found.append(_says(filters.q.lower(), trigger))
    return found


def _says(text: str, trigger: Any) -> ColumnElement[bool]:
    """Whether a consortium, stage, step or period is called something with ``text`` in it."""
    named = [func.lower(one).contains(text, autoescape=True) for one in (consortia.c.name, consortia.c.name_en)]
    found = [*named, cases.c.period.contains(_MONTH.sub(_as_period, text), autoescape=True)]
    stages = [name for name, stage in STAGES.items() if text in str(stage.label).lower()]
    if stages:
        found.append(cases.c.stage.in_(stages))
    if trigger is not None:
        found += [
            and_(cases.c.stage == name, trigger.in_(triggers))
            for name, stage in STAGES.items()
            if (triggers := sorted({one.trigger for one in stage.steps if text in str(one.label).lower()}))
        ]
    return or_(*found)


def _as_period(found: re.Match[str]) -> str:
    return found[1] + (f"-{int(found[2]):02}" if found[2] else "")


def held_by(role: str) -> ColumnElement[bool]:
    """Whether a case waits for ``role`` now."""
    return select(tasks.c.id).where(tasks.c.case_id == cases.c.id, tasks.c.role == role).exists()
