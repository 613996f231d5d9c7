"""Passwords: kept as Argon2id, checked with the same work whether or not the login exists."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, select

from workflow.db import reading, writing
from workflow.organisations.model import persons

UNUSABLE = "!"

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """The text to store for ``password``: Argon2id with 19 MiB, two passes, one lane, and a salt of its own."""
    return _hasher.hash(normalize("NFC", password))


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; ``None`` and unusable texts cost as much and never match."""
    usable = stored if stored and stored.startswith("$argon2") else None
    try:
        return _hasher.verify(usable or _stand_in(), normalize("NFC", password)) and usable is not None
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _stand_in() -> str:
    return _hasher.hash("")


def warm_up() -> None:
    """Make the stand-in for unknown logins now, so that the first unknown login takes no longer than others."""
    _stand_in()


def identify(engine: Engine, login: str, password: str) -> int | None:
    """The number of the person with this login and password, or ``None``; disabled people are not found.

    A password kept with older parameters is kept anew with those of today.
    """
    columns = persons.c
    with reading(engine) as connection:
        row = connection.execute(
            select(columns.id, columns.password_hash, columns.disabled_at).where(columns.login == login)
        ).one_or_none()
    if not matches(row.password_hash if row else None, password) or row is None or row.disabled_at is not None:
        return None
    if _hasher.check_needs_rehash(row.password_hash):
        with writing(engine) as connection:
            connection.execute(
                persons.update()
                .where(columns.id == row.id, columns.password_hash == row.password_hash)
                .values(password_hash=hash_password(password))
            )
    return int(row.id)
