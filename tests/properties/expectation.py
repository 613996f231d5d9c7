"""What ought to happen to a case of the sample stage, in plain Python: written apart from the program it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field

BUREAUS = ("city_health", "city_insurance", "city_finance")


@dataclass
class Expected:
    """One case as it ought to stand; every ``may_…`` says whether a try must succeed, every other method does it."""

    state: str = "drafting"
    fen: int = 0
    duties: dict[int, str] = field(default_factory=dict)
    votes: dict[tuple[str, str], str] = field(default_factory=dict)
    eligible: dict[str, frozenset[int]] = field(default_factory=dict)
    voters: set[int] = field(default_factory=set)
    rounds: int = 0
    outcomes: list[str] = field(default_factory=list)

    def free_for(self, people: tuple[int, ...], duty: str) -> bool:
        """Nobody who takes part in the act holds another excluding duty of the case."""
        return all(self.duties.get(person, duty) == duty for person in people)

    def bind(self, people: tuple[int, ...], duty: str) -> None:
        """Whoever takes part in the act holds its duty from now on."""
        for person in people:
            self.duties[person] = duty

    def open_round(self, eligible: dict[str, frozenset[int]]) -> None:
        """A new round on the present content, with the people of this moment."""
        self.rounds += 1
        self.votes, self.eligible, self.voters = {}, eligible, set()

    def may_vote(self, kind: str, link: str, people: tuple[int, ...], principal: int) -> bool:
        """Whether this seat's link is open to the people of the act, ``principal`` being the one whose seat it is.

        Nobody speaks twice in a round, whatever other seats they hold.
        """
        before = link == "review" or (kind, "review") in self.votes
        listed = principal in self.eligible.get(kind, frozenset())
        fresh = (kind, link) not in self.votes
        duty = "review" if link == "review" else "approve"
        once = self.voters.isdisjoint(people)
        return self.state == "under_review" and before and listed and fresh and once and self.free_for(people, duty)

    def vote(self, kind: str, link: str, verdict: str, people: tuple[int, ...]) -> None:
        """Count a decision: all three must agree; one that does not decides alone, a return sends the case back."""
        self.votes[kind, link] = verdict
        self.voters.update(people)
        if link != "approve":
            return
        if verdict == "return":
            self._end("returned", "drafting")
        elif verdict != "agree":
            self._end("failed", "refused")
        elif all(self.votes.get((one, "approve")) == "agree" for one in BUREAUS):
            self._end("passed", "agreed")

    def _end(self, outcome: str, state: str) -> None:
        self.outcomes.append(outcome)
        self.state = state
