"""A function with one piece of its text taken away, in this process and for as long as a test looks at it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def changed(module: ModuleType, name: str, old: str, new: str) -> Iterator[None]:
    """A function of a module (or a method of its class) in which ``old``, that stands there once, is ``new``."""
    text = inspect.getsource(module)
    owner, _dot, method = name.rpartition(".")
    block = inspect.getsource(getattr(getattr(module, owner), method) if owner else getattr(module, name))
    assert block.count(old) == 1, (name, old)
    space: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(text.replace(block, block.replace(old, new)), str(module.__file__), "exec"), space)
    place: Any = getattr(module, owner) if owner else module
    before = getattr(place, method or name)
    setattr(place, method or name, getattr(space[owner], method) if owner else space[name])
    try:
        yield
    finally:
        setattr(place, method or name, before)
