"""Account numbers at rest: sealed with AES-GCM under a key kept outside the database, found again by a keyed hash.

The newest key seals; every key that is kept opens. What is sealed is bound to its row, so that no number can be moved
to another account, nor another number put in its place, without the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from governance.refusal import Refusal, Refused
from workflow.config import bank_key_file, bank_keys_given
from workflow.db import canonical
from workflow.i18n import lazy as _

KEY_BYTES, NONCE_BYTES, TOLD = 32, 12, 4


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, which is stored beside what it sealed, what seals, and what hashes."""

    name: str
    seals: bytes
    hashes: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A number as it is stored: under which key, the sealed text, the keyed hash, and the last digits."""

    key: str
    sealed: str
    mark: str
    tail: str


def keys() -> list[Key]:
    """The keys, the newest first: ``GONGZHI_BANK_KEYS`` where it is set, else the key file, made the first time."""
    texts = bank_keys_given() or _kept(bank_key_file())
    return [_key(text) for text in texts]


def add_key() -> str:
    """Put a new key before those of the key file; returns its name. Raises ``Refused`` where settings give the keys."""
    if bank_keys_given():
        raise _refused(_("密钥由 GONGZHI_BANK_KEYS 给出：请把新密钥写在最前面，重启各进程，再重新加密"))
    path = bank_key_file()
    kept, fresh = _kept(path), _new_key()
    _write(path, [fresh, *kept], replace=True)
    return _key(fresh).name


def seal(number: str, bound: Iterable[str | int]) -> Sealed:
    """Seal a number for the row that ``bound`` describes, under the newest key."""
    key, tail = keys()[0], number[-TOLD:]
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key.seals).encrypt(nonce, number.encode(), _associated(bound, tail))
    return Sealed(key.name, base64.b64encode(sealed).decode(), _mark(key, number), tail)


def opened(held: Sealed, bound: Iterable[str | int]) -> str:
    """The number that was sealed for the row; raises ``Refused`` without its key, or where the row was changed."""
    key = next((one for one in keys() if one.name == held.key), None)
    if key is None:
        raise _refused(_("没有这个账号的密钥（%(key)s），请恢复密钥文件 var/bank_keys", key=held.key))
    raw = base64.b64decode(held.sealed)
    try:
        said = AESGCM(key.seals).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated(bound, held.tail))
    except InvalidTag as error:
        raise _refused(_("账号与登记时的内容不符，可能被改动过，不能使用")) from error
    return said.decode()


def marks(number: str) -> list[str]:
    """The hashes under which a number may be stored, one for each key."""
    return [_mark(key, number) for key in keys()]


def _associated(bound: Iterable[str | int], tail: str) -> bytes:
    return canonical([*bound, tail]).encode()


def _mark(key: Key, number: str) -> str:
    return hmac.digest(key.hashes, number.encode(), "sha256").hex()


def _key(text: str) -> Key:
    try:
        raw = base64.urlsafe_b64decode(text.strip())
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise RuntimeError("银行账号密钥应为 32 字节的 base64。A bank key is 32 bytes in base64.")
    seals, hashes = (
        HKDF(SHA256(), KEY_BYTES, None, f"gongzhi bank account {use}".encode()).derive(raw) for use in ("seal", "mark")
    )
    return Key(hashlib.sha256(b"gongzhi bank key" + raw).hexdigest()[:16], seals, hashes)


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _kept(path: Path) -> list[str]:
    if not path.exists():
        _write(path, [_new_key()], replace=False)
    return path.read_text().split()


def _write(path: Path, texts: Iterable[str], *, replace: bool) -> None:
    """Write the key file whole, readable by its owner only; of two processes that make the first one, one counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(f"{one}\n" for one in texts))
        file.flush()
        os.fsync(file.fileno())
    if replace:
        draft.replace(path)
        return
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _refused(reason: object) -> Refused:
    return Refused(Refusal(reason=reason, who=_("系统管理"), fact="bank_key"))  # type: ignore[arg-type]
