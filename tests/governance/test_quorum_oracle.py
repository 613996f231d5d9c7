"""Every round of few seats, counted a second way: by trying how it could still end, one completion after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from governance.quorum import VERDICTS, Committee, Consent, Motion, Outcome, outcome, with_added

VOTES = sorted(VERDICTS)
MOST_SEATS = 4
RULES = [
    {**kind, **returns, **rejects}
    for kind in (
        {"kind": "all"}, {"kind": "any"}, {"count": "2"}, {"count": "3"}, {"count": "9"}, {"share": "1/2"},
        {"share": "2/3"}, {"share": "1/1"}, {"more_than": "1/2"}, {"more_than": "2/3"}, {"share": "0/1"},
    )
    for returns in ({}, {"returns": "2"})
    for rejects in ({}, {"rejects": "1"}, {"rejects": "2"})
]  # fmt: skip


def enough(rule: dict[str, str], full: Sequence[str], seats: int) -> bool:
    """Whether a round in which everybody has spoken has the agreement it needs, by the words of the rule."""
    agreed, whole = full.count("agree"), seats - full.count("recused")
    if agreed == 0:
        return False
    if "count" in rule:
        return agreed >= int(rule["count"])
    if "kind" in rule:
        return agreed == whole if rule["kind"] == "all" else True
    top, bottom = (int(one) for one in rule.get("share", rule.get("more_than", "")).split("/"))
    return agreed * bottom > whole * top if "more_than" in rule else agreed * bottom >= whole * top


def by_trying(rule: dict[str, str], given: tuple[str, ...], seats: int) -> Outcome | None:
    """The outcome that every way of going on leads to; None while they lead to different ones."""
    returns, rejects = int(rule.get("returns", "1")), int(rule.get("rejects", "0"))
    if given.count("return") >= returns:
        return Outcome.RETURNED
    if rejects and given.count("disagree") >= rejects:
        return Outcome.FAILED
    ways = [given + rest for rest in product(VOTES, repeat=seats - len(given))]
    carried = {enough(rule, way, seats) for way in ways}
    if carried == {True}:
        return Outcome.PASSED
    returned_yet = "return" in given and any(way.count("return") >= returns for way in ways)
    return Outcome.FAILED if carried == {False} and not (returned_yet and len(given) < seats) else None


def rounds(seats: int) -> Iterator[tuple[str, ...]]:
    for spoken in range(seats + 1):
        yield from product(VOTES, repeat=spoken)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_round_is_decided_exactly_when_every_way_on_leads_to_the_same_end(rule: dict[str, str]) -> None:
    for seats in range(MOST_SEATS + 1):
        for given in rounds(seats):
            assert outcome(given, seats, rule) is by_trying(rule, given, seats), (given, seats)


@pytest.mark.parametrize("rule", [one for one in RULES if "kind" not in one and "count" not in one], ids=str)
def test_a_share_of_those_present_counts_only_those(rule: dict[str, str]) -> None:
    of_present = Consent.parse({**rule, "of": "present"})
    for present in range(4):
        known = Consent.parse({**rule, "of": "present"})
        object.__setattr__(known, "present", present)
        for given in rounds(present):
            expected = by_trying(rule, given, present)
            assert outcome(given, 6, of_present, present=present) is expected, (given, present)
            assert outcome(given, 6, known) is expected, (given, present)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_round_in_which_everybody_has_spoken_is_over_and_passes_only_by_agreement(rule: dict[str, str]) -> None:
    waiting = Consent.parse(rule, waits=True)
    for seats in range(MOST_SEATS + 1):
        for full in product(VOTES, repeat=seats):
            found = outcome(full, seats, rule)
            assert found is not None
            assert outcome(full, seats, waiting) is found
            assert found is not Outcome.PASSED or "agree" in full
        for given in rounds(seats):
            assert len(given) == seats or outcome(given, seats, waiting) is None
    for nobody in ("abstain", "recused"):
        assert outcome([nobody] * 3, 3, rule) is Outcome.FAILED


CHARTERS = [
    {
        "present": quorate,
        "ordinary": {"of": of, kind: part},
        "major": {"of": of, "at_least": "2/3"},
    }
    for quorate in ("1/2", "2/3")
    for of in ("all", "present")
    for kind, part in (("more_than", "1/2"), ("at_least", "1/2"))
]


def majority_by_hand(charter: dict, motion: Motion, number: int, seats: int, present: int) -> bool:
    rule = charter[str(motion)]
    whole = seats if rule["of"] == "all" else present
    strict = "more_than" in rule
    top, bottom = (int(one) for one in rule["more_than" if strict else "at_least"].split("/"))
    return number > 0 and (number * bottom > whole * top if strict else number * bottom >= whole * top)


@pytest.mark.parametrize("charter", CHARTERS, ids=str)
@pytest.mark.parametrize("motion", list(Motion))
def test_a_committee_decides_exactly_when_every_way_on_leads_to_the_same_end(charter: dict, motion: Motion) -> None:
    committee, spoken = Committee.parse(charter), ("agree", "disagree", "return", "abstain")
    top, bottom = (int(one) for one in charter["present"].split("/"))

    def won(way: Sequence[str], verdict: str, seats: int, present: int) -> bool:
        return majority_by_hand(charter, motion, list(way).count(verdict), seats, present)

    for seats, present in ((s, p) for s in range(1, 6) for p in range(s + 1)):
        for given in (one for n in range(present + 1) for one in product(spoken, repeat=n)):
            found = committee.outcome(given, seats=seats, present=present, motion=motion)
            if present == 0 or present * bottom < seats * top:
                assert found is None
                continue
            ways = [given + rest for rest in product(spoken, repeat=present - len(given))]
            passed = {won(way, "agree", seats, present) for way in ways}
            returned = {won(way, "return", seats, present) for way in ways}
            expected = Outcome.RETURNED if returned == {True} else Outcome.PASSED if passed == {True} else None
            if passed == returned == {False}:
                expected = Outcome.FAILED
            assert found is expected, (given, seats, present)


def test_nobody_present_decides_nothing() -> None:
    for charter in CHARTERS:
        assert Committee.parse(charter).outcome([], seats=3, present=0) is None
    assert outcome([], 3, {"share": "1/2", "of": "present"}, present=0) is Outcome.FAILED


def test_a_seat_agrees_only_where_nobody_it_asked_objects() -> None:
    votes = ("agree", "disagree", "return", "abstain")
    for own, first, second in product(votes, repeat=3):
        said = {own, first, second}
        expected = "return" if "return" in said else "disagree" if "disagree" in said else own
        assert with_added(own, [first, second]) == expected
    assert with_added("agree", ["abstain"]) == "agree"
    assert with_added("abstain", ["agree"]) == "abstain"


def test_the_numbers_of_a_rule_are_whole_and_positive() -> None:
    for bad in ({"kind": "all", "returns": "0"}, {"kind": "all", "rejects": "-1"}, {"count": "0"}, {"count": "1.5"}):
        with pytest.raises(ValueError, match=r"start at 1|invalid literal"):
            Consent.parse(bad)
