"""The table of posts that exclude each other: every pair of roles, both ways, in one organisation and in two."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import Engine

from governance.refusal import Refused
from governance.roles import Role
from tests.organisations.conftest import Hall
from tests.people import County
from workflow.clock import real_now
from workflow.db import writing
from workflow.organisations import commands
from workflow.organisations.office import OPERATOR
from workflow.organisations.posts import CONFLICTS, OVERSEEING, conflict, fits

ROLES = [role for role in Role if role is not Role.SYSTEM]
PROVIDERS, SCORERS = ("lead", "member"), ("centre",)
# Written apart from the table: who may not be whom within one organisation, by post.
WITHIN = {
    "lead": [("clerk", "head"), ("finance", "clerk"), ("finance", "head")], "member": [("clerk", "head")],
    "centre": [("clerk", "head")], "agency": [("clerk", "reviewer"), ("clerk", "head"), ("reviewer", "head")],
    "committee": [("chair", "member"), ("secretary", "chair"), ("secretary", "member")],
    **{body: [("reviewer", "approver")] for body in ("county_health", "county_insurance", "county_finance")},
    **{body: [("reviewer", "approver")] for body in ("city_health", "city_insurance", "city_finance")},
}  # fmt: skip
# Between reviewer and head each level is its own person, wherever a kind of body has such levels.
for body, pairs in WITHIN.items():
    if f"{body}_section" in ROLES:
        own = {post for pair in pairs for post in pair}
        pairs += [(post, level) for post in own for level in ("section", "division")] + [("section", "division")]
DRAFTS = {"lead_clerk", "lead_finance"}


def expected(one: str, other: str) -> bool:
    """Whether one person may not be both in any organisations, as the papers say it."""
    sides = [role.split("_")[0] for role in (one, other)]
    if one in OVERSEEING or other in OVERSEEING:
        return True
    if {one, other} & DRAFTS and "committee_secretary" in (one, other):
        return True
    paid = [side in PROVIDERS for side in sides]
    return any(paid) and not all(paid) and "committee" not in sides


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ROLES, 2)))
def test_every_pair_in_two_organisations(one: Role, other: Role) -> None:
    for pair in ((one, other), (other, one)):
        assert (conflict(*pair, same_organisation=False) is not None) == expected(*pair), pair


def test_every_pair_within_one_organisation() -> None:
    forbidden = {
        frozenset((f"{body}_{first}", f"{body}_{second}")) for body, pairs in WITHIN.items() for first, second in pairs
    }
    for kind in ("hospital", "agency", "committee", "centre", "county_health", "city_finance", "platform", "audit"):
        own = [role for role in ROLES if fits(kind, role)]
        for one, other in itertools.combinations(own, 2):
            if kind == "hospital" and one.split("_")[0] != other.split("_")[0]:
                continue
            wanted = frozenset((str(one), str(other))) in forbidden or one in OVERSEEING
            assert (conflict(one, other, same_organisation=True) is not None) == wanted, (one, other)


def test_every_row_of_the_table_forbids_something_that_no_other_row_does() -> None:
    for row in CONFLICTS:
        pairs = [
            pair
            for pair in itertools.combinations(ROLES, 2)
            for same in (True, False)
            if [other for other in CONFLICTS if other.forbids(*pair, same_organisation=same)] == [row]
        ]
        assert pairs, row
        assert row.reason and row.reason_en


def test_the_command_refuses_what_the_table_forbids(engine: Engine, county: County) -> None:
    secretary = county.actor(Role.COMMITTEE_SECRETARY)
    for code, role in (("committee", "committee_member"), ("lead", "lead_finance"), ("audit", "auditor")):
        with pytest.raises(Refused, match="岗位不相容") as caught, writing(engine) as connection:
            commands.grant_seat(
                connection, office=OPERATOR, at=real_now(), login=secretary.name.removeprefix("样例"),
                organisation=code, role=role, since="2026-01-01",
            )  # fmt: skip
        assert caught.value.refusals[0].who


def test_the_page_shows_every_row_to_everybody(hall: Hall) -> None:
    said = hall.enter("lead.lead_clerk.0").get("/posts").text
    assert all(row.reason in said for row in CONFLICTS)
