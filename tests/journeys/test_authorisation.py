"""Every route asked by every role about everybody's things, held against authz.yaml in both directions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import func, select

from governance.refusal import Refused
from governance.roles import Role
from tests.conftest import app_on
from tests.journeys.conftest import Played
from tests.journeys.walking import Visitor, Walk, Watch, plain, post_of, token_in, with_levels
from workflow import clock, lifecycle
from workflow.attempt import Actor
from workflow.db import metadata, reading, writing
from workflow.machines import STAGES
from workflow.model import attachments, cases, occurrences
from workflow.organisations.model import consortia, persons
from workflow.rule_change.model import desk_of
from workflow.story.cast import CITY, find_actor

TABLE = yaml.safe_load((Path(__file__).parent / "authz.yaml").read_text(encoding="utf-8"))
CONSORTIUM_OF = {"own": "beihe-a", "sibling": "beihe-b", "other_county": "qingxi-d", "other_city": "suixi-1"}
RELATIONS = (*CONSORTIUM_OF, "missing")
MISSING = 999_999
ROLES = [role for scope in TABLE["scopes"].values() for role in scope["roles"]]
READS = {role: scope["reads"] for scope in TABLE["scopes"].values() for role in scope["roles"]}
STEPS = [(stage, trigger) for stage in STAGES for trigger in dict.fromkeys(one.trigger for one in STAGES[stage].steps)]


@pytest.fixture(scope="module")
def walk(played_story: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The app on a copy of the story's end in which one run of every consortium has failed."""
    copy = Played(tmp_path_factory.mktemp("authz") / "story")
    shutil.copytree(played_story.folder, copy.folder)
    with pytest.MonkeyPatch.context() as patched, app_on(copy.url) as app:
        copy.use(patched)
        walk = with_levels(Walk(app))
        for code in CONSORTIUM_OF.values():
            with writing(walk.engine) as connection:
                connection.execute(
                    occurrences.insert().values(
                        job="open_months", scope=_month(walk, code).id, period="failed", due_at=clock.real_now(),
                        status="failed", attempts=1, error="样例", note="",
                    )
                )
        with writing(walk.engine) as connection:
            officer = find_actor(connection, post_of("rules_officer"), Role.RULES_OFFICER)
            desk = desk_of(connection, CITY, officer.organisation_id or 0)
            lifecycle.open_case(
                connection, "rule_change", desk, actor=officer, at=clock.now(connection), place=CITY, period="2026-900"
            )
        yield walk


@pytest.fixture(scope="module")
def watch(walk: Walk) -> Iterator[Watch]:
    """Whether anything is written."""
    with walk.engine.connect() as connection:
        yield Watch(connection)


def _month(walk: Walk, code: str) -> Any:
    return walk.case(code, "settlement", "2024-06" if code.startswith("suixi") else "2025-06")


def arguments(walk: Walk, about: str, relation: str) -> dict[str, Any]:
    """What stands in the address of a route about somebody's ``about``."""
    if relation == "missing":
        return dict.fromkeys(("consortium_id", "case_id", "number", "run_id"), MISSING)
    month = _month(walk, code := CONSORTIUM_OF[relation])
    files = select(attachments).join(cases, cases.c.id == attachments.c.case_id).order_by(attachments.c.id).limit(1)
    with reading(walk.engine) as connection:
        number = connection.scalar(select(consortia.c.id).where(consortia.c.code == code))
        file = connection.execute(files.where(cases.c.consortium_id == number)).one()
        run = connection.scalar(
            select(occurrences.c.id).where(occurrences.c.scope == month.id, occurrences.c.status == "failed")
        )
    found: dict[str, dict[str, Any]] = {
        "consortium": {"consortium_id": number, "number": number},
        "case": {"case_id": month.id},
        "file": {"case_id": file.case_id, "digest": file.sha256},
        "run": {"run_id": run},
        "person": {"number": walk.person(f"{code}-lead", "lead_clerk")},
    }
    return found[about]


def address(app: Flask, route: str, **given: Any) -> tuple[str, str]:
    """Method and path of a line of the table, with ``given`` and otherwise the first word that fits."""
    method, rule = route.split(" ", 1)
    found = next(one for one in app.url_map.iter_rules() if one.rule == rule and method in (one.methods or ()))
    words = {
        "stage": "settlement", "trigger": "begin_declaring", "act": "resolve", "chosen": "zh", "filename": "app.css",
        "what": "end" if "people" in rule else "leave", "digest": "0" * 64, "person_id": 1, "account": 9,
        "name": "settlement", "verb": "comment", "ballot": "settlement", "version": 1, "delegation": MISSING,
        "batch": "202506-1-01", "kind": "csv", "entry": "file", "pool": "resident", "year": 2025,
        "place": "demo-hunan-beihe", "file": 9, "enacted": MISSING,
    }  # fmt: skip
    if "display" in rule:
        words["chosen"] = "big"
    if "bulk" in rule:
        words["trigger"] = "review"
    values = {name: given.get(name, words.get(name)) for name in found.arguments}
    with app.test_request_context():
        return method, app.url_map.bind("localhost").build(found.endpoint, values, method=method)


def send(visitor: Visitor, method: str, path: str) -> Any:
    """A request with an empty form where it is a post."""
    return visitor.get(path) if method == "GET" else visitor.post(path)


def test_the_table_and_the_routes_are_the_same(walk: Walk) -> None:
    routes = {
        f"{method} {rule.rule}"
        for rule in walk.app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
    }
    methods = {method for rule in walk.app.url_map.iter_rules() for method in rule.methods or ()}
    assert routes == set(TABLE["routes"]) and methods <= {"GET", "POST", "HEAD", "OPTIONS"}
    assert sorted(ROLES) == sorted(str(role) for role in Role if role is not Role.SYSTEM)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_gives_and_nothing_else(walk: Walk, watch: Watch, role: str) -> None:
    visitor = walk.visitor(post_of(role), role)
    visitor.post("/preferences")
    watch.reset()
    for route, entry in TABLE["routes"].items():
        if route.endswith(("/login", "/logout", "/demo/enter/<int:person_id>")) and route.startswith("POST"):
            continue
        for expected, given in _asked(walk, role, entry):
            method, path = address(walk.app, route, **given)
            answer = send(visitor, method, path)
            assert answer.status_code == expected, (role, route, given, answer.text[:300])
            assert watch.unchanged() or (expected == 200 and entry.get("writes")), (role, route, given)
            watch.reset()


def _asked(walk: Walk, role: str, entry: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every address of one line of the table for ``role``, each with the status it should have."""
    if entry["for"] == "begin":
        for stage in STAGES:
            yield entry["answer"] if role in TABLE["begin"].get(stage, ()) else 404, {"stage": stage}
        return
    allowed = entry["for"] == "all" or role in entry["for"]
    for relation in RELATIONS if "about" in entry else ("",):
        given = arguments(walk, entry["about"], relation) if relation else {}
        seen = allowed and (not relation or relation in READS[role])
        yield entry["answer"] if seen else 404, given


@pytest.mark.parametrize("role", ["member_clerk", "county_finance_approver", "agency_head", "administrator"])
def test_out_of_scope_reads_exactly_like_missing(walk: Walk, role: str) -> None:
    visitor = walk.visitor(post_of(role), role)
    visitor.post("/preferences")
    for route, entry in TABLE["routes"].items():
        if "about" not in entry:
            continue
        missing = send(visitor, *address(walk.app, route, **arguments(walk, entry["about"], "missing")))
        for relation in set(CONSORTIUM_OF) - set(READS[role]):
            hidden = send(visitor, *address(walk.app, route, **arguments(walk, entry["about"], relation)))
            assert (hidden.status_code, plain(hidden)) == (404, plain(missing)), (role, route, relation)
            assert set(hidden.headers.keys()) == set(missing.headers.keys())


@pytest.mark.parametrize("role", ROLES)
def test_every_case_of_the_own_consortium_opens_and_changes_nothing(walk: Walk, watch: Watch, role: str) -> None:
    visitor = walk.visitor(post_of(role), role)
    query = select(cases.c.id, cases.c.stage, cases.c.state).join(consortia).where(consortia.c.code == "beihe-a")
    with reading(walk.engine) as connection:
        shown = {(row.stage, row.state): row.id for row in connection.execute(query)}
    watch.reset()
    for (stage, _state), number in shown.items():
        assert visitor.get(f"/{stage}/{number}").status_code == 200, (role, stage, number)
    assert watch.unchanged()


def _case_for(walk: Walk, stage: str, trigger: str) -> Any:
    """A case on which ``trigger`` is known, best one from whose state it leads."""
    sources = {state for one in STAGES[stage].steps if one.trigger == trigger for state in one.source}
    order = (cases.c.state.not_in(sources), cases.c.id)
    query = select(cases.c.id, cases.c.state, consortia.c.code).join(consortia).where(cases.c.stage == stage)
    shown = ["beihe-a", "beihe-b", "qingxi-c", "qingxi-d", "qingxi-e", f"rules:{CITY}"]
    wanted = query.where(consortia.c.code.in_(shown))
    with reading(walk.engine) as connection:
        return connection.execute(wanted.order_by(*order).limit(1)).one()


def _takers(stage: str, trigger: str) -> set[str]:
    return {str(role) for one in STAGES[stage].steps if one.trigger == trigger for role in one.by}


def _viewer(walk: Walk, role: str, code: str, number: int = 0) -> tuple[str, str]:
    if code == f"rules:{CITY}":
        return post_of(role), role
    county = "demo-hunan-beihe" if code.startswith("beihe") else "demo-hunan-qingxi"
    return post_of(role, f"{code}-lead", f"{code}-town-1", county), role


def _sees(role: str, code: str) -> bool:
    """Whether the case is in the role's scope: a place's own cases are seen by the bodies of the place and above."""
    return code != f"rules:{CITY}" or role in TABLE["scopes"]["city"]["roles"]


def test_no_step_is_taken_by_a_wrong_role_over_http(walk: Walk, watch: Watch) -> None:
    visitors: dict[tuple[str, str], Visitor] = {}
    for position, (stage, trigger) in enumerate(STEPS):
        case = _case_for(walk, stage, trigger)
        wrong = [role for role in ROLES if role not in _takers(stage, trigger)]
        for role in (wrong[position % len(wrong)], wrong[(7 * position + 3) % len(wrong)]):
            who = _viewer(walk, role, case.code)
            if who not in visitors:
                visitors[who] = walk.visitor(*who)
                visitors[who].post("/preferences")
            watch.reset()
            answer = visitors[who].post(f"/{stage}/{case.id}/{trigger}", {"opinion": "越权", "verdict": "agree"})
            assert answer.status_code == (403 if _sees(role, case.code) else 404), (stage, trigger, role)
            assert ("办理" in answer.text or answer.status_code == 404) and watch.unchanged(), (stage, trigger, role)


def test_no_step_is_taken_by_a_wrong_role_behind_the_pages(walk: Walk, watch: Watch) -> None:
    at = clock.moment(clock.day_of(clock.real_now()))
    watch.reset()
    for stage, trigger in STEPS:
        case = _case_for(walk, stage, trigger)
        for role in ROLES:
            if role in _takers(stage, trigger):
                continue
            with reading(walk.engine) as connection:
                at = clock.now(connection)
                actor = find_actor(connection, _viewer(walk, role, case.code)[0], Role(role))
            _refused(walk, case.id, trigger, actor, at)
    assert watch.unchanged()


def _refused(walk: Walk, case_id: int, trigger: str, actor: Actor, at: Any) -> None:
    with writing(walk.engine) as connection:
        with pytest.raises((Refused, lifecycle.NotFound)):
            lifecycle.take(connection, case_id, trigger, actor=actor, at=at)
        connection.rollback()


def test_steps_are_not_found_from_another_city(walk: Walk, watch: Watch) -> None:
    visitor = walk.visitor("agency-demo-suixi", "agency_clerk")
    missing = visitor.post(f"/settlement/{MISSING}/review")
    watch.reset()
    for stage, trigger in STEPS:
        answer = visitor.post(f"/{stage}/{_case_for(walk, stage, trigger).id}/{trigger}")
        assert (answer.status_code, plain(answer)) == (404, plain(missing)), (stage, trigger)
    assert watch.unchanged()


def test_without_a_token_every_post_is_refused(walk: Walk, watch: Watch) -> None:
    visitor = walk.visitor(post_of("administrator"), "administrator")
    visitor.get("/")
    watch.reset()
    posts = [route for route in TABLE["routes"] if route.startswith("POST")]
    for route in posts:
        about = TABLE["routes"][route].get("about")
        _method, path = address(walk.app, route, **(arguments(walk, about, "own") if about else {}))
        for sent in ({}, {"csrf_token": "forged"}):
            assert visitor.client.post(path, data=sent).status_code == 400, route
            assert walk.app.test_client().post(path, data=sent).status_code == 400, route
        crossing = visitor.post(path, **{"Sec-Fetch-Site": "cross-site"})
        assert crossing.status_code == 403, route
    assert len(posts) >= 14 and watch.unchanged()


def test_without_signing_in_one_is_asked_to(walk: Walk, watch: Watch) -> None:
    watch.reset()
    for route, entry in TABLE["routes"].items():
        if "demo/enter" in route:
            continue
        about, client = entry.get("about"), walk.app.test_client()
        stranger = Visitor(client, token_in(client.get("/login").text))
        method, path = address(walk.app, route, **(arguments(walk, about, "own") if about else {}))
        answer = send(stranger, method, path)
        assert answer.status_code == entry.get("without", 303), (route, answer.status_code)
        if "without" not in entry:
            assert answer.location.endswith("/login"), route
        if route == "POST /login":
            watch.reset()
    assert watch.unchanged()


def test_everybody_whom_the_table_names_is_there(walk: Walk) -> None:
    with reading(walk.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(persons)) > len(ROLES)
        assert {table.name for table in metadata.sorted_tables} >= {"records", "journals", "answers"}
    for role in ROLES:
        assert walk.person(post_of(role), role)
