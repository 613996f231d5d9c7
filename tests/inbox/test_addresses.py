"""What stands in an address: filters, places of pages, filters kept by name; what was not written here is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.inbox.conftest import DEADLINES, Visit
from tests.inbox.looking import rows, viewer
from tests.kernel.sample_stage import AT, Sample
from workflow import lifecycle
from workflow.acts.model import saved_filters
from workflow.attempt import Actor
from workflow.clock import day_of
from workflow.db import reading, writing
from workflow.inbox import keyset
from workflow.inbox.counts import days_of
from workflow.inbox.filters import Filters, parse_query
from workflow.inbox.keyset import START, BadAddress, Position
from workflow.inbox.posts import desk_of
from workflow.inbox.rows import read
from workflow.inbox.saved import MOST_KEPT
from workflow.model import tasks

DAY = day_of(AT)
Change = Callable[[str], str]


def fill(sample: Sample, number: int) -> list[int]:
    """So many cases that wait for the agency's clerks, with deadlines of every kind."""
    found = [sample.open_case("submitted") for _ in range(number)]
    with writing(sample.engine) as connection:
        for position, case_id in enumerate(found):
            deadline = DEADLINES[position % len(DEADLINES)]
            connection.execute(tasks.update().where(tasks.c.case_id == case_id).values(deadline=deadline))
    return found


@pytest.fixture
def clerk(sample: Sample) -> Actor:
    return sample.actor(Role.AGENCY_CLERK)


def linked(text: str, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', text)
    assert found, text
    return found[1].replace("&amp;", "&")


def listed(text: str) -> list[str]:
    return re.findall(r'class="what" href="/sample/(\d+)#', text)


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert found
    return found[1]


def test_pages_over_http_lead_through_every_row_and_back(
    sample: Sample, clerk: Actor, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "__defaults__", (4,))
    opened, client = fill(sample, 10), visit(clerk)
    for start in ("/inbox", "/"):
        first = client.get(start).text
        second = client.get(linked(first, "next")).text
        third = client.get(linked(second, "next")).text
        shown = [listed(first), listed(second), listed(third)]
        assert [len(one) for one in shown] == [4, 4, 2]
        assert sorted(int(one) for page in shown for one in page) == opened
        assert 'rel="prev"' not in first and 'rel="next"' not in third
        assert listed(client.get(linked(third, "prev")).text) == shown[1]


def test_nothing_is_skipped_or_twice_when_rows_come_and_go_between_pages(sample: Sample, clerk: Actor) -> None:
    fill(sample, 12)
    with reading(sample.engine) as connection:
        days, desk = days_of(connection, DAY), desk_of(viewer(clerk))
        before = [row.keys for row in rows(connection, viewer(clerk), day=DAY)]
        page = read(connection, desk, Filters(), days, START, 5)
        seen, position = [row.keys for row in page.rows], Position(page.last)
    early = sample.open_case("submitted")
    with writing(sample.engine) as connection:
        connection.execute(tasks.update().where(tasks.c.case_id == early).values(deadline="2026-01-01"))
        connection.execute(tasks.delete().where(tasks.c.id == seen[-1][1]))
    with reading(sample.engine) as connection:
        rest = read(connection, desk, Filters(), days, position, 50)
        assert seen + [row.keys for row in rest.rows] == before
        assert rest.rows[0].keys > tuple(position.keys)


@pytest.mark.parametrize(
    "change",
    [lambda mark: mark[:-1] + ("A" if mark[-1] != "A" else "B"), lambda mark: "x" + mark,
     lambda mark: mark.split(".")[0], lambda mark: mark * 9, lambda mark: "%27 OR 1=1", lambda mark: "\x00"],
)  # fmt: skip
def test_a_place_that_was_tampered_with_is_refused_in_words(
    sample: Sample, clerk: Actor, visit: Visit, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    monkeypatch.setattr(read, "__defaults__", (2,))
    fill(sample, 5)
    client = visit(clerk)
    mark = linked(client.get("/inbox").text, "next").split("after=")[1]
    assert client.get("/inbox", query_string={"after": mark}).status_code == 200
    for query in ({"after": change(mark)}, {"before": change(mark)}, {"after": mark, "before": mark},
                  {"box": "notices", "after": mark}):  # fmt: skip
        for path in ("/inbox", "/")[: 1 if "box" in query else 2]:
            answer = client.get(path, query_string=query)
            assert answer.status_code == 400 and "从收件箱第一页" in answer.text


@pytest.mark.parametrize(
    "query",
    ["box=other", "show=waiting", "show=nothing", "stage=none", "pool=x", "role=emperor", "consortium=1;drop",
     "consortium=99999999999999999999", "consortium=-1", "consortium=%EF%BC%91", "q=" + "长" * 61, "q=a%00b"],
)  # fmt: skip
def test_a_filter_that_cannot_be_meant_is_refused(
    sample: Sample, clerk: Actor, visit: Visit, query: str
) -> None:
    answer = visit(clerk).get(f"/inbox?{query}")
    assert answer.status_code == 400 and "地址不对" in answer.text
    with pytest.raises(BadAddress):
        parse_query(query)


def test_each_filter_narrows_in_sql_past_the_first_page(sample: Sample, clerk: Actor) -> None:
    with writing(sample.engine) as connection:
        opened = [
            lifecycle.open_case(
                connection, "sample", sample.county.consortium_id, actor=sample.actor(Role.LEAD_CLERK), at=AT,
                place=sample.county.place, pool="employee", period="2026-10", serial=number, state="submitted",
            )
            for number in range(1, 4)
        ]  # fmt: skip
    opened += fill(sample, 5)
    asked: list[tuple[Filters, set[int]]] = [
        (Filters(stage="sample"), set(opened)), (Filters(stage="settlement"), set()),
        (Filters(pool="employee"), set(opened[:3])), (Filters(pool="resident"), set(opened[3:])),
        (Filters(consortium=str(sample.county.consortium_id)), set(opened)), (Filters(consortium="999"), set()),
        (Filters(role="agency_clerk"), set(opened)), (Filters(role="agency_head"), set()),
        (Filters(q="样例县人民医院"), set(opened)), (Filters(q="SAMPLE CONS"), set(opened)), (Filters(q="受理"), set(opened)),
        (Filters(q="2026年10月"), set(opened[:3])), (Filters(q="2026-10"), set(opened[:3])), (Filters(q="100%_"), set()),
        (Filters(q="%"), set()), (Filters(q="_"), set()), (Filters(q="样例事项", pool="employee"), set(opened[:3])),
    ]  # fmt: skip
    with reading(sample.engine) as connection:
        for filters, expected in asked:
            found = rows(connection, viewer(clerk), filters, limit=2, day=DAY)
            assert {int(row.url.split("/")[2].split("#")[0]) for row in found} == expected, filters


def test_the_query_is_the_filters_and_nothing_else() -> None:
    filters = Filters("done", "open", "settlement", "3", "resident", "agency_head", "北河 & 2026")
    assert parse_query(filters.query()) == filters
    assert parse_query(filters.query() + "&after=x&evil=1&next=//other") == filters
    assert Filters().url() == "/inbox" and Filters(show="soon").url("/") == "/?show=soon"


def save(client: FlaskClient, name: str, query: str) -> Any:
    return client.post("/inbox/filters", data={"csrf_token": token(client), "name": name, "query": query})


def test_a_filter_is_kept_under_a_name_and_found_again(
    sample: Sample, clerk: Actor, visit: Visit, engine: Engine
) -> None:
    client = visit(clerk)
    answer = save(client, "职工本月", "pool=employee&q=2026-10&evil=1&after=zz")
    assert answer.status_code == 302 and answer.location == "/inbox?pool=employee&q=2026-10"
    text = client.get("/inbox").text
    assert 'href="/inbox?pool=employee&amp;q=2026-10"' in text and "职工本月" in text
    with reading(engine) as connection:
        (row,) = connection.execute(select(saved_filters)).all()
    assert row.query == "pool=employee&q=2026-10"
    other = visit(sample.actor(Role.AGENCY_CLERK, 1))
    assert "职工本月" not in other.get("/inbox").text
    gone = {"csrf_token": token(other), "id": str(row.id)}
    assert other.post("/inbox/filters/delete", data=gone).status_code == 404
    assert "职工本月" in client.get("/inbox").text, "only its owner deletes it"
    gone = {"csrf_token": token(client), "id": str(row.id)}
    assert client.post("/inbox/filters/delete", data=gone).status_code == 302
    assert "职工本月" not in client.get("/inbox").text


def test_a_filter_needs_a_name_of_its_own_and_there_are_not_too_many(
    sample: Sample, clerk: Actor, visit: Visit, engine: Engine
) -> None:
    client = visit(clerk)
    for name, said in (("", "起一个名字"), ("长" * 31, "起一个名字"), ("a\tb", "起一个名字")):
        answer = save(client, name, "pool=employee")
        assert answer.status_code == 422 and said in answer.text
    assert save(client, "一", "pool=other").status_code == 400
    for number in range(MOST_KEPT):
        assert save(client, f"第{number}个", "pool=employee").status_code == 302
    assert "换一个名字" in save(client, "第0个", "pool=resident").text
    assert "最多保存" in save(client, "再一个", "pool=resident").text
    with reading(engine) as connection:
        assert len(connection.execute(select(saved_filters)).all()) == MOST_KEPT


def test_places_are_signed_for_one_box(app: Any) -> None:
    with app.app_context():
        mark = keyset.mark("todo", ("2026-03-02", 5))
        assert keyset.position("todo", mark, "") == Position(("2026-03-02", 5))
        with pytest.raises(BadAddress):
            keyset.position("done", mark, "")
