"""A session from its signed minutes: the secretary registers the votes, another confirms, nobody logs in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from governance.refusal import Refused
from governance.roles import Role
from tests.surplus_plan.plans import Desk
from workflow import door, files
from workflow.attempt import Actor
from workflow.db import reading
from workflow.model import decisions, records, rounds

AT = datetime(2026, 3, 12, 6, tzinfo=UTC)


@pytest.fixture
def desk(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Desk:
    """A plan whose committee is in session, nine seats, eight of them there."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    found = Desk(engine)
    found.in_session()
    return found


def do(desk: Desk, verb: str, actor: Actor, **data: Any) -> str:
    desk.keys += 1
    key = f"minutes:{desk.keys}"
    return str(door.act(desk.engine, desk.case.id, verb, actor=actor, key=key, at=AT, data=data)["state"])


def minutes(desk: Desk, verdicts: list[str], first: int = 0) -> dict[str, Any]:
    """The minutes as the secretary types them: the chair's vote first, then the members'."""
    seats = [desk.seat(Role.COMMITTEE_CHAIR), *desk.members][first:]
    lines = [
        {"key": f"vote|seat:{seat}", "signer": seat, "verdict": verdict, "opinion": "见纪要"}
        for seat, verdict in zip(seats, verdicts, strict=False)
    ]
    return {
        "document_number": "样管委会纪要〔2026〕1号", "signed_on": "2026-03-12", "decided": lines,
        "content": desk.case.subject_hash[:8], "scan": files.keep(b"%PDF-1.4 minutes", "minutes.pdf"),
    }  # fmt: skip


def the_paper(desk: Desk) -> int:
    from workflow.acts.model import papers

    with reading(desk.engine) as connection:
        return connection.scalar(select(papers.c.id).where(papers.c.state == "registered").order_by(papers.c.id)) or 0


def test_nobody_logs_in_and_every_vote_is_kept(desk: Desk) -> None:
    secretary, chair = desk.county.actor(Role.COMMITTEE_SECRETARY), desk.county.actor(Role.COMMITTEE_CHAIR)
    do(desk, "register_paper", secretary, **minutes(desk, ["agree"] * 6 + ["disagree", "abstain"]))
    assert desk.case.state == "voting"
    with pytest.raises(Refused, match="登记人不能确认"):
        do(desk, "confirm_paper", secretary, paper=the_paper(desk), said="confirm")
    assert do(desk, "confirm_paper", chair, paper=the_paper(desk), said="confirm") == "adopted"
    with reading(desk.engine) as connection:
        cast = connection.execute(select(decisions).where(decisions.c.link == "vote")).all()
        ends = list(connection.scalars(select(rounds.c.outcome)))
        verbs = list(connection.scalars(select(records.c.verb).where(records.c.case_id == desk.case.id)))
    assert sorted(row.verdict for row in cast) == ["abstain"] + ["agree"] * 6 + ["disagree"]
    assert all(row.paper_id for row in cast) and "passed" in ends
    assert verbs.count("vote") == 8 and verbs.index("confirm_paper") < verbs.index("vote")


def test_all_votes_of_a_paper_are_counted_together(desk: Desk) -> None:
    secretary, chair = desk.county.actor(Role.COMMITTEE_SECRETARY), desk.county.actor(Role.COMMITTEE_CHAIR)
    do(desk, "register_paper", secretary, **minutes(desk, ["disagree"] * 4 + ["agree"] * 4))
    assert do(desk, "confirm_paper", chair, paper=the_paper(desk), said="confirm") == "returned"
    with reading(desk.engine) as connection:
        assert len(connection.execute(select(decisions).where(decisions.c.link == "vote")).all()) == 8


def test_some_log_in_and_the_minutes_give_the_rest(desk: Desk) -> None:
    secretary = desk.county.actor(Role.COMMITTEE_SECRETARY)
    assert desk.votes(["agree"] * 2) == "voting"
    with pytest.raises(Refused, match="现在不能登记"):
        do(desk, "register_paper", secretary, **minutes(desk, ["agree"] * 8))
    do(desk, "register_paper", secretary, **minutes(desk, ["agree"] * 5, first=3))
    member = desk.county.actor(Role.COMMITTEE_MEMBER)
    assert do(desk, "confirm_paper", member, paper=the_paper(desk), said="confirm") == "adopted"


def test_one_guard_refused_and_nothing_of_the_paper_counts(desk: Desk) -> None:
    secretary, chair = desk.county.actor(Role.COMMITTEE_SECRETARY), desk.county.actor(Role.COMMITTEE_CHAIR)
    do(desk, "register_paper", secretary, **minutes(desk, ["agree"] * 7))
    gone = desk.county.actor(Role.COMMITTEE_MEMBER, n=2)
    do(desk, "recuse", gone, person=gone.person_id, reason="近亲属")
    with pytest.raises(Refused, match="回避"):
        do(desk, "confirm_paper", chair, paper=the_paper(desk), said="confirm")
    with reading(desk.engine) as connection:
        assert connection.execute(select(decisions).where(decisions.c.link == "vote")).all() == []
