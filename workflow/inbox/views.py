"""Home and inbox: what needs me, by when, what I did, what I began, and what I was told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from flask_login import current_user
from sqlalchemy import select

from governance.refusal import Refused
from workflow import scope
from workflow.clock import day_of
from workflow.db import writing
from workflow.error_pages import ErrorPage
from workflow.i18n import lazy as _
from workflow.inbox import reading, saved
from workflow.inbox.counts import count_of, counts, days_of, said
from workflow.inbox.filters import BOXES, LARGEST_KEY, SHOWN, Filters, parse, parse_query
from workflow.inbox.keyset import BadAddress, Page, mark, position
from workflow.inbox.posts import desk_of
from workflow.inbox.rows import address_of, read
from workflow.machines import STAGES
from workflow.organisations.model import consortia
from workflow.pages import lists, words
from workflow.pages.beginnings import beginnings
from workflow.pages.context import connection, engine, now, unread
from workflow.security import signed_in

blueprint = Blueprint("inbox", __name__)

EMPTY = {
    "todo": _("没有要办的事。轮到您时，会出现在这里。"), "done": _("还没有办过的件；办过后会留在这里。"),
    "started": _("您还没有发起过事项。"), "copies": _("还没有抄送给您的件。"), "notices": _("还没有通知。"),
}  # fmt: skip
NO_MATCH = _("没有符合筛选条件的件。")
TILES = {
    "all": (_("全部待办"), Filters()), "overdue": (SHOWN["overdue"], Filters(show="overdue")),
    "soon": (SHOWN["soon"], Filters(show="soon")), "later": (SHOWN["later"], Filters(show="later")),
    "copies": (_("抄送"), Filters("copies")), "waiting": (_("我发起、等别人办"), Filters("started", "waiting")),
}  # fmt: skip


@blueprint.errorhandler(BadAddress)
def bad_address(error: BadAddress) -> Any:
    """What is wrong with the address, in words, and where to begin again."""
    page = ErrorPage(400, str(_("地址不对")), str(error), str(_("请从收件箱第一页重新查看。")))
    return render_template("pages/error.html", page=page), 400


def _today() -> Any:
    return day_of(now())


@blueprint.get("/")
@signed_in
def home() -> str:
    """What needs me, by when, and what others hold."""
    held, desk = connection(), desk_of(current_user)
    days = days_of(held, _today())
    filters = parse({"show": request.args.get("show", "")})
    found = counts(held, desk, days)
    rows = read(held, desk, filters, days, _position("todo"))
    page = SimpleNamespace(
        greeting=_greeting(found),
        tiles=[
            SimpleNamespace(
                key=key, label=label, count=said(found[key]), active=one == filters,
                url=one.url("/" if one.box == "todo" else "/inbox"),
            )
            for key, (label, one) in TILES.items()
        ],
        tasks=rows.rows,
        pages=_pages("/", filters, rows),
        running=lists.running_elsewhere(held, current_user, days.today),
        beginnings=beginnings(held, current_user),
        empty_text=NO_MATCH if filters.narrowed else EMPTY["todo"],
    )
    return render_template("pages/home.html", page=page)


def _greeting(found: dict[str, int]) -> Any:
    name, number = current_user.name, said(found["all"])
    if not found["all"]:
        return _("%(name)s，今天没有待办", name=name)
    if found["overdue"]:
        late = said(found["overdue"])
        return _("%(name)s，今天有 %(count)s 件待办，其中 %(late)s 件已超期", name=name, count=number, late=late)
    return _("%(name)s，今天有 %(count)s 件待办", name=name, count=number)


def _position(box: str) -> Any:
    return position(box, request.args.get("after", ""), request.args.get("before", ""))


def _pages(path: str, filters: Filters, page: Page) -> SimpleNamespace:
    """Where the pages before and after lie; both empty where there is only one."""
    first = request.args.get("after") or request.args.get("before")
    return SimpleNamespace(
        first=filters.url(path) if first else "",
        earlier=filters.url(path, before=mark(filters.box, page.first)) if page.earlier else "",
        later=filters.url(path, after=mark(filters.box, page.last)) if page.later else "",
    )


@blueprint.get("/inbox")
@signed_in
def inbox() -> str:
    """One box, narrowed by what stands in the address."""
    return _render(parse(request.args))


def _render(filters: Filters, name: str = "") -> str:
    held, desk = connection(), desk_of(current_user)
    days = days_of(held, _today())
    found = counts(held, desk, days)
    rows = read(held, desk, filters, days, _position(filters.box))
    number = count_of(held, desk, filters, days) if filters.narrowed else found[filters.box]
    page = SimpleNamespace(
        boxes=[
            SimpleNamespace(
                key=key, label=label, count=said(found[key]), active=key == filters.box, url=Filters(key).url()
            )
            for key, (label, _shows) in BOXES.items()
        ],
        box=filters.box,
        filters=filters,
        choices=_choices(filters),
        saved=saved.saved_by(held, current_user.person_id, filters),
        name=name,
        rows=rows.rows,
        count=said(number),
        pages=_pages("/inbox", filters, rows),
        empty_text=NO_MATCH if filters.narrowed else EMPTY[filters.box],
        offices=bool(current_user.seats),
        unread=unread(),
        newest=_newest(filters, rows),
    )
    return render_template("pages/inbox.html", page=page)


def _newest(filters: Filters, page: Page) -> int:
    """Up to which notice a press of the button reads: the first of the box, where it is shown whole from the top."""
    whole = not filters.but(show="").narrowed and not (request.args.get("after") or request.args.get("before"))
    return page.rows[0].id if filters.box == "notices" and whole and page.rows else 0


def _choices(filters: Filters) -> SimpleNamespace:
    """What each filter may be set to; a role is the holder's, and in one's own boxes a role of one's own."""
    query = select(consortia.c.id, consortia.c.name, consortia.c.name_en).where(scope.visible(current_user.seats))
    rows = connection().execute(query.order_by(consortia.c.id)) if current_user.seats else ()
    own = sorted({str(seat.role) for seat in current_user.seats})
    roles = own if filters.box in ("todo", "copies", "notices") else _step_roles()
    return SimpleNamespace(
        shows=[(one, SHOWN[one]) for one in BOXES[filters.box][1]],
        stages=[(name, stage.label) for name, stage in STAGES.items()],
        consortia=[(str(row.id), words.pick(row.name, row.name_en)) for row in rows],
        pools=[(key, label) for key, label in words.POOLS.items() if key],
        roles=[(role, words.role_name(role)) for role in roles] if len(roles) > 1 or filters.role else [],
    )


def _step_roles() -> list[str]:
    """The roles that some step of some stage waits for."""
    waited = {str(role) for stage in STAGES.values() for step in stage.steps if step.task for role in step.by}
    return sorted(waited - {"system"})


@blueprint.post("/inbox/filters")
@signed_in
def save() -> Any:
    """Keep the filters of the page under a name."""
    filters, name = parse_query(request.form.get("query", "")), request.form.get("name", "").strip()
    connection().rollback()
    try:
        with writing(engine()) as held:
            saved.save(held, current_user.person_id, name, filters, now())
    except Refused as refused:
        flash(str(refused.refusals[0].reason), "error")
        return _render(filters, name), 422
    flash(_("已保存筛选：%(name)s", name=name))
    return redirect(filters.url())


@blueprint.post("/inbox/notices")
@signed_in
def read_notices() -> Any:
    """Follow one notice, which is read from then on, or mark all that the page showed; only one's own are found."""
    one, newest = (request.form.get(name, type=int) or 0 for name in ("id", "newest"))
    if not 0 < max(one, newest) <= LARGEST_KEY:
        abort(404)
    desk = desk_of(current_user)
    connection().rollback()
    with writing(engine()) as held:
        if not one:
            reading.read_all(held, desk, newest, now())
        elif reading.read_one(held, desk, one):
            return redirect(address_of(held, one))
        else:
            abort(404)
    flash(_("已全部标为已读"))
    return redirect(Filters("notices").url())


@blueprint.post("/inbox/filters/delete")
@signed_in
def delete() -> Any:
    """Delete a filter of one's own; another's is not found."""
    number = request.form.get("id", type=int) or 0
    connection().rollback()
    with writing(engine()) as held:
        if not saved.delete(held, current_user.person_id, number):
            abort(404)
    flash(_("已删除筛选"))
    return redirect("/inbox")
