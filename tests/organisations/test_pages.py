"""The register's pages: who finds them, what they refuse, and what happens on the very next request."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, select

from tests.organisations.conftest import ADMINISTRATOR, COUNTY_ADMINISTRATOR, STRONG, Hall
from workflow.accounts import passwords
from workflow.db import reading
from workflow.model import answers
from workflow.organisations.model import admin_records, insured_counts, organisations, persons, seats

HEALTH = "county_health.county_health_reviewer.0"
PERSON = {
    "login": "zhang", "name": "张样例", "new_password": STRONG, "organisation": "town-1", "role": "member_clerk",
    "since": "2026-01-01",
}  # fmt: skip


def verbs(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(admin_records.c.verb).order_by(admin_records.c.id)))


def test_an_administrator_adds_an_organisation_and_a_person(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    new = {"code": "town-9", "name": "样例镇卫生院", "kind": "township", "place": hall.county.place}
    assert admin.post("/organisations", **new).status_code == 303
    assert "样例镇卫生院" in admin.get("/organisations").text
    assert admin.post("/people", **{**PERSON, "organisation": "town-9"}).status_code == 303
    page = admin.get("/people").text
    assert "张样例" in page and "样例镇卫生院" in page
    assert verbs(hall.engine) == ["add_organisation", "add_person", "grant_seat"]
    assert passwords.identify(hall.engine, "zhang", STRONG) == hall.number("zhang")


def test_the_same_key_acts_once_and_no_password_stays_behind(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    assert [admin.post("/people", key="same", **PERSON).status_code for _again in range(2)] == [303, 303]
    assert verbs(hall.engine) == ["add_person", "grant_seat"]
    assert admin.post("/people", key="same", **{**PERSON, "new_password": "Other-2026"}).status_code == 409
    with reading(hall.engine) as connection:
        kept = str(connection.execute(select(admin_records)).all()) + str(connection.execute(select(answers)).all())
    assert STRONG not in kept


@pytest.mark.parametrize("path", ["/organisations", "/people", "/people/1", "/consortia/new", "/consortia/1/register"])
def test_nobody_else_finds_the_register(hall: Hall, path: str) -> None:
    for login in ("lead.lead_head.0", "audit.auditor.0", "platform.rules_officer.0", "agency.agency_head.0"):
        assert hall.enter(login).get(path).status_code == 404
    assert hall.app.test_client().get(path).status_code == 303


def test_a_post_without_the_token_does_nothing(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    for path in ("/people", "/organisations", "/consortia/new", "/people/1/disable", "/consortia/1/insured"):
        assert admin.client.post(path, data=PERSON).status_code == 400
    assert verbs(hall.engine) == []


def test_the_health_bureau_keeps_consortia_but_not_people(hall: Hall) -> None:
    health, path = hall.enter(HEALTH), f"/consortia/{hall.county.consortium_id}"
    assert health.get("/people").status_code == 404
    assert "/people" not in health.get("/inbox").text
    assert health.get("/consortia/new").status_code == 200 and health.get(f"{path}/register").status_code == 200
    count = {"pool": "resident", "period": "2027", "heads": "1234", "source": "样例文件"}
    assert health.post(f"{path}/insured", **count).status_code == 303
    assert "1234" in health.get(f"{path}/register").text
    leaving = {"organisation": "town-2", "until": "2026-12-31"}
    assert health.post(f"{path}/leave", **leaving).status_code == 303
    joining = {"organisation": "town-2", "level": "township", "since": "2027-01-01"}
    assert health.post(f"{path}/members", **joining).status_code == 303
    with reading(hall.engine) as connection:
        assert connection.scalar(select(insured_counts.c.heads).where(insured_counts.c.period == "2027")) == 1234
    assert verbs(hall.engine) == ["set_insured", "leave_member", "join_member"]


def test_a_consortium_is_founded_on_its_page(hall: Hall) -> None:
    health, place = hall.enter(HEALTH), hall.county.place
    hall.enter(ADMINISTRATOR).post("/organisations", code="second", name="样例二院", kind="hospital", place=place)
    new = {"code": "sample-b", "name": "样例二院医共体", "place": place, "lead": "second", "since": "2027-01-01"}
    assert health.post("/consortia/new", **new).status_code == 303
    assert verbs(hall.engine)[1:] == ["add_consortium", "join_member"]
    assert health.post("/consortia/new", **{**new, "code": "sample-c", "lead": "town-1"}).status_code == 422


def test_what_is_out_of_scope_is_not_found(hall: Hall) -> None:
    admin, outside = hall.enter(COUNTY_ADMINISTRATOR), hall.county.city
    theirs = hall.number("agency.agency_head.0")
    assert admin.get(f"/people/{theirs}").status_code == 404
    assert "agency.agency_head.0" not in admin.get("/people").text
    assert "样例医保经办机构" not in admin.get("/organisations").text
    for what in ("disable", "password", "seats", "end"):
        assert admin.post(f"/people/{theirs}/{what}", new_password=STRONG).status_code == 404
    new = {"code": "x", "name": "样例", "kind": "agency", "place": outside}
    assert admin.post("/organisations", **new).status_code == 404
    assert admin.post("/people", **{**PERSON, "organisation": "agency", "role": "agency_clerk"}).status_code == 404
    assert admin.post("/people", **{**PERSON, "organisation": "nowhere"}).status_code == 404
    own = hall.number("town-1.member_clerk.0")
    seat = {"organisation": "audit", "role": "auditor", "since": "2026-01-01"}
    assert admin.post(f"/people/{own}/seats", **seat).status_code == 404
    assert verbs(hall.engine) == []


def test_another_county_is_not_found(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    sister = {"code": "sister", "name": "样例邻县平台", "kind": "platform", "place": "demo-hunan-qingxi"}
    assert admin.post("/organisations", **sister).status_code == 303
    seated = {**PERSON, "login": "neighbour", "organisation": "sister", "role": "administrator"}
    assert admin.post("/people", **seated).status_code == 303
    neighbour, path = hall.enter("neighbour"), f"/consortia/{hall.county.consortium_id}"
    assert neighbour.get(f"{path}/register").status_code == 404
    count = {"pool": "resident", "period": "2027", "heads": "1", "source": "样例"}
    assert neighbour.post(f"{path}/insured", **count).status_code == 404


def test_an_account_is_not_taken_over_from_below(hall: Hall) -> None:
    city, admin = hall.enter(ADMINISTRATOR), hall.enter(COUNTY_ADMINISTRATOR)
    seated = {**PERSON, "organisation": "committee", "role": "committee_member"}
    assert city.post("/people", **seated).status_code == 303
    both = {"organisation": "agency", "role": "agency_head", "since": "2026-01-01"}
    number = hall.number("zhang")
    assert city.post(f"/people/{number}/seats", **both).status_code == 303
    answer = admin.post(f"/people/{number}/password", new_password="Another-2026")
    assert answer.status_code == 422 and "管理范围之外" in answer.text
    assert admin.post(f"/people/{number}/disable").status_code == 422


@pytest.mark.parametrize("login", [ADMINISTRATOR, COUNTY_ADMINISTRATOR])
def test_nobody_grants_to_themselves(hall: Hall, login: str) -> None:
    admin, number = hall.enter(login), hall.number(login)
    for organisation, role in (("county_health", "county_health_approver"), ("desk", "administrator")):
        seat = {"organisation": organisation, "role": role, "since": "2026-01-01"}
        answer = admin.post(f"/people/{number}/seats", **seat)
        assert answer.status_code == 422 and "不能给自己授予席位" in answer.text
    assert admin.post(f"/people/{number}/disable").status_code == 422
    assert verbs(hall.engine) == []


def test_a_disabled_person_is_out_on_the_very_next_request(hall: Hall) -> None:
    browsers = [hall.enter("lead.lead_head.0") for _each in range(2)]
    assert [one.get("/inbox").status_code for one in browsers] == [200, 200]
    number, admin = hall.number("lead.lead_head.0"), hall.enter(ADMINISTRATOR)
    assert admin.post(f"/people/{number}/disable").status_code == 303
    assert [one.get("/inbox").status_code for one in browsers] == [303, 303]
    again = {"organisation": "lead", "role": "lead_clerk", "since": "2030-01-01"}
    assert admin.post(f"/people/{number}/seats", **again).status_code == 422


def test_a_new_password_ends_every_session_and_an_ended_seat_acts_at_once(hall: Hall) -> None:
    admin, login = hall.enter(ADMINISTRATOR), COUNTY_ADMINISTRATOR
    number, theirs = hall.number(login), hall.enter(login)
    assert theirs.get("/people").status_code == 200
    assert admin.post(f"/people/{number}/end", organisation="desk", role="administrator").status_code == 303
    assert theirs.get("/people").status_code == 404
    assert admin.post(f"/people/{number}/password", new_password=" Blank-2026 ").status_code == 303
    assert theirs.get("/inbox").status_code == 303
    assert passwords.identify(hall.engine, login, " Blank-2026 ") == number
    assert passwords.identify(hall.engine, login, "Blank-2026") is None
    with reading(hall.engine) as connection:
        stored = connection.scalar(select(persons.c.password_hash).where(persons.c.id == number))
    assert stored.startswith("$argon2id$")


def test_a_refused_form_says_why_and_writes_nothing(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    for change, words in (
        ({"new_password": "short"}, "密码太弱"), ({"login": "lead.lead_head.0"}, "已被使用"),
        ({"role": "agency_head"}, "不是乡镇卫生院的岗位"), ({"since": "2026-13-01"}, "2026-11-23 的样子"),
        ({"until": "2025-01-01"}, "早于起始日"), ({"name": ""}, "请填写"),
    ):  # fmt: skip
        answer = admin.post("/people", **{**PERSON, **change})
        assert answer.status_code == 422 and words in answer.text, change
    taken = {"code": "lead", "name": "样", "kind": "hospital", "place": hall.county.place}
    assert admin.post("/organisations", **taken).status_code == 422
    with reading(hall.engine) as connection:
        assert connection.scalar(select(persons.c.id).where(persons.c.login == "zhang")) is None
        assert connection.scalar(select(organisations.c.id).where(organisations.c.name == "样")) is None
        assert connection.scalars(select(seats.c.id).where(seats.c.since > date(2025, 1, 1))).all() == []
    assert verbs(hall.engine) == []


def test_the_pages_speak_english_too(hall: Hall) -> None:
    admin = hall.enter(ADMINISTRATOR)
    with admin.client.session_transaction() as cookie:
        cookie["language"] = "en"
    for path in ("/people", "/organisations", f"/people/{hall.number('town-1.member_clerk.0')}", "/consortia/new"):
        assert admin.get(path).status_code == 200
