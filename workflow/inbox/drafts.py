"""Drafts: what somebody typed into the form of a step and has not sent; theirs alone, gone when the step is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, bindparam, select
from wtforms import DateField, DecimalField, FieldList, FormField, HiddenField, IntegerField, PasswordField, StringField

from governance.refusal import Refusal, Refused
from workflow.acts.model import drafts
from workflow.attempt import sha256
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.prepared import Prepared

MOST_BYTES = 64 * 1024
MOST_FIELDS = 2000
_TYPED = (StringField, IntegerField, DecimalField, DateField)
_NEVER = (PasswordField, HiddenField)
_SEEN = re.compile(r"\d{1,9}:[0-9a-f]{0,16}")
_OVER = Prepared(drafts.delete().where(drafts.c.case_id == bindparam("case")))


def typed(fields: Iterable[Any]) -> Iterator[Any]:
    """The fields of a form into which text is typed, those of its rows too; never files, passwords, hidden fields."""
    for field in fields:
        if isinstance(field, FieldList | FormField):
            yield from typed(field)
        elif isinstance(field, _TYPED) and not isinstance(field, _NEVER):
            yield field


def _rows(fields: Iterable[Any], inside: bool = False) -> Iterator[tuple[str, str]]:
    """What tells the rows of a form apart: what stands hidden or cannot be changed in them."""
    for field in fields:
        if isinstance(field, FieldList | FormField):
            yield from _rows(field, True)
        elif inside:
            fixed = isinstance(field, HiddenField) or "readonly" in (field.render_kw or {})
            yield field.name, str(field.data) if fixed and field.short_name != "csrf_token" else ""


def shape(form: Any) -> str:
    """What the rows of ``form`` are; text typed into one row is never offered in another."""
    return sha256(canonical(list(_rows(form))))


def keep(
    connection: Connection, person_id: int, case: Any, trigger: str, form: Any, sent: Mapping[str, str], seen: str,
    at: datetime,
) -> bool:  # fmt: skip
    """Keep what of ``sent`` belongs to text fields of ``form``; whether anything is kept. Raises ``Refused`` if long.

    ``form`` is as drawn before anything is typed; ``seen`` the version of the case on the page that was typed into.
    """
    known = {field.name for field in typed(form)}
    fields = {name: text for name, text in sent.items() if name in known}
    forget(connection, person_id, case.id, trigger)
    if not any(text.strip() for text in fields.values()):
        return False
    body = canonical({"fields": fields, "rows": shape(form)})
    if len(body.encode()) > MOST_BYTES or len(fields) > MOST_FIELDS:
        raise Refused(Refusal(reason=_("草稿太长，没有保存；请缩短后再试，或直接提交"), who=_("本人"), fact="draft"))
    row = {"person_id": person_id, "case_id": case.id, "trigger": trigger, "body": body, "at": at}
    connection.execute(drafts.insert(), row | {"seen": seen if _SEEN.fullmatch(seen) else case.seen})
    return True


def forget(connection: Connection, person_id: int, case_id: int, trigger: str) -> None:
    """Delete a person's draft for a step."""
    columns = drafts.c
    own = (columns.person_id == person_id, columns.case_id == case_id, columns.trigger == trigger)
    connection.execute(drafts.delete().where(*own))


def close(connection: Connection, case_id: int) -> None:
    """Delete everybody's drafts of a case that is over."""
    _OVER.run(connection, {"case": case_id})


def restore(
    connection: Connection, person_id: int, case: Any, offers: list[Any], bound: Mapping[str, Any]
) -> list[Any]:
    """``offers`` with the person's own drafts typed into their forms again, but for forms that came back wrong."""
    open_forms = [one for one in offers if one.form is not None and any(True for _field in typed(one.form))]
    for one in open_forms:
        one.draft_url = f"/drafts/{case.id}/{one.trigger}"
    waiting = {one.trigger: one for one in open_forms if one.trigger not in bound}
    if not waiting:
        return offers
    columns = drafts.c
    for row in connection.execute(select(drafts).where(columns.person_id == person_id, columns.case_id == case.id)):
        if row.trigger in waiting:
            _type(waiting[row.trigger], row, case)
    return offers


def _type(offer: Any, row: Any, case: Any) -> None:
    body = json.loads(row.body)
    same_rows = body["rows"] == shape(offer.form)
    own = {field.name for field in offer.form}
    for field in typed(offer.form):
        if field.name in body["fields"] and (same_rows or field.name in own):
            field.raw_data = [body["fields"][field.name]]
            field.data = body["fields"][field.name]
    offer.draft = SimpleNamespace(at=row.at, changed=row.seen != case.seen or not same_rows)
