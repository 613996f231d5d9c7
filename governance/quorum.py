"""Whether a round is decided: of organisations (all, any, count, share) and of a committee (quorum, majority).

Whole numbers only; a fraction is compared by multiplying out. Nothing passes because nobody came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

AGREE, DISAGREE, RETURN, ABSTAIN, RECUSED = "agree", "disagree", "return", "abstain", "recused"
VERDICTS = frozenset({AGREE, DISAGREE, RETURN, ABSTAIN, RECUSED})


class Outcome(StrEnum):
    """How a round ends by its votes; a round ends in other ways too, but those are not counted here."""

    PASSED = "passed"
    FAILED = "failed"
    RETURNED = "returned"


class Motion(StrEnum):
    """What a committee votes on: an ordinary matter, a major one, or sending the matter back."""

    ORDINARY = "ordinary"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Fraction:
    """A share written ``2/3``, compared without division."""

    top: int
    bottom: int

    @classmethod
    def parse(cls, written: str) -> Fraction:
        """``"2/3"`` as a fraction; raises ValueError for anything that is not one between 0 and 1."""
        top, _, bottom = written.partition("/")
        if not (top.isascii() and top.isdigit() and bottom.isascii() and bottom.isdigit()):
            raise ValueError(f"not a fraction: {written}")
        found = cls(int(top), int(bottom))
        if found.bottom == 0 or found.top > found.bottom:
            raise ValueError(f"not a fraction between 0 and 1: {written}")
        return found

    def reached(self, part: int, whole: int) -> bool:
        """part ≥ fraction × whole."""
        return part * self.bottom >= whole * self.top

    def exceeded(self, part: int, whole: int) -> bool:
        """part > fraction × whole."""
        return part * self.bottom > whole * self.top


@dataclass(frozen=True, slots=True)
class Consent:
    """How many organisations must agree: ``all``, ``any``, ``count`` (``needed``) or ``share`` (``part``).

    A share is ``of`` all seats or of those present, at least its part, or more than it when ``strict``.
    ``returns_needed`` returns end the round as returned; fewer only count as not agreeing. ``rejects_needed``
    disagreements fail it, however many others agree; 0 leaves that to agreement being out of reach. ``waits`` holds
    every outcome back until each seat has given its verdict. ``present`` is the number there, once it is known.
    """

    kind: str = "all"
    needed: int = 1
    part: Fraction | None = None
    of: str = "all"
    strict: bool = False
    returns_needed: int = 1
    waits: bool = False
    rejects_needed: int = 0
    present: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("all", "any", "count", "share") or self.of not in ("all", "present"):
            raise ValueError(f"unknown kind of consent: {self.kind} of {self.of}")
        if self.kind == "share" and self.part is None:
            raise ValueError("a share of seats needs its part")
        if self.needed < 1 or self.returns_needed < 1 or self.rejects_needed < 0:
            raise ValueError("the numbers needed start at 1")

    @classmethod
    def parse(cls, written: object, *, waits: bool = False) -> Consent:
        """From a rule's value: ``all``, ``any``, ``{count: "2"}`` or ``{share: "2/3", of: present, returns: "1"}``.

        ``{kind: all}`` and ``{kind: any}`` are read too; ``rejects: "1"`` lets one disagreement fail the round.
        Raises ValueError for another shape.
        """
        if not isinstance(written, Mapping):
            return cls(str(written), waits=waits)
        rest: dict[str, Any] = {
            "returns_needed": int(written.get("returns", "1")),
            "waits": waits or written.get("waits") is True,
            "rejects_needed": int(written.get("rejects", "0")),
        }
        if "kind" in written:
            return cls(str(written["kind"]), **rest)
        if "count" in written:
            return cls("count", needed=int(written["count"]), **rest)
        strict = "more_than" in written
        part = Fraction.parse(str(written.get("more_than", written.get("share"))))
        return cls("share", 1, part, str(written.get("of", "all")), strict, **rest)

    def carried(self, agreed: int, seats: int) -> bool:
        """Whether ``agreed`` of ``seats`` are enough. Of no seats nothing is enough."""
        if seats == 0 or agreed == 0:
            return False
        if self.kind == "all":
            return agreed == seats
        if self.part is not None:
            return self.part.exceeded(agreed, seats) if self.strict else self.part.reached(agreed, seats)
        return agreed >= (self.needed if self.kind == "count" else 1)


def outcome(
    verdicts: Sequence[str], seats: int, rule: Consent | Mapping[str, Any] | str, *, present: int | None = None
) -> Outcome | None:
    """How a round of ``seats`` stands after these ``verdicts``, one a seat, or None while it is open.

    The first verdict that decides ends it: enough returns, enough disagreement, enough agreement, or so many others
    that enough agreement is out of reach. A recusal takes its seat out of the count, an abstention stays in it; with
    every seat recused the round fails. ``present`` is needed where the rule counts those present, unless the rule tells
    it. ``rule`` may be written as ``Consent.parse`` reads it, or for a committee's vote
    ``{committee: <committee.quorum>, present: 6, motion: major}``.
    Raises ValueError for more verdicts than seats, or an unknown one.
    """
    if isinstance(rule, Mapping) and "committee" in rule:
        here = seats if present is None else present
        motion, here = Motion(rule.get("motion", "ordinary")), int(rule.get("present", here))
        return Committee.parse(rule["committee"]).outcome(verdicts, seats=seats, present=here, motion=motion)
    if not isinstance(rule, Consent):
        rule = Consent.parse(rule)
    if rule.of == "present":
        present = rule.present if present is None else present
        if present is None or present > seats:
            raise ValueError(f"the number present is needed, and at most the seats: {present} of {seats}")
        seats = present
    return _round_outcome(verdicts, seats, rule)


def _round_outcome(verdicts: Sequence[str], seats: int, rule: Consent) -> Outcome | None:
    _check(verdicts, seats)
    waiting = seats - len(verdicts)
    if waiting and rule.waits:
        return None
    count = _counted(verdicts)
    counted = seats - count[RECUSED]
    if count[RETURN] >= rule.returns_needed:
        return Outcome.RETURNED
    if rule.rejects_needed and count[DISAGREE] >= rule.rejects_needed:
        return Outcome.FAILED
    if rule.carried(count[AGREE], counted):
        return Outcome.PASSED
    return_is_open = count[RETURN] > 0 and count[RETURN] + waiting >= rule.returns_needed
    still_open = rule.carried(count[AGREE] + waiting, counted) or return_is_open
    return None if waiting and still_open else Outcome.FAILED


@dataclass(frozen=True, slots=True)
class Majority:
    """One majority: more than, or at least, a fraction ``of`` all seats or of those present."""

    of: str
    fraction: Fraction
    strict: bool

    @classmethod
    def parse(cls, written: Mapping[str, str]) -> Majority:
        """From ``{of: all|present, more_than: "1/2"}`` or ``at_least``; raises ValueError for another shape."""
        if written.get("of") not in ("all", "present") or ("more_than" in written) == ("at_least" in written):
            raise ValueError(f"not a majority: {dict(written)}")
        strict = "more_than" in written
        return cls(written["of"], Fraction.parse(written["more_than" if strict else "at_least"]), strict)

    def carried(self, agreed: int, seats: int, present: int) -> bool:
        """Whether ``agreed`` votes are enough. Of nobody nothing is enough."""
        whole = seats if self.of == "all" else present
        if whole == 0 or agreed == 0:
            return False
        return self.fraction.exceeded(agreed, whole) if self.strict else self.fraction.reached(agreed, whole)


@dataclass(frozen=True, slots=True)
class Committee:
    """The rule ``committee.quorum``: who must be present, and the majorities by kind of motion."""

    present: Fraction
    ordinary: Majority
    major: Majority
    notice_days: int = 0
    proxies_each: int = 0

    @classmethod
    def parse(cls, value: Mapping[str, object]) -> Committee:
        """From the rule's value; raises ValueError or KeyError for another shape."""
        ordinary, major = value["ordinary"], value["major"]
        if not isinstance(ordinary, Mapping) or not isinstance(major, Mapping):
            raise ValueError("ordinary and major are majorities")
        return cls(
            Fraction.parse(str(value["present"])),
            Majority.parse(ordinary),
            Majority.parse(major),
            int(str(value.get("notice_days", "0"))),
            int(str(value.get("proxies_each", "0"))),
        )

    def is_quorate(self, present: int, seats: int) -> bool:
        """Whether enough members are there (proxies included) to vote at all; ``seats`` without recused members."""
        return seats > 0 and present > 0 and self.present.reached(present, seats)

    def outcome(
        self, verdicts: Sequence[str], *, seats: int, present: int, motion: Motion = Motion.ORDINARY
    ) -> Outcome | None:
        """How the vote stands: an outcome as soon as it cannot change, None while it can.

        ``seats`` and ``present`` count every member, recused ones too; their recusal leaves both counts. Who abstains
        stays in the denominator. A return is a motion like the plan itself and is carried by the same majority.
        Without a quorum nothing is decided, and the session is to be called again; with every member recused the vote
        fails. Recusals are declared before the vote. Raises ValueError for more verdicts than members present.
        """
        _check(verdicts, present)
        if present > seats:
            raise ValueError(f"more members present than there are: {present} of {seats}")
        count = _counted(verdicts)
        seats, present = seats - count[RECUSED], present - count[RECUSED]
        if seats == 0:
            return Outcome.FAILED
        if not self.is_quorate(present, seats):
            return None
        waiting = present - (len(verdicts) - count[RECUSED])
        majority = self.major if motion is Motion.MAJOR else self.ordinary
        if majority.carried(count[RETURN], seats, present):
            return Outcome.RETURNED
        if majority.carried(count[AGREE], seats, present):
            return Outcome.PASSED
        can_pass = majority.carried(count[AGREE] + waiting, seats, present)
        can_return = majority.carried(count[RETURN] + waiting, seats, present)
        return None if can_pass or can_return else Outcome.FAILED


def with_added(own: str, added: Sequence[str]) -> str:
    """The verdict of a seat whose holder has asked others (加签): agreement only where nobody who was asked objects.

    A return of anybody returns; else a disagreement of anybody disagrees. Whoever was asked and abstains objects to
    nothing; the seat abstains where its own holder does.
    """
    said = [own, *added]
    return next((verdict for verdict in (RETURN, DISAGREE) if verdict in said), own)


def _check(verdicts: Sequence[str], seats: int) -> None:
    if len(verdicts) > seats:
        raise ValueError(f"more verdicts than seats: {len(verdicts)} of {seats}")
    for verdict in verdicts:
        if verdict not in VERDICTS:
            raise ValueError(f"unknown verdict: {verdict}")


def _counted(verdicts: Sequence[str]) -> dict[str, int]:
    return {verdict: sum(1 for one in verdicts if one == verdict) for verdict in VERDICTS}
