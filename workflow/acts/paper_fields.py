"""All that a step's own form asks, entered by somebody else from a signed paper.

It is the same form, read and checked in the same way for the signer: once when it is registered, and again from the
same words when it is confirmed. What was typed is kept as it was typed, so that a second person sees exactly that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import FieldList, FileField, FormField, MultipleFileField, SelectFieldBase
from wtforms.meta import DefaultMeta

from workflow.actor import Actor
from workflow.attempt import Attempt
from workflow.forms import DecisionForm, StepForm
from workflow.kernel_forms import stage_form
from workflow.machines import Step

Typed = Sequence[Sequence[str]]
IN_A_ROW = frozenset({"verdict", "opinion", "seat_key"})
NOTHING = "—"


@cache
def _inside(form_class: type[StepForm]) -> type[StepForm]:
    """The form as part of another one, which carries the token against forgery; it needs no request."""
    meta = {"csrf": False, "get_translations": DefaultMeta.get_translations}
    return type(form_class.__name__, (form_class,), {"Meta": type("Meta", (form_class.Meta,), meta)})


def form_class(attempt: Attempt, step: Step) -> type[StepForm]:
    """The form of the step itself."""
    return _inside(stage_form(attempt.stage, step) or DecisionForm)


def _fields(form: type[StepForm]) -> Iterator[tuple[str, Any]]:
    for name in dir(form):
        kind = getattr(getattr(form, name), "field_class", None)
        if kind is not None:
            yield name, kind


def asks_for_more(attempt: Attempt, step: Step) -> bool:
    """Whether the step's form asks for more than the verdict and the opinion of a seat."""
    return any(name not in IN_A_ROW for name, _kind in _fields(form_class(attempt, step)))


def asks_for_files(attempt: Attempt, step: Step) -> bool:
    """Whether the step's form asks for files, which only the signer can bring."""
    return any(issubclass(kind, FileField | MultipleFileField) for _name, kind in _fields(form_class(attempt, step)))


def also_asked(attempt: Attempt, step: Step) -> list[Any]:
    """What the step's form asks besides the verdict and the opinion, by the labels of its fields."""
    return [field.label.text for field in form_class(attempt, step)(None) if field.short_name not in IN_A_ROW]


def read(attempt: Attempt, step: Step, signer: Actor, seat_key: str, typed: Typed) -> StepForm:
    """The step's form as ``signer`` would have sent it for their seat, with what was ``typed``: name and value."""
    theirs, own = attempt.by(signer), form_class(attempt, step)
    words = [(name, value) for name, value in typed if name != "seat_key"]
    if hasattr(own, "seat_key"):
        words.append(("seat_key", seat_key))
    form = own(MultiDict(words), data=own.initial(theirs))
    form.prepare(theirs)
    return form


def faults(form: StepForm) -> list[str]:
    """What the form has to say against what was typed, each with its field; empty where all is right."""
    if form.validate():
        return []
    return [f"{field.label.text}：{said}" for field in _leaves(form) for said in field.errors] + list(form.form_errors)


def _leaves(fields: Iterable[Any]) -> Iterator[Any]:
    for field in fields:
        if isinstance(field, FormField | FieldList):
            yield from _leaves(field)
        else:
            yield field


def shown(form: StepForm) -> list[tuple[Any, Any]]:
    """What was typed, field by field as it stands in the form: label and words, or label and the rows of a list."""
    return [(field.label.text, _shown(field)) for field in form if not _is_silent(field)]


def _is_silent(field: Any) -> bool:
    return field.type in ("HiddenField", "CSRFTokenField", "SubmitField") or field.short_name == "seat_key"


def _shown(field: Any) -> Any:
    if isinstance(field, FieldList):
        return [[(cell.label.text, _shown(cell)) for cell in entry.form if not _is_silent(cell)] for entry in field]
    if isinstance(field, SelectFieldBase):
        chosen = [option.label.text for option in field if option.checked]
        return "、".join(str(one) for one in chosen) or NOTHING
    return str(field._value()) or NOTHING if hasattr(field, "_value") else str(field.data or NOTHING)
