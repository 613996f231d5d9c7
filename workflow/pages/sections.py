"""The parts of a case page that a stage adds: its sections, and how a case of it is begun by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from governance.roles import Role

if TYPE_CHECKING:
    from workflow.attempt import Attempt


class Section:
    """A titled part of a case page, drawn by a template of the stage with this object as ``section``."""

    def __init__(self, title: Any, template: str, **data: Any) -> None:
        self.title = title
        self.template = template
        self.__dict__.update(data)


@dataclass(frozen=True, slots=True)
class Begin:
    """How a person begins a case of a stage: who may, with which form, by which command."""

    roles: tuple[Role, ...]
    form: Any
    command: Callable[..., int]
    label: Any = ""


@dataclass
class CasePage:
    """What a stage's sections may read: the attempt (for reading), who looks, and the case's content."""

    attempt: Attempt
    viewer: Any
    dossier: dict[str, Any]
    progress: dict[str, Any]
    worksheet: dict[str, Any] | None
    extra: dict[str, Any] = field(default_factory=dict)
