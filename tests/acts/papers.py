"""A signed paper for the tests of acts: what a registrar types of a bureau's decision, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.acts.acting import act
from tests.kernel.checking import state_of
from tests.kernel.sample_stage import APPROVERS, BUREAUS, REVIEWERS, Sample
from workflow import files, rules
from workflow.acts.model import papers
from workflow.attempt import Actor, Attempt
from workflow.db import reading
from workflow.forms import DecisionForm
from workflow.machines import STAGES

HEAD = APPROVERS[0]
PDF = b"%PDF-1.4 sample minutes"


@pytest.fixture(name="allowed", autouse=True)
def what_is_allowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[list[str]]:
    """What the sample county lets be signed on paper; files go to a folder of the test."""
    named = ["ruling.decide"]
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    found = Attempt.find_rule

    def find_rule(self: Attempt, key: str, on: Any = None) -> Any:
        if key != "decision.paper_allowed":
            return found(self, key, on)
        rules.refuse_samples(self.connection, self.case.place)
        return type("Allowed", (), {"value": named})

    monkeypatch.setattr(Attempt, "find_rule", find_rule)
    yield named


@pytest.fixture(name="case_id")
def a_case_to_sign(sample: Sample) -> int:
    """Two bureaus have decided; the first one's head signs on paper."""
    object.__setattr__(STAGES["sample"], "forms", {"decide": DecisionForm})
    found = sample.open_case("under_review")
    sample.opine(found)
    sample.decide(found, BUREAUS[1:])
    return found


def paper(sample: Sample, case_id: int, **changed: Any) -> dict[str, Any]:
    """What a registrar types."""
    line = {
        "key": f"decide|{BUREAUS[0]}", "signer": sample.actor(HEAD).seat_id, "verdict": "agree", "opinion": "",
    }  # fmt: skip
    line |= {name: changed.pop(name) for name in tuple(changed) if name in line}
    given = {
        "document_number": "样医保函〔2026〕3号", "signed_on": "2026-03-02", "decided": [line],
        "content": state_of(sample.engine, case_id).subject_hash[:12], "scan": files.keep(PDF, "scan.pdf"),
    }  # fmt: skip
    return given | changed


def registrar(sample: Sample) -> Actor:
    return sample.actor(REVIEWERS[0], 1)


def registered(sample: Sample, case_id: int, **changed: Any) -> int:
    act(sample.engine, case_id, "register_paper", registrar(sample), **paper(sample, case_id, **changed))
    return row_of(sample.engine, case_id).id


def row_of(engine: Engine, case_id: int) -> Any:
    with reading(engine) as connection:
        query = select(papers).where(papers.c.case_id == case_id).order_by(papers.c.id.desc())
        return connection.execute(query).first()
