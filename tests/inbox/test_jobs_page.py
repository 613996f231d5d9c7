"""The page of scheduled work: what belongs to no case is mended there by the administrator, and written down."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.inbox.conftest import Visit
from tests.kernel.sample_stage import AT, Sample
from workflow.db import reading, writing
from workflow.model import occurrences
from workflow.organisations.model import admin_records, organisations

FAILED = {"due_at": AT, "status": "failed", "attempts": 1, "note": ""}


def failed(engine: Engine, job: str, scope: int, period: str, error: str = "ValueError: 坏了") -> int:
    """A run that failed."""
    with writing(engine) as connection:
        row = occurrences.insert().values(job=job, scope=scope, period=period, error=error, **FAILED)
        return int(connection.execute(row).inserted_primary_key[0])


def post(client: FlaskClient, path: str, data: dict[str, str] | None = None) -> Any:
    """Press a button of the page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/").text)
    assert found is not None
    return client.post(path, data={"csrf_token": found[1], **(data or {})})


def run(engine: Engine, number: int) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(occurrences).where(occurrences.c.id == number)).one()


def written(engine: Engine) -> list[tuple[str, Any]]:
    with reading(engine) as connection:
        found = connection.execute(select(admin_records.c.verb, admin_records.c.body).order_by(admin_records.c.id))
        return [(row.verb, json.loads(row.body)) for row in found if row.verb in ("retry_run", "resolve_incident")]


def test_the_administrator_resolves_a_run_of_no_case_with_a_note(sample: Sample, engine: Engine, visit: Visit) -> None:
    clerk = sample.actor(Role.AGENCY_CLERK)
    digest = failed(engine, "send_digest", -clerk.organisation_id, "agency_clerk:2026-03-02")
    office = visit(sample.actor(Role.ADMINISTRATOR))
    with reading(engine) as connection:
        house = connection.scalar(select(organisations.c.name).where(organisations.c.id == clerk.organisation_id))
    page = office.get("/jobs").text
    assert f"<td>每日待办提醒</td><td>{house}</td>" in page and "ValueError: 坏了" in page and "1 次失败" in page
    assert post(office, f"/jobs/{digest}/resolve", {"note": "  "}).status_code == 302
    assert run(engine, digest).status == "failed" and written(engine) == []
    assert post(office, f"/jobs/{digest}/resolve", {"note": "当日已电话告知"}).status_code == 302
    assert (run(engine, digest).status, run(engine, digest).note) == ("resolved", "当日已电话告知")
    told = {"run": digest, "job": "send_digest", "scope": -clerk.organisation_id, "period": "agency_clerk:2026-03-02"}
    assert written(engine) == [("resolve_incident", told | {"note": "当日已电话告知"})]
    assert post(office, f"/jobs/{digest}/resolve", {"note": "又一次"}).status_code == 404


def test_the_administrator_retries_a_run_of_no_case(sample: Sample, engine: Engine, visit: Visit) -> None:
    office = visit(sample.actor(Role.ADMINISTRATOR))
    number = failed(engine, "flag_overdue", 0, "listing:2026-03-02")
    assert post(office, f"/jobs/{number}/retry").status_code == 302
    assert run(engine, number).status == "done"
    assert [(verb, body["run"], body["done"]) for verb, body in written(engine)] == [("retry_run", number, True)]


@pytest.mark.parametrize("act", ["retry", "resolve"])
@pytest.mark.parametrize("role", [Role.AGENCY_CLERK, Role.AGENCY_HEAD, Role.RULES_OFFICER, Role.LEAD_CLERK])
def test_nobody_else_mends_what_belongs_to_no_case(
    sample: Sample, engine: Engine, visit: Visit, role: Role, act: str
) -> None:
    number = failed(engine, "flag_overdue", 0, "listing:2026-03-02")
    someone = visit(sample.actor(role))
    assert post(someone, f"/jobs/{number}/{act}", {"note": "样例"}).status_code == 404
    assert run(engine, number).status == "failed" and written(engine) == []
    assert f"/jobs/{number}/" not in someone.get("/jobs").text


def test_what_the_machine_said_is_the_administrators_alone(sample: Sample, engine: Engine, visit: Visit) -> None:
    case_id = sample.open_case("submitted")
    failed(engine, "calculate_settlement", case_id, "2026-01")
    failed(engine, "calculate_settlement", case_id, "2026-02", "尚未配置：月度质量保证金比例")
    clerk, office = visit(sample.actor(Role.AGENCY_CLERK)), visit(sample.actor(Role.ADMINISTRATOR))
    page = clerk.get("/jobs").text
    assert "ValueError" not in page and "技术细节由系统管理员查看" in page and "尚未配置：月度质量保证金比例" in page
    assert "ValueError: 坏了" in office.get("/jobs").text
    assert "ValueError" not in clerk.get(f"/sample/{case_id}").text


def test_the_digest_of_another_citys_house_is_not_there(sample: Sample, engine: Engine, visit: Visit) -> None:
    with writing(engine) as connection:
        body = {"code": "far", "name": "外市样例医院", "name_en": "Far", "kind": "hospital", "place": "demo-suixi"}
        house = int(connection.execute(organisations.insert().values(**body)).inserted_primary_key[0])
    number = failed(engine, "send_digest", -house, "lead_clerk:2026-03-02")
    office = visit(sample.actor(Role.ADMINISTRATOR))
    assert "外市样例医院" not in (page := office.get("/jobs").text) and "0 次失败" in page
    assert post(office, f"/jobs/{number}/resolve", {"note": "样例"}).status_code == 404
    assert run(engine, number).status == "failed"
