"""Files as evidence: kept once by content, checked by content, described by name, size and SHA-256."""

from __future__ import annotations

import hashlib
import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import puremagic
from sqlalchemy import select

from governance.refusal import Refusal, Refused
from workflow.attempt import Attempt
from workflow.i18n import lazy as _
from workflow.model import attachments

LARGEST_BYTES = 20 * 1024 * 1024
TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
    "txt": "text/plain",
}


def folder() -> Path:
    """Where files are kept: ``GONGZHI_FILES``, else ``var/files``."""
    return Path(os.environ.get("GONGZHI_FILES", "var/files"))


def keep(content: bytes, name: str) -> dict[str, Any]:
    """Keep ``content`` and describe it; raises ``Refused`` when it is empty, too large or not what its name says."""
    clean = Path(name.replace("\\", "/")).name.replace("\x00", "")[:120]
    media_type = checked_type(content, clean)
    digest = hashlib.sha256(content).hexdigest()
    path = folder() / digest[:2] / digest
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    return {"name": clean, "sha256": digest, "size": len(content), "media_type": media_type}


def checked_type(content: bytes, name: str) -> str:
    """The media type of ``content``; raises ``Refused`` unless it is one we take and the name agrees with it."""
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending not in TYPES:
        raise _refused(name, _("“%(name)s”的类型不收；请上传 PDF、图片、docx、xlsx、csv 或 txt", name=name))
    if not content:
        raise _refused(name, _("“%(name)s”是空文件", name=name))
    if len(content) > LARGEST_BYTES:
        raise _refused(name, _("“%(name)s”超过 20 MB", name=name))
    if not _is(ending, content):
        raise _refused(name, _("“%(name)s”的内容与扩展名不符，请确认没有改过扩展名", name=name))
    return TYPES[ending]


def _is(ending: str, content: bytes) -> bool:
    if ending in ("csv", "txt"):
        return b"\x00" not in content and not content.lstrip().lower().startswith((b"<html", b"<!doctype", b"<svg"))
    if ending == "pdf":
        return content.startswith(b"%PDF-")
    if ending in ("xlsx", "docx"):
        return _is_office(ending, content)
    found = {match.extension.lstrip(".").lower() for match in _magic(content)}
    return bool(found & ({"jpg", "jpeg", "jfif"} if ending in ("jpg", "jpeg") else {ending}))


def _magic(content: bytes) -> list[Any]:
    try:
        return list(puremagic.magic_string(content))
    except puremagic.PureError:
        return []


def _is_office(ending: str, content: bytes) -> bool:
    inside = "xl/workbook.xml" if ending == "xlsx" else "word/document.xml"
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return False
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    return (
        inside in names
        and not any(one.endswith("vbaProject.bin") or ".." in one for one in names)
        and len(entries) <= 1000
        and unpacked <= 200 * 1024 * 1024
        and unpacked <= 100 * max(len(content), 1)
    )


def _refused(name: str, reason: Any) -> Refused:
    return Refused(Refusal(reason=reason, who=_("上传人"), field="file", fact=name))


def attach(attempt: Attempt, section: str, descriptor: dict[str, Any]) -> str:
    """Bind a kept file to a section of the case; the same content twice is one attachment. Returns its SHA-256."""
    known = attempt.connection.scalar(
        select(attachments.c.id).where(
            attachments.c.case_id == attempt.case.id,
            attachments.c.section == section,
            attachments.c.sha256 == descriptor["sha256"],
        )
    )
    if known is None:
        attempt.connection.execute(
            attachments.insert(),
            {
                "case_id": attempt.case.id,
                "section": section,
                "person_id": attempt.actor.person_id,
                "at": attempt.at,
                **{key: descriptor[key] for key in ("name", "sha256", "size", "media_type")},
            },
        )
    return str(descriptor["sha256"])


def open_bytes(digest: str) -> bytes:
    """The content kept under ``digest``; raises ``FileNotFoundError``."""
    if len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
        raise FileNotFoundError(digest)
    return (folder() / digest[:2] / digest).read_bytes()
