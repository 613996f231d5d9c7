"""The auditor's pages: filters in the address, page by page, a case as it stood, versions compared, the package."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.kernel.sample_stage import AT, Sample, registered, settle_in
from tests.trail.conftest import END, note, seal
from workflow import clock
from workflow.accounts.sessions import open_session
from workflow.db import canonical, moment_text, reading, writing
from workflow.organisations.model import admin_records
from workflow.trail import as_of, checks

ROW = '<tr><td class="num nowrap">'


@pytest.fixture
def engine(app: Flask) -> Engine:
    found: Engine = app.extensions["gongzhi.engine"]
    return found


@pytest.fixture
def sample(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    nothing_more = SimpleNamespace(facts=lambda page: [], sections=lambda page: [])
    monkeypatch.setitem(sys.modules, "workflow.sample.views", nothing_more)
    with registered():
        yield settle_in(engine)


@pytest.fixture
def case_id(sample: Sample) -> int:
    """A case that was amended under review and then returned."""
    number = sample.open_case("under_review")
    sample.opine(number)
    sample.take(number, "amend", sample.actor(Role.LEAD_CLERK), data={"amount_fen": 77700}, at=AT + timedelta(days=1))
    sample.opine(number)
    sample.decide(number, ("city_health",), verdict="return")
    return number


@pytest.fixture
def enter(app: Flask, sample: Sample) -> Callable[..., FlaskClient]:
    """A client signed in as someone holding a role."""

    def sign_in(role: Role) -> FlaskClient:
        with writing(sample.engine) as connection:
            token = open_session(connection, sample.actor(role).person_id or 0, clock.real_now())
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
        return client

    return sign_in


def count(client: FlaskClient, address: str) -> int:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.text.count(ROW)


def test_every_record_is_shown_once_page_by_page(sample: Sample, case_id: int, enter: Any) -> None:
    for number in range(120):
        note(sample, case_id, AT + timedelta(days=2, minutes=number // 3))
    client, address, seen = enter(Role.AUDITOR), "/trail", []
    while address:
        page = client.get(address).text
        seen += re.findall(r"案件 (\d+) 第 (\d+) 条", page)
        following = re.search(r'href="(/trail\?[^"]*before=[^"]*)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    with reading(sample.engine) as connection:
        total = checks.verify(connection).records
    assert len(seen) == len(set(seen)) == total > 100
    numbers = [int(seq) for case, seq in seen if int(case) == case_id]
    assert numbers[:5] == sorted(numbers, reverse=True)[:5]


def test_the_filters_of_the_address_hold(sample: Sample, case_id: int, enter: Any) -> None:
    other = sample.open_case("drafting")
    client = enter(Role.AUDITOR)
    everything = count(client, "/trail")
    assert count(client, f"/trail?case={other}") == 1
    assert count(client, f"/trail?case={case_id}") == everything - 1
    assert count(client, f"/trail?consortium={sample.county.consortium_id}") == everything
    assert count(client, "/trail?consortium=999") == 0
    assert count(client, "/trail?stage=sample&verb=opine") == 6
    assert count(client, "/trail?only=returned") >= 1
    assert count(client, "/trail?only=overdue") == 0
    assert count(client, "/trail?since=2026-03-03&until=2026-03-03") == 1
    assert count(client, f"/trail?person={sample.actor(Role.CITY_HEALTH_REVIEWER).name}") == 2
    assert count(client, "/trail?person=%25") == 0


@pytest.mark.parametrize(
    "address",
    ["/trail?case=x", "/trail?only=all", "/trail?stage=none", "/trail?since=soon", "/trail?since=0001-01-01",
     "/trail?before=1", "/trail?before=2026-01-01|1|x", "/trail?person=%00", "/trail?case=99999999999999999999",
     "/trail/1/as-of?at=9999-12-31", "/trail/1/as-of?at=x", "/trail/1/compare?from=99", "/trail/99/as-of",
     f"/trail/{1 << 70}/as-of"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_not_found(case_id: int, enter: Any, address: str) -> None:
    assert enter(Role.AUDITOR).get(address).status_code == 404


@pytest.mark.parametrize("role", [Role.LEAD_CLERK, Role.AGENCY_HEAD, Role.CITY_HEALTH_REVIEWER, Role.COMMITTEE_CHAIR])
def test_others_find_nothing(case_id: int, enter: Any, role: Role) -> None:
    client = enter(role)
    for address in ("/trail", *(f"/trail/{case_id}/{page}" for page in ("as-of", "compare", "package"))):
        assert client.get(address).status_code == 404
    assert "/trail" not in client.get("/").text


def test_rules_and_administration_read_but_take_nothing_away(sample: Sample, case_id: int, enter: Any) -> None:
    secret = "只给本单位看的意见"
    number = sample.open_case("under_review")
    kind = Role.CITY_HEALTH_REVIEWER
    sample.take(number, "opine", sample.actor(kind), data={"verdict": "disagree", "opinion": secret})
    for role in (Role.RULES_OFFICER, Role.ADMINISTRATOR):
        client = enter(role)
        assert count(client, "/trail") > 0
        assert client.get(f"/trail/{case_id}/as-of").status_code == 200
        assert client.get(f"/trail/{case_id}/package").status_code == 404
        assert secret not in client.get(f"/trail?case={number}").text
    assert secret in enter(Role.AUDITOR).get(f"/trail?case={number}").text


def test_a_case_is_shown_as_it_stood(sample: Sample, case_id: int, enter: Any) -> None:
    client = enter(Role.AUDITOR)
    before = client.get(f"/trail/{case_id}/as-of?at=2026-03-02T12:00").text
    after = client.get(f"/trail/{case_id}/as-of?at=2026-03-03T12:00").text
    assert "1,000.00" in before and "案卷第 1 版" in before and "777.00" not in before
    assert "777.00" in after and "案卷第 2 版" in after
    assert "还没有立案" in client.get(f"/trail/{case_id}/as-of?at=2026-03-01T12:00").text
    moment = moment_text(AT + timedelta(days=1))
    assert "案卷第 2 版" in client.get(f"/trail/{case_id}/as-of?at={moment}").text


def test_two_versions_are_compared_line_by_line(case_id: int, enter: Any) -> None:
    page = enter(Role.AUDITOR).get(f"/trail/{case_id}/compare?from=1&to=2").text
    assert "1,000.00" in page and "777.00" in page and "改动" in page
    assert "两版内容相同" in enter(Role.AUDITOR).get(f"/trail/{case_id}/compare?from=2&to=2").text


def test_a_dossier_is_told_in_words(app: Flask, engine: Engine) -> None:
    """A month as it stood: members and categories by their names, and no key of the program."""
    held = {"categories": {"town-1": {"drg": {"patient_fen": 120}}}, "standard_counts": "file", "pool": "resident"}
    case = SimpleNamespace(id=1, stage="settlement")
    names = {"town-1": ("样例乡镇卫生院", "Sample Township")}
    with app.test_request_context(), reading(engine) as connection:
        found = as_of.told(connection, case, SimpleNamespace(body=canonical(held)), names)
    assert [(one.label, one.value) for one in found.values()] == [
        ("各支付类别 · 样例乡镇卫生院 · DRG住院 · 个人负担", "1.20 元"), ("险种", "城乡居民"),
        ("以哪个支付标准为准", "以文件所载为准"),
    ]  # fmt: skip


def test_the_package_is_taken_from_page_and_case_and_who_took_it_is_recorded(
    sample: Sample, case_id: int, enter: Any
) -> None:
    client = enter(Role.AUDITOR)
    assert f"/trail/{case_id}/package" in client.get(f"/sample/{case_id}").text
    assert "/package" not in enter(Role.AGENCY_HEAD).get(f"/sample/{case_id}").text
    answer = client.get(f"/trail/{case_id}/package")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
    with reading(sample.engine) as connection:
        taken = connection.execute(select(admin_records.c.person_id, admin_records.c.verb, admin_records.c.body)).all()
    assert taken == [(sample.actor(Role.AUDITOR).person_id, "take_package", f'{{"case":{case_id}}}')]


def test_the_banner_tells_of_the_last_verification_and_seal(sample: Sample, case_id: int, enter: Any) -> None:
    client = enter(Role.AUDITOR)
    assert "还没有核验过" in client.get("/trail").text and "尚无封印" in client.get("/trail").text
    seal(sample, END)
    with writing(sample.engine) as connection:
        checks.keep(connection, checks.verify(connection), END)
        checks.keep(connection, checks.verify(connection), END)
    page = client.get("/trail").text
    assert "链完整" in page and "封印至 2026-03-07" in page
    with writing(sample.engine) as connection:
        checks.keep(connection, checks.Verified(1, 2, "", ["坏"]), END)
    assert "1 处问题" in client.get("/trail").text
