"""Home, inbox and the lists of consortia."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_login import current_user

from workflow import clock, scope
from workflow.i18n import lazy as _
from workflow.pages import consortium_page, lists
from workflow.pages.beginnings import beginnings
from workflow.pages.context import connection
from workflow.security import signed_in

blueprint = Blueprint("pages", __name__)


def _today() -> Any:
    return clock.day_of(clock.now(connection()))


def _matches(show: str, row: Any) -> bool:
    if show == "overdue":
        return bool(row.overdue)
    near = row.left_working_days is not None and row.left_working_days <= lists.SOON_WORKING_DAYS
    if show == "soon":
        return near and not row.overdue
    return show != "later" or not (near or row.overdue)


@blueprint.get("/")
@signed_in
def home() -> str:
    """What needs me, by when, and what others hold."""
    held, today = connection(), _today()
    show = request.args.get("show", "all")
    counts = lists.task_counts(held, current_user, today)
    rows = [row for row in lists.open_tasks(held, current_user, today) if _matches(show, row)]
    labels = {"all": _("全部待办"), "overdue": _("已超期"), "soon": _("5 个工作日内"), "later": _("期限内")}
    page = SimpleNamespace(
        greeting=_greeting(rows, counts),
        tiles=[
            SimpleNamespace(
                key=key, label=label, count=counts[key], url="/" if key == "all" else f"/?show={key}",
                active=key == show,
            )
            for key, label in labels.items()
        ],
        tasks=rows,
        running=lists.running_elsewhere(held, current_user, today),
        beginnings=beginnings(held, current_user),
        empty_text=_("没有要办的事。轮到您时，会出现在这里。"),
    )
    return render_template("pages/home.html", page=page)


def _greeting(rows: list[Any], counts: dict[str, int]) -> Any:
    name = current_user.name
    if not counts["all"]:
        return _("%(name)s，今天没有待办", name=name)
    if counts["overdue"]:
        return _(
            "%(name)s，今天有 %(count)s 件待办，其中 %(late)s 件已超期", name=name, count=counts["all"],
            late=counts["overdue"],
        )
    return _("%(name)s，今天有 %(count)s 件待办", name=name, count=counts["all"])


@blueprint.get("/inbox")
@signed_in
def inbox() -> str:
    """Tasks and notices, box by box."""
    held, today = connection(), _today()
    box = request.args.get("box", "todo")
    if box not in ("todo", "notices"):
        abort(404)
    counts = lists.task_counts(held, current_user, today)
    boxes = [
        SimpleNamespace(key="todo", label=_("待办"), count=counts["all"], url="/inbox", active=box == "todo"),
        SimpleNamespace(
            key="notices", label=_("通知"), count=lists.notice_count(held, current_user), url="/inbox?box=notices",
            active=box == "notices",
        ),
    ]
    page = SimpleNamespace(
        boxes=boxes,
        tasks=lists.open_tasks(held, current_user, today) if box == "todo" else [],
        notices=lists.notices_of(held, current_user) if box == "notices" else [],
        box=box,
        empty_text=_("没有要办的事。轮到您时，会出现在这里。") if box == "todo" else _("还没有通知。"),
    )
    return render_template("pages/inbox.html", page=page)


@blueprint.get("/consortia")
@signed_in
def consortia_list() -> str:
    """Every consortium in my scope, and how far each has come."""
    held = connection()
    visible = scope.visible_consortia(held, current_user.seats)
    page = SimpleNamespace(rows=consortium_page.rows(held, visible) if visible else [], empty_text="")
    return render_template("pages/consortia.html", page=page)


@blueprint.get("/consortia/<int:consortium_id>")
@signed_in
def consortium(consortium_id: int) -> str:
    """One consortium: where it is, who holds it, what is missing, since when, by when."""
    held = connection()
    if not scope.may_see(held, current_user.seats, consortium_id):
        abort(404)
    return render_template("pages/consortium.html", page=consortium_page.build(held, consortium_id, _today()))
