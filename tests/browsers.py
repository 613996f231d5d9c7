"""Chromium for the tests: where it is, how it is started, and the app served for it in a thread."""

from __future__ import annotations

import ctypes
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

if TYPE_CHECKING:
    from flask import Flask

MISSING = (
    "没有找到 Chromium 或 libatomic1，浏览器测试没有运行：apt-get install chromium libatomic1。"
    " Chromium or libatomic1 is missing, browser tests did not run: apt-get install chromium libatomic1."
)

# Without the background-networking flags each start looks up hosts of the maker's.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
]


def chromium() -> str | None:
    """The path of the system's Chromium, or ``None`` when it or the library that its driver links is missing."""
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address under which ``app`` answers on loopback until the block ends."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="app under test")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
