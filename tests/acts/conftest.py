"""The sample stage and a sample county, on each kind of database, with the acts known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.kernel.sample_stage import Sample, registered, settle_in
from workflow import stages


@pytest.fixture
def sample(engine: Engine) -> Iterator[Sample]:
    """A fresh database with a county whose cases are of the sample stage."""
    stages.load()
    with registered():
        yield settle_in(engine)
