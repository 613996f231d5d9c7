"""The story killed again and again, and the story on the other database: it ends with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journeys.conftest import Played
from workflow.db import make_engine, reading
from workflow.story import script, summary
from workflow.story.player import Player

TOP = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("FAULTS_SEED", "20261123"))
# The story tells some 480 lines, those of scenes played before among them.
FIRST_LINE, LAST_LINE = 1, 470
LONGEST_DELAY_SECONDS = 0.15


def summary_of(url: str, path: Path) -> bytes:
    """The summary of the story in the database at ``url``, as the command writes it."""
    engine = make_engine(url)
    with reading(engine) as connection:
        summary.write(summary.summary(connection), path)
    engine.dispose()
    return path.read_bytes()


def start(folder: Path) -> subprocess.Popen[str]:
    """``flask story --resume`` in a process of its own that keeps everything in ``folder``."""
    kept = {
        "GONGZHI_VAR": folder, "GONGZHI_FILES": folder / "files", "GONGZHI_CLAIMS": folder / "claims",
        "GONGZHI_REGISTER": folder / "register", "GONGZHI_BANK_KEY_FILE": folder / "bank_keys",
        "GONGZHI_DATABASE_URL": f"sqlite:///{folder}/unused.sqlite", "GONGZHI_SECRET_KEY": "story" * 8,
        "PYTHONUNBUFFERED": "1",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GONGZHI_")}
    environment |= {name: str(value) for name, value in kept.items()}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "story", "--resume"]
    with (folder / "stderr").open("a") as errors:
        return subprocess.Popen(command, cwd=TOP, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)


def killed_at(folder: Path, line: int, delay_seconds: float) -> None:
    """Let the story tell ``line`` lines, wait a moment, kill it where it is."""
    child = start(folder)
    assert child.stdout is not None
    for _number in range(line):
        assert child.stdout.readline(), (folder / "stderr").read_text()[-3000:]
    time.sleep(delay_seconds)
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    assert child.wait(30) == -signal.SIGKILL


def ends_the_same(folder: Path, played: Played, kills: int) -> None:
    """Kill the story ``kills`` times at random moments from beginning to end, let it finish, compare the bytes."""
    draw = random.Random(SEED)
    for line in sorted(draw.randint(FIRST_LINE, LAST_LINE) for _kill in range(kills)):
        killed_at(folder, line, draw.uniform(0, LONGEST_DELAY_SECONDS))
    child = start(folder)
    said, _nothing = child.communicate(timeout=900)
    assert child.returncode == 0, (f"FAULTS_SEED={SEED}", said[-2000:], (folder / "stderr").read_text()[-3000:])
    whole = summary_of(played.url, folder / "whole.json")
    assert (folder / "story.json").read_bytes() == whole, f"FAULTS_SEED={SEED}"


def test_killed_and_resumed_it_ends_the_same(played_story: Played, tmp_path: Path) -> None:
    ends_the_same(tmp_path, played_story, kills=7)


@pytest.mark.slow
def test_killed_fifty_times_it_ends_the_same(played_story: Played, tmp_path: Path) -> None:
    ends_the_same(tmp_path, played_story, kills=50)


def test_played_again_nothing_happens(story: Played, tmp_path: Path) -> None:
    """Whoever resumes a story that has ended finds it as it was."""
    before = summary_of(story.url, tmp_path / "before.json")
    engine = make_engine(story.url)
    Player(engine).play(script.scenes(engine))
    engine.dispose()
    assert summary_of(story.url, tmp_path / "after.json") == before


def test_a_scene_cut_off_after_the_deciding_vote_goes_on(story: Played, tmp_path: Path) -> None:
    """What needs no asking any more when a scene is played again must not shift the keys of what follows."""
    engine = make_engine(story.url)
    scene = next(one for one in script.scenes(engine) if one.key == "beihe-a:plan-2025:plan-vote")
    player = Player(engine)
    player.scene = scene
    before = summary_of(story.url, tmp_path / "before.json")
    scene.act(player)
    engine.dispose()
    assert summary_of(story.url, tmp_path / "after.json") == before


def test_on_postgresql_it_ends_the_same(
    played_story: Played, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    monkeypatch.setenv("GONGZHI_CLAIMS", str(tmp_path / "claims"))
    monkeypatch.setenv("GONGZHI_REGISTER", str(tmp_path / "register"))
    engine = make_engine(postgresql_url)
    Player(engine).play(script.scenes(engine))
    engine.dispose()
    assert summary_of(postgresql_url, tmp_path / "postgresql.json") == summary_of(
        played_story.url, tmp_path / "sqlite.json"
    )
