"""A folder of its own for every test's register."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def register_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files of the register are frozen."""
    monkeypatch.setenv("GONGZHI_REGISTER", str(tmp_path / "register"))
    return tmp_path / "register"
