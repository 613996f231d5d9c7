"""Each kind of consent through the real kernel: three bureaus decide in any order, and the case moves when it must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import Engine, select

from governance.quorum import Consent, outcome
from governance.refusal import Refused
from governance.roles import Duty, Role
from tests.kernel.checking import sound, state_of
from tests.kernel.sample_stage import APPROVERS, AT, BUREAUS, REVIEWERS, RULING, STAGE, State, settle_in
from tests.kernel.sample_stage import Sample as SampleOffice
from workflow.attempt import Actor
from workflow.db import reading, writing
from workflow.machines import STAGES, Stage, step
from workflow.model import rounds
from workflow.organisations.model import persons, seats

STATE_AFTER = {"passed": "agreed", "failed": "refused", "returned": "drafting", None: "under_review"}
VERDICTS = ("agree", "disagree", "return", "abstain")


RULE_NOW: list[Consent] = []


def rule_of_this_test(_attempt: object) -> Consent:
    """The rule that a test has chosen."""
    return RULE_NOW[-1]


@contextmanager
def of_rule(written: object, **options: object) -> Iterator[Stage]:
    """The sample stage, whose bureaus decide by another rule."""
    RULE_NOW.append(replace(Consent.parse(written), **options))
    changed = replace(STAGE, ballots=(replace(RULING, rule=rule_of_this_test),))
    STAGES["sample"] = changed
    try:
        yield changed
    finally:
        RULE_NOW.pop()
        del STAGES["sample"]


def say(sample: SampleOffice, case_id: int, kind: str, verdict: str) -> None:
    data = {"verdict": verdict, "opinion": "样例意见"}
    sample.take(case_id, "decide", sample.actor(Role(f"{kind}_approver")), data=data)


def ends_of(engine: Engine, case_id: int) -> list[str]:
    with reading(engine) as connection:
        query = select(rounds.c.outcome).where(rounds.c.case_id == case_id).order_by(rounds.c.round_no)
        return list(connection.scalars(query))


@pytest.mark.parametrize(
    "written,present",
    [
        ("all", None), ("any", None), ({"count": "2"}, None), ({"share": "2/3"}, None), ({"more_than": "2/3"}, None),
        ({"share": "1/2", "of": "present"}, 2), ({"kind": "any", "rejects": "1"}, None),
        ({"kind": "all", "returns": "2"}, None), ({"kind": "all", "waits": True}, None),
    ],
)  # fmt: skip
def test_the_case_moves_with_the_verdict_that_decides_and_no_other(engine: Engine, written, present) -> None:
    with of_rule(written, present=present) as stage:
        sample = settle_in(engine)
        rule = stage.ballots[0].rule(None)
        most = present or 3
        for said in product(VERDICTS, repeat=most) if engine.dialect.name == "sqlite" else [VERDICTS[:most]]:
            case_id = sample.open_case("under_review")
            sample.opine(case_id)
            expected = None
            for number, verdict in enumerate(said, 1):
                say(sample, case_id, BUREAUS[number - 1], verdict)
                expected = outcome(said[:number], 3, rule)
                assert state_of(engine, case_id).state == STATE_AFTER[expected and str(expected)], (said, number)
                if expected is not None:
                    break
            assert expected is not None, said
            assert ends_of(engine, case_id)[0] == str(expected)
        sound(engine)


def test_those_present_have_to_be_registered_before_anything_counts(engine: Engine) -> None:
    with of_rule({"share": "1/2", "of": "present"}):
        sample = settle_in(engine)
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        with pytest.raises(Refused, match="尚未登记到场"):
            say(sample, case_id, BUREAUS[0], "agree")
        assert state_of(engine, case_id).state == "under_review"


def test_where_nobody_is_present_nothing_passes(engine: Engine) -> None:
    with of_rule({"share": "1/2", "of": "present"}, present=0):
        sample = settle_in(engine)
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        with pytest.raises(ValueError, match="more verdicts than seats"):
            say(sample, case_id, BUREAUS[0], "agree")
        assert state_of(engine, case_id).state == "under_review"


LINKS = ("review", "section", "division", "head")
CHAIN_STEPS = tuple(
    step(link, State.UNDER_REVIEW, None, link, REVIEWERS if link == "review" else APPROVERS, edits=False,
         duty=Duty.REVIEW if link == "review" else Duty.APPROVE, casts=("ruling", link))
    for link in LINKS
)  # fmt: skip


def another(sample: SampleOffice, role: Role) -> Actor:
    """One more person with the role, in the same organisation."""
    known = sample.actor(role)
    with writing(sample.engine) as connection:
        named = {"login": f"extra.{role}", "name": "样例主要负责人", "password_hash": "!", "demo": True}
        person = connection.execute(persons.insert().values(named).returning(persons.c.id)).scalar_one()
        row = {"person_id": person, "organisation_id": known.organisation_id, "role": role, "since": AT.date()}
        seat = connection.execute(seats.insert().values(row).returning(seats.c.id)).scalar_one()
    return Actor(person, seat, known.organisation_id, role, "样例主要负责人")


@pytest.fixture
def long_chain(engine: Engine) -> Iterator[SampleOffice]:
    """Bureaus in which four people decide one after the other, the last of whom counts."""
    kept = tuple(one for one in STAGE.steps if one.casts is None)
    STAGES["sample"] = replace(STAGE, ballots=(replace(RULING, chain=LINKS),), steps=kept + CHAIN_STEPS)
    try:
        yield settle_in(engine)
    finally:
        del STAGES["sample"]


def test_four_people_of_a_bureau_decide_in_their_order(long_chain: SampleOffice) -> None:
    sample = long_chain
    heads = {role: another(sample, role) for role in APPROVERS}
    case_id = sample.open_case("under_review")
    for number, role in enumerate(APPROVERS):
        people = [sample.actor(REVIEWERS[number]), sample.actor(role), sample.actor(role, 1), heads[role]]
        for place, (link, person) in enumerate(zip(LINKS, people, strict=True)):
            for later in LINKS[place + 1 :]:
                with pytest.raises(Refused, match="还缺"):
                    sample.take(case_id, later, people[-1], data={"verdict": "agree"})
            sample.take(case_id, link, person, data={"verdict": "agree"})
    assert state_of(sample.engine, case_id).state == "agreed"
    sound(sample.engine)


def test_one_person_decides_one_link_of_a_chain(long_chain: SampleOffice) -> None:
    sample = long_chain
    case_id = sample.open_case("under_review")
    sample.take(case_id, "review", sample.actor(REVIEWERS[0]), data={"verdict": "agree"})
    first = sample.actor(APPROVERS[0])
    sample.take(case_id, "section", first, data={"verdict": "agree"})
    with pytest.raises(Refused, match="同一人不能连续办理两个环节"):
        sample.take(case_id, "division", first, data={"verdict": "agree"})
    sample.take(case_id, "division", sample.actor(APPROVERS[0], 1), data={"verdict": "agree"})


def test_one_person_does_not_decide_for_two_bureaus(engine: Engine) -> None:
    with of_rule("all"):
        sample = settle_in(engine)
        both, other = sample.actor(APPROVERS[0]), sample.actor(APPROVERS[1])
        with writing(engine) as connection:
            row = {"person_id": both.person_id, "organisation_id": other.organisation_id, "role": APPROVERS[1]}
            seat = connection.execute(seats.insert().values({**row, "since": AT.date()}).returning(seats.c.id))
            twice = Actor(both.person_id, seat.scalar_one(), other.organisation_id, APPROVERS[1], both.name)
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        sample.take(case_id, "decide", both, data={"verdict": "agree"})
        with pytest.raises(Refused, match="不能代表两个单位"):
            sample.take(case_id, "decide", twice, data={"verdict": "agree"})
