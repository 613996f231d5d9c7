"""Tables of votes: when a round is decided, how, and that nothing passes because nobody came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.quorum import VERDICTS, Committee, Consent, Fraction, Majority, Motion, Outcome, outcome
from governance.rulebook import RuleBook

WORDS = {"a": "agree", "d": "disagree", "r": "return", "-": "abstain", "x": "recused"}
OUTCOMES = {"": None, "passed": Outcome.PASSED, "failed": Outcome.FAILED, "returned": Outcome.RETURNED}
TWO_THIRDS = Fraction(2, 3)


def votes(letters: str) -> list[str]:
    return [WORDS[letter] for letter in letters]


@pytest.mark.parametrize(
    "written,seats,letters,expected",
    [
        ("all", 3, "", ""),
        ("all", 3, "aa", ""),
        ("all", 3, "aaa", "passed"),
        ("all", 3, "d", "failed"),
        ("all", 3, "a-", "failed"),
        ("all", 3, "ar", "returned"),
        ("all", 3, "aax", "passed"),
        ("all", 3, "xxx", "failed"),
        ("all", 0, "", "failed"),
        ("any", 3, "a", "passed"),
        ("any", 3, "dd", ""),
        ("any", 3, "ddd", "failed"),
        ("any", 3, "d-r", "returned"),
        ({"count": "2"}, 3, "a", ""),
        ({"count": "2"}, 3, "da", ""),
        ({"count": "2"}, 3, "dd", "failed"),
        ({"count": "2"}, 3, "daa", "passed"),
        ({"count": "2"}, 3, "xx", "failed"),
        ({"share": "2/3"}, 3, "aa", "passed"),
        ({"share": "2/3"}, 4, "aa", ""),
        ({"share": "2/3"}, 4, "dd", "failed"),
        ({"share": "2/3"}, 4, "aax", "passed"),
        ({"more_than": "1/2"}, 4, "aadd", "failed"),
        ({"more_than": "1/2"}, 4, "aaa", "passed"),
        ({"share": "1/2", "returns": "2"}, 4, "r", ""),
        ({"share": "1/2", "returns": "2"}, 4, "rr", "returned"),
        ({"share": "1/2", "returns": "2"}, 4, "ddr", ""),
        ({"share": "1/2", "returns": "2"}, 4, "ddrd", "failed"),
    ],
)
def test_organisations(written: object, seats: int, letters: str, expected: str) -> None:
    assert outcome(votes(letters), seats, Consent.parse(written)) is OUTCOMES[expected]


def test_a_round_may_wait_for_every_seat() -> None:
    rule = Consent.parse("all", waits=True)
    assert outcome(votes("d"), 3, rule) is None
    assert outcome(votes("dr"), 3, rule) is None
    assert outcome(votes("dra"), 3, rule) is Outcome.RETURNED
    assert outcome(votes("daa"), 3, rule) is Outcome.FAILED


def test_a_rule_may_be_passed_as_it_is_written() -> None:
    assert outcome(votes("aa"), 2, {"kind": "all"}) is Outcome.PASSED
    assert outcome(votes("d"), 2, {"kind": "all", "waits": True}) is None
    assert outcome(votes("a"), 2, "any") is Outcome.PASSED
    committee = {"committee": CHARTER, "present": 6, "motion": "major"}
    assert outcome(votes("aaaaaa"), 9, committee) is Outcome.PASSED
    assert outcome(votes("aaaaad"), 9, committee) is Outcome.FAILED


def test_a_share_of_those_present() -> None:
    rule = Consent.parse({"share": "2/3", "of": "present"})
    assert outcome(votes("aa"), 5, rule, present=3) is Outcome.PASSED
    with pytest.raises(ValueError, match="present"):
        outcome(votes("aa"), 5, rule)


CHARTER = {
    "present": "2/3",
    "ordinary": {"of": "all", "more_than": "1/2"},
    "major": {"of": "all", "at_least": "2/3"},
    "notice_days": "5",
    "proxies_each": "1",
}
OF_PRESENT = CHARTER | {
    "ordinary": {"of": "present", "more_than": "1/2"},
    "major": {"of": "present", "at_least": "2/3"},
}


@pytest.mark.parametrize(
    "charter,seats,present,motion,letters,expected",
    [
        (CHARTER, 9, 5, Motion.ORDINARY, "aaaaa", ""),
        (CHARTER, 9, 6, Motion.ORDINARY, "aaaa", ""),
        (CHARTER, 9, 6, Motion.ORDINARY, "aaaaa", "passed"),
        (CHARTER, 9, 6, Motion.ORDINARY, "dd", "failed"),
        (CHARTER, 9, 6, Motion.ORDINARY, "d-", "failed"),
        (CHARTER, 9, 9, Motion.ORDINARY, "aaaadddd", ""),
        (CHARTER, 8, 8, Motion.ORDINARY, "aaaa----", "failed"),
        (CHARTER, 9, 9, Motion.MAJOR, "aaaaa", ""),
        (CHARTER, 9, 9, Motion.MAJOR, "aaaaaa", "passed"),
        (CHARTER, 9, 9, Motion.MAJOR, "ddd-", "failed"),
        (CHARTER, 9, 9, Motion.MAJOR, "xxxaaaa", "passed"),
        (CHARTER, 9, 9, Motion.MAJOR, "rrrrrr", "returned"),
        (CHARTER, 9, 9, Motion.MAJOR, "rrrraaaaa", "failed"),
        (CHARTER, 9, 6, Motion.MAJOR, "x", ""),
        (CHARTER, 3, 3, Motion.MAJOR, "xxx", "failed"),
        (OF_PRESENT, 9, 6, Motion.ORDINARY, "aaaa", "passed"),
        (OF_PRESENT, 9, 6, Motion.ORDINARY, "aaa---", "failed"),
        (OF_PRESENT, 9, 6, Motion.MAJOR, "aaaa", "passed"),
        (OF_PRESENT, 9, 6, Motion.MAJOR, "aaadd", ""),
        (OF_PRESENT, 9, 6, Motion.MAJOR, "aaaddd", "failed"),
    ],
)
def test_committee(
    charter: dict[str, object], seats: int, present: int, motion: Motion, letters: str, expected: str
) -> None:
    vote = Committee.parse(charter).outcome(votes(letters), seats=seats, present=present, motion=motion)
    assert vote is OUTCOMES[expected]


@pytest.mark.parametrize(
    "present,seats,quorate", [(5, 9, False), (6, 9, True), (7, 10, True), (6, 10, False), (0, 0, False)]
)
def test_quorum_is_counted_in_whole_numbers(present: int, seats: int, quorate: bool) -> None:
    assert Committee.parse(CHARTER).is_quorate(present, seats) is quorate


def test_the_shipped_charter_default_is_read() -> None:
    value = RuleBook.load().at("demo-hunan-beihe").on("committee.quorum", date(2025, 1, 1)).value
    assert Committee.parse(value) == Committee.parse(CHARTER)


@given(
    st.sampled_from(["all", "any", {"count": "2"}, {"share": "2/3"}, {"more_than": "1/2"}]),
    st.lists(st.sampled_from(sorted(VERDICTS)), max_size=4),
)
def test_what_was_decided_early_is_what_the_count_gives_later(written: object, verdicts: Sequence[str]) -> None:
    rule, seats = Consent.parse(written), 4
    early = outcome(verdicts, seats, rule)
    waiting = product(sorted(VERDICTS), repeat=seats - len(verdicts))
    endings = {outcome([*verdicts, *rest], seats, rule) for rest in waiting}
    assert None not in endings
    if early is Outcome.PASSED:
        assert endings <= {Outcome.PASSED, Outcome.RETURNED}
    elif early is Outcome.FAILED:
        assert Outcome.PASSED not in endings
    elif early is None:
        assert len(endings) > 1


@given(st.integers(1, 9), st.lists(st.sampled_from(["agree", "disagree", "abstain", "return"]), max_size=9))
def test_a_committee_vote_is_final_once_decided(seats: int, verdicts: list[str]) -> None:
    committee, given_votes = Committee.parse(CHARTER), verdicts[:seats]
    full = (given_votes + ["abstain"] * seats)[:seats]
    early = committee.outcome(given_votes, seats=seats, present=seats)
    assert early in (None, committee.outcome(full, seats=seats, present=seats))


def test_bad_counts_and_shapes() -> None:
    with pytest.raises(ValueError, match="more verdicts than seats"):
        outcome(votes("aaaa"), 3, Consent())
    with pytest.raises(ValueError, match="unknown verdict"):
        outcome(["maybe"], 3, Consent())
    with pytest.raises(ValueError, match="more members present"):
        Committee.parse(CHARTER).outcome([], seats=3, present=4)
    for written in ("0.67", "3/2", "1/0", "-1/2", "２/3"):
        with pytest.raises(ValueError, match="fraction"):
            Fraction.parse(written)
    for bad in ({"of": "all"}, {"of": "some", "more_than": "1/2"}):
        with pytest.raises(ValueError, match="majority"):
            Majority.parse(bad)
    with pytest.raises(ValueError, match="kind of consent"):
        Consent.parse("most")
