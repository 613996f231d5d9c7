"""A sample county with some days of records, and a folder for its seals, on each kind of database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.kernel.sample_stage import AT, Sample, registered, settle_in
from workflow import lifecycle, occurrences
from workflow.db import reading, writing
from workflow.trail import seal_files, sealing
from workflow.trail.jobs import JOBS

CASES, DAYS, A_DAY = 5, 6, 4
END = AT + timedelta(days=DAYS)


@pytest.fixture(autouse=True)
def seals_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the seals of this test go."""
    monkeypatch.setenv(seal_files.SETTING, str(tmp_path / "seals"))
    return tmp_path / "seals"


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    """A fresh database with a county whose cases are of the sample stage."""
    with registered():
        yield settle_in(engine)


@pytest.fixture
def lived(sample: Sample) -> Sample:
    """Five cases that were worked on over six days."""
    chance = random.Random(7)
    numbers = [sample.open_case("under_review") for _ in range(CASES)]
    for day in range(DAYS):
        for _ in range(A_DAY):
            note(sample, chance.choice(numbers), AT + timedelta(days=day, minutes=chance.randrange(600)))
    return sample


@pytest.fixture
def sealed(lived: Sample) -> Sample:
    """The same, with every day sealed in the table and in the files."""
    seal(lived, END)
    return lived


def note(sample: Sample, case_id: int, at: datetime) -> None:
    """One more record of a case."""
    with writing(sample.engine) as connection:
        lifecycle.note(connection, case_id, "remind", at=at, data={"note": f"样例提醒 {at.isoformat()}"})


def seal(sample: Sample, at: datetime) -> list[occurrences.Ran]:
    """Run the jobs of the trail until nothing more is due."""
    ran: list[occurrences.Ran] = []
    while fresh := occurrences.run_due(sample.engine, at, JOBS):
        ran += fresh
    return ran


def days(sample: Sample) -> list[str]:
    """The days that are sealed in the table."""
    with reading(sample.engine) as connection:
        return [one["day"] for one in sealing.each_seal(connection)]


def kept_days(folder: Path) -> list[str]:
    """The days that are sealed in the files."""
    from workflow.trail.verifier import read_seals

    found = read_seals(folder)
    assert found.problems == []
    return list(found.hashes)
