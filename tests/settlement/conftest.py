"""Every settlement test has files and claims of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.settlement.months import Month, prepare


@pytest.fixture(autouse=True)
def own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files and claims under the test's own folder."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))


@pytest.fixture
def month(engine: Engine) -> Month:
    """March 2025, open for declaring."""
    return prepare(engine).open()
