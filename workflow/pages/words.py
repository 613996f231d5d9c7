"""Words on pages that come from data: pools, periods, titles, refusals in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask_babel import get_locale

from governance.money import plain
from governance.refusal import Refusal
from governance.roles import BETWEEN_NAMES, ROLE_NAMES
from workflow.acts.registry import ACTS
from workflow.i18n import lazy as _

POOLS = {"resident": _("城乡居民"), "employee": _("职工"), "": ""}
LEVELS = {"county": _("县级"), "township": _("乡镇"), "village": _("村级")}
STATUSES = {
    "official": "",
    "partly-verified": _("部分核实"),
    "default": _("默认值"),
    "unverified": _("未核实"),
    "sample": _("样例"),
}
GRADES = {"met": _("达到"), "not_met": _("未达到")}
VERBS = {
    "open": _("立案"), "overdue": _("超期"), "remind": _("提醒"), "import_claims": _("导入明细"),
    "deadline_moved": _("期限重算"), "deadline_confirmed": _("期限由暂定转为确定"), "escalated": _("超期上报"),
    "supplement_due": _("须补充办理"),
    "bank_file_taken": _("下载付款文件"), "reconciliation_file": _("导入经办机构的数"),
    "reconciliation_totals": _("填写经办机构的合计"), "reconciliation_reason": _("说明对账差异"),
    "reconciliation_sign": _("对账签字"),
}
NOTICES = {"digest": (_("今日待办提醒"), "/?show=soon"), "calendar": (_("工作日历"), "/calendar"), "rule": (_("规则"), "/rules")}
CLOCKS = {
    "pay_lead": _("拨付牵头医院"), "pay_members": _("拨付成员单位"), "review": _("评定"), "correction": _("补正"),
    "notice": _("公示"), "opinion": _("征求意见"), "declare": _("申报"), "term": _("协议期"),
    "objection": _("异议期"), "clearing": _("年度清算"), "suspension": _("中止期"),
    "release": _("暂缓部分到期"), "prepay": _("拨付预付金"), "repay": _("收回预付金"),
}


_SPOKEN: ContextVar[str] = ContextVar("spoken", default="")


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """``zh`` or ``en`` until the block ends, whatever the reader chose: a document may have a column for each."""
    before = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def english() -> bool:
    """Whether the reader chose English."""
    if _SPOKEN.get():
        return _SPOKEN.get() == "en"
    try:
        locale = get_locale()
    except RuntimeError:
        return False
    return locale is not None and locale.language == "en"


def pick(zh: Any, en: Any) -> Any:
    """``en`` for an English reader where there is one, else ``zh``."""
    return en if en and english() else zh


def verb_label(verb: str) -> Any:
    """What a record's verb is called where its stage has no step of that name: an act, or something of the kernel."""
    act = ACTS.get(verb)
    return act.label if act else VERBS.get(verb, verb)


def percent(ratio: str) -> str:
    """A ratio as an exact percentage: ``0.05`` → ``5%``, nothing rounded."""
    return f"{plain(Decimal(ratio) * 100)}%"


def shown(refusal: Refusal) -> SimpleNamespace:
    """A refusal in the reader's language."""
    return SimpleNamespace(
        reason=pick(refusal.reason, refusal.reason_en),
        who=pick(refusal.who, refusal.who_en),
        link=refusal.link,
        field=refusal.field,
    )


def grade(key: str) -> Any:
    """A level of a standard as people say it; letters say themselves."""
    return GRADES.get(key, key)


def role_name(role: str) -> str:
    """What a role is called."""
    names = ROLE_NAMES[role]
    return pick(names[0], names[1])


def holder(name: str, *roles: str) -> str:
    """An organisation that something waits for, with its post where that lies between reviewer and head."""
    levels = [one for one in BETWEEN_NAMES if any(role.endswith(f"_{one}") for role in roles)]
    posts = [pick(*BETWEEN_NAMES[one]) for one in levels]
    return name + pick("（{}）", " ({})").format(pick("、", ", ").join(posts)) if posts else name


def period_label(period: str) -> Any:
    """A month or year as people say it."""
    if len(period) == 7 and period[4] == "-":
        return _("%(year)s年%(month)s月", year=period[:4], month=int(period[5:]))
    if len(period) == 4:
        return _("%(year)s年", year=period)
    if period.endswith("-fund"):
        return _("%(year)s年成效考核", year=period[:4])
    if period.endswith("-contribution"):
        return _("%(year)s年内部考核", year=period[:4])
    if period[4:10] == "-exit-":
        return _("%(year)s年成员退出（%(code)s）", year=period[:4], code=period[10:])
    return period
