"""Reading notices: the number beside the inbox is what the box shows as unread, for each reader and each post."""

from __future__ import annotations

import itertools
import random
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, func, select

from governance.roles import Role
from tests.inbox.conftest import Visit, everyone
from tests.inbox.looking import rows, viewer
from tests.kernel import mending_stage
from tests.kernel.sample_stage import AT, Sample
from tests.mutating import changed
from workflow.acts.model import notice_marks
from workflow.clock import day_of
from workflow.db import reading, writing
from workflow.inbox import counts, posts
from workflow.inbox import reading as marks
from workflow.inbox import rows as inbox_rows
from workflow.inbox.boxes import Days, keys_of
from workflow.inbox.filters import Filters
from workflow.inbox.posts import desk_of
from workflow.model import notices

UNREAD = Filters("notices", "unread")
SEEDS = 12
LATER = AT + timedelta(days=1)
ROLES = (Role.AGENCY_CLERK, Role.AGENCY_HEAD, Role.LEAD_CLERK)


def fill(sample: Sample) -> None:
    """Notices and copies, in a muddle, to several posts: of cases of two stages and of none."""
    known = [sample.open_case("agreed"), mending_stage.Desk(sample.engine, sample.county).case_at("checked"), None]
    posted = [*map(sample.actor, ROLES), *members(sample)]
    chosen = list(itertools.product(posted, known, ("copy", "digest", "mention")))
    random.Random(6).shuffle(chosen)
    with writing(sample.engine) as connection:
        for one, case_id, kind in chosen:
            told = {"organisation_id": one.organisation_id, "role": str(one.role), "kind": kind, "case_id": case_id}
            connection.execute(notices.insert().values(body="样例", at=AT, **told))


def members(sample: Sample) -> list[Any]:
    """Two people with one role, in two houses."""
    found = {one.organisation_id: one for one in everyone(sample) if one.role is Role.MEMBER_CLERK}
    return [one for _number, one in sorted(found.items())][:2]


def lookers(sample: Sample) -> dict[str, Any]:
    """The same posts: their holders, a colleague in one of them, and a deputy of two, of one in one stage alone."""
    clerk, head, lead = map(sample.actor, ROLES)
    deputy = sample.actor(Role.CENTRE_CLERK)

    def acting(*given: tuple[Any, str]) -> SimpleNamespace:
        held = [seat for one, stage in given
                for seat in viewer(one, for_person_id=one.person_id, for_stage=stage).seats]  # fmt: skip
        return SimpleNamespace(person_id=deputy.person_id, name=deputy.name, seats=[*viewer(deputy).seats, *held])

    return {
        "clerk": viewer(clerk), "colleague": viewer(sample.actor(Role.AGENCY_CLERK, 1)), "head": viewer(head),
        "both": viewer(clerk, head), "deputy": acting((head, "sample"), (lead, "")),
        "limited": acting((head, "sample")),
        "everywhere": acting((head, "")), "member": viewer(members(sample)[0]), "members": viewer(*members(sample)),
    }  # fmt: skip


def shown(connection: Connection, who: Any) -> set[int]:
    """What the box marks as unread; the count, the narrowed box and every row say the same."""
    whole = rows(connection, who, Filters("notices"), limit=4)
    fresh = {row.id for row in whole if row.unread}
    assert [row.id for row in rows(connection, who, UNREAD, limit=4)] == sorted(fresh, reverse=True)
    assert connection.scalar(select(counts.unread_count(desk_of(who)))) == len(fresh)
    return fresh


class Plain:
    """Who has read what, kept in a plain set."""

    def __init__(self, connection: Connection, people: dict[str, Any]) -> None:
        self.reach = {
            name: {row.id for row in rows(connection, who, Filters("notices"))} for name, who in people.items()
        }
        self.people, self.read = people, set[tuple[int, int]]()

    def mark(self, name: str, numbers: set[int]) -> None:
        """Somebody reads."""
        self.read |= {(self.people[name].person_id, number) for number in numbers & self.reach[name]}

    def unread(self, name: str) -> set[int]:
        """What should be unread."""
        return {one for one in self.reach[name] if (self.people[name].person_id, one) not in self.read}


def walk(sample: Sample, people: dict[str, Any], seed: int) -> str:
    """Read at random, as all sorts of people; where box and recount differ first, or nothing."""
    chosen = random.Random(seed)
    with writing(sample.engine) as connection:
        connection.execute(notice_marks.delete())
        plain = Plain(connection, people)
        most = connection.scalar(select(func.max(notices.c.id)))
        for number in range(20):
            name, one = chosen.choice(sorted(people)), chosen.randint(1, most)
            desk = desk_of(people[name])
            if number % 3 == 2:
                marks.read_all(connection, desk, one, chosen.choice((AT, LATER)))
                plain.mark(name, set(range(one + 1)))
            elif marks.read_one(connection, desk, one):
                plain.mark(name, {one})
                if one not in plain.reach[name] and not _is_copy(connection, one):
                    return f"{name} {one}"
            for each, who in people.items():
                if number < 19 and who.person_id != people[name].person_id:
                    continue
                asked = keys_of(desk_of(who), UNREAD, Days(day_of(AT), day_of(AT)))
                if {key for query, _order in asked for key in connection.scalars(query)} != plain.unread(each):
                    return f"{seed} {each} {name} {one}"
    return ""


def _is_copy(connection: Connection, number: int) -> bool:
    return connection.scalar(select(notices.c.kind).where(notices.c.id == number)) == "copy"


MUTANTS = (
    (posts, "Post.unread", "notice_marks.c.person_id == self.viewer_id", "notice_marks.c.person_id > 0"),
    (posts, "Post.unread", "before.c.organisation_id == self.organisation_id", "before.c.id > 0"),
    (posts, "Post.unread", "before.c.role == self.role", "before.c.id > 0"),
    (posts, "Post.unread", "notice_marks.c.all_before == 1, ", ""),
    (posts, "Post.unread", "mine, notice_marks.c.all_before == 0, notice_marks", "mine, notice_marks"),
    (posts, "Post.unread", ", notice_marks.c.notice_id == notices.c.id", ""),
    (posts, "Post.unread", "self.notices(), ", ""),
    (posts, "Post.unread", "notices.c.id > last", "notices.c.id >= last"),
    (posts, "Post.unread", ", ~alone", ""),
    (marks, "read_one", "notices.c.id == number, ", ""),
    (marks, "read_one", ", any_of(post.notices() for post in desk.posts)", ""),
    (marks, "read_all", ", notices.c.id <= newest", ""),
    (marks, "_up_to", ", notices.c.id <= newest", ""),
    (marks, "_up_to", "post.notices(), notices.c.kind", "notices.c.kind"),
    (marks, "_up_to", "_MARKS.person_id == desk.person_id, ", ""),
    (marks, "_up_to", "older, covered", "covered"),
    (marks, "_up_to", "older, covered", "older"),
)  # fmt: skip
# The last notice read together with all before it is then marked once more by itself: what is read stays the same, and
# only how many rows are kept differs, which the next tests see.
SAME = {
    ("Post.unread", "mine, notice_marks.c.all_before == 0, notice_marks"), ("Post.unread", "notices.c.id > last"),
}  # fmt: skip


def forget() -> None:
    """Questions are put into words anew."""
    for kept in (counts._counting, counts.unread_count, inbox_rows._worded):
        kept.cache_clear()


def test_whatever_is_read_the_box_says_so_and_each_condition_is_missed(sample: Sample) -> None:
    with mending_stage.registered():
        fill(sample)
        people = lookers(sample)
        assert [walk(sample, people, seed) for seed in range(SEEDS)] == [""] * SEEDS
        survivors = []
        for module, name, old, new in MUTANTS:
            with changed(module, name, old, new):
                forget()
                if not any(walk(sample, people, seed) for seed in range(SEEDS)):
                    survivors.append((name, old))
        forget()
    assert set(survivors) == SAME


def test_the_count_the_box_and_its_rows_say_one_number(sample: Sample) -> None:
    with mending_stage.registered():
        fill(sample)
        people = lookers(sample)
        with writing(sample.engine) as connection:
            for name, who in people.items():
                before = shown(connection, who)
                marks.read_one(connection, desk_of(who), max(before))
                after = shown(connection, who)
                assert after == before - {max(before)}, name


def test_what_came_within_the_hour_is_marked_one_by_one(sample: Sample) -> None:
    """A lower number may become visible after a higher one: it is not read with it, being nowhere to be seen."""
    clerk = viewer(sample.actor(Role.AGENCY_CLERK))
    told = {"organisation_id": clerk.seats[0].organisation_id, "role": clerk.seats[0].role, "kind": "digest"}
    with writing(sample.engine) as connection:
        for number, at in ((10, AT - timedelta(hours=2)), (12, AT)):
            connection.execute(notices.insert().values(id=number, case_id=None, body="样例", at=at, **told))
        marks.read_all(connection, desk_of(clerk), 12, AT)
        assert shown(connection, clerk) == set()
        assert sorted(connection.execute(select(notice_marks.c.all_before, notice_marks.c.notice_id)).all()) == [
            (0, 12), (1, 10),
        ]  # fmt: skip
        connection.execute(notices.insert().values(id=11, case_id=None, body="样例", at=AT, **told))
        assert shown(connection, clerk) == {11}
        marks.read_all(connection, desk_of(clerk), 12, AT + marks.SETTLED)
        assert connection.execute(select(notice_marks.c.all_before, notice_marks.c.notice_id)).all() == [(1, 12)]
        assert shown(connection, clerk) == set()


def test_who_holds_a_seat_in_one_stage_reads_nothing_of_the_others(sample: Sample) -> None:
    deputy, head = sample.actor(Role.CENTRE_CLERK), sample.actor(Role.AGENCY_HEAD)
    limited, everywhere = (viewer(head, for_person_id=head.person_id, for_stage=one) for one in ("sample", ""))
    limited.person_id = everywhere.person_id = deputy.person_id
    told = {"organisation_id": head.organisation_id, "role": str(head.role), "kind": "digest", "body": "样例", "at": AT}
    known = sample.open_case("drafting")
    with writing(sample.engine) as connection:
        connection.execute(notices.delete())
        for number, case_id in ((1, None), (2, known), (3, None)):
            connection.execute(notices.insert().values(id=number, case_id=case_id, **told))
        assert (shown(connection, limited), shown(connection, everywhere)) == ({2}, {1, 2, 3})
        marks.read_all(connection, desk_of(limited), 3, LATER)
        assert (shown(connection, limited), shown(connection, everywhere)) == (set(), {1, 3})
        marks.read_all(connection, desk_of(everywhere), 3, LATER)
        assert (shown(connection, limited), shown(connection, everywhere)) == (set(), set())
        assert shown(connection, viewer(head)) == {1, 2, 3}


def post(client: FlaskClient, data: dict[str, Any]) -> Any:
    """Press a button of the box."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/inbox").text)
    assert found is not None
    return client.post("/inbox/notices", data={"csrf_token": found[1], **data})


def number_beside(page: str) -> int:
    """The number in the navigation."""
    found = re.search(r'<span class="cnt"><span class="sr">(\d+) 条未读通知', page)
    return int(found[1]) if found else 0


def test_over_http_following_reads_one_the_button_reads_all_and_looking_reads_nothing(
    sample: Sample, engine: Engine, visit: Visit
) -> None:
    with mending_stage.registered():
        fill(sample)
        clerk = visit(sample.actor(Role.AGENCY_CLERK))
        page = clerk.get("/inbox?box=notices").text
        assert number_beside(page) == page.count('class="fresh"') == 6 == number_beside(clerk.get("/inbox").text)
        assert number_beside(clerk.get("/inbox?box=notices&show=unread").text) == 6
        numbers = [int(one) for one in re.findall(r'name="id" value="(\d+)"', page)]
        with reading(engine) as connection:
            of_case = connection.scalar(
                select(notices.c.id).where(notices.c.id.in_(numbers), notices.c.case_id == 1).limit(1)
            )
        answer = post(clerk, {"id": of_case})
        assert (answer.status_code, answer.location) == (302, "/sample/1")
        page = clerk.get("/inbox?box=notices").text
        assert number_beside(page) == page.count('class="fresh"') == 5 and "未读 5 条" in page
        newest = re.search(r'name="newest" value="(\d+)"', page)
        assert newest is not None and int(newest[1]) == max(numbers)
        assert post(clerk, {"newest": newest[1]}).location == "/inbox?box=notices"
        page = clerk.get("/inbox?box=notices").text
        assert number_beside(page) == page.count('class="fresh"') == 0
        assert "未读 " not in page and 'name="newest"' not in page
        colleague = visit(sample.actor(Role.AGENCY_CLERK, 1))
        assert number_beside(colleague.get("/inbox").text) == 6


@pytest.mark.parametrize("data", [{}, {"id": "0"}, {"id": "x"}, {"id": "-1"}, {"newest": str(2**31)}, {"id": "99999"}])
def test_what_is_not_ones_own_is_not_found(sample: Sample, visit: Visit, data: dict[str, str]) -> None:
    with mending_stage.registered():
        fill(sample)
        clerk, head = visit(sample.actor(Role.AGENCY_CLERK)), visit(sample.actor(Role.AGENCY_HEAD))
        (theirs, *_more) = re.findall(r'name="id" value="(\d+)"', head.get("/inbox?box=notices").text)
        assert post(clerk, data).status_code == 404
        assert post(clerk, {"id": theirs}).status_code == 404
        assert number_beside(clerk.get("/inbox").text) == 6 == number_beside(head.get("/inbox").text)


def test_the_button_stands_only_where_the_box_is_shown_from_its_top(sample: Sample, visit: Visit) -> None:
    with mending_stage.registered():
        fill(sample)
        clerk = visit(sample.actor(Role.AGENCY_CLERK))
        for path, stands in (
            ("box=notices", True), ("box=notices&show=unread", True), ("box=notices&stage=sample", False),
            ("box=copies", False), ("box=todo", False),
        ):  # fmt: skip
            assert ("全部标为已读" in clerk.get(f"/inbox?{path}").text) == stands, path
