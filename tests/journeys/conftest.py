"""The whole story played once, and a copy of it for every test that asks: its database, its files, the app on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from tests import browsers
from tests.conftest import app_on


@dataclass(frozen=True, slots=True)
class Played:
    """A story that has been played: a closed SQLite file beside its files and its frozen claims."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "story.sqlite"

    @property
    def url(self) -> str:
        """The address of the database."""
        return f"sqlite:///{self.database}"

    @property
    def files(self) -> Path:
        """Attachments, by content."""
        return self.folder / "files"

    @property
    def register(self) -> Path:
        """Frozen registers of insured people."""
        return self.folder / "register"

    @property
    def claims(self) -> Path:
        """Frozen claims, by month."""
        return self.folder / "claims"

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the app keep its files beside this database."""
        monkeypatch.setenv("GONGZHI_FILES", str(self.files))
        monkeypatch.setenv("GONGZHI_CLAIMS", str(self.claims))
        monkeypatch.setenv("GONGZHI_REGISTER", str(self.register))


def play(played: Played) -> None:
    """Play the story to its end into ``played`` and let go of the database."""
    from workflow import stages
    from workflow.db import make_engine, upgrade
    from workflow.story import script
    from workflow.story.player import Player

    stages.load()
    engine = make_engine(played.url)
    upgrade(engine)
    Player(engine).play(script.scenes(engine))
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()


@pytest.fixture(scope="session")
def played_story(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The story at its end, played once; read it, and take ``story`` to change something."""
    played = Played(tmp_path_factory.mktemp("story"))
    with pytest.MonkeyPatch.context() as patched:
        played.use(patched)
        play(played)
    return played


@pytest.fixture
def story(played_story: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """A copy of the story's end for one test, its files among it."""
    copy = Played(tmp_path / "story")
    shutil.copytree(played_story.folder, copy.folder)
    copy.use(monkeypatch)
    return copy


@pytest.fixture
def story_app(story: Played) -> Iterator[Flask]:
    """The app on a copy of the story's end."""
    with app_on(story.url) as app:
        yield app


@pytest.fixture
def story_site(story_app: Flask) -> Iterator[str]:
    """The address under which a copy of the story's end is served for a browser."""
    with browsers.serving(story_app) as address:
        yield address
