"""A page says why its case came back: by whom, which parts may change and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from governance.roles import Role
from tests.kernel.mending_stage import AT, Desk, registered, settle_in
from workflow.attempt import ON_PAGE, SYSTEM, Attempt, Case
from workflow.db import reading
from workflow.model import cases, notices
from workflow.pages.returned import returned

HEAD, REVIEWER, CLERK = Role.AGENCY_HEAD, Role.AGENCY_REVIEWER, Role.LEAD_CLERK


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    with registered():
        yield settle_in(engine)


def shown(desk: Desk, case_id: int) -> tuple[str, ...] | None:
    with reading(desk.engine) as connection:
        row = connection.execute(select(cases).where(cases.c.id == case_id)).one()
        found = returned(Attempt(connection, Case(*row), SYSTEM, AT, read={ON_PAGE: {}}))
    return found and (found.by, found.reason, str(found.parts), str(found.way))


def test_who_why_which_and_how(desk: Desk) -> None:
    case_id = desk.case_at("checked")
    assert shown(desk, case_id) is None
    desk.take(case_id, "send_back", HEAD, to="drafting", sections=["amount"], way="straight", reason="金额不符")
    name = desk.actor(HEAD).name
    assert shown(desk, case_id) == (name, "金额不符", "金额", "改好后直接送回")
    desk.take(case_id, "edit", CLERK, amount_fen=5)
    desk.take(case_id, "straight_back", CLERK)
    assert shown(desk, case_id) is None
    with reading(desk.engine) as connection:
        said = connection.scalars(select(notices.c.body).where(notices.c.kind == "changed")).all()
    assert said and all("“改了什么”页" in one for one in said)


def test_nothing_named_means_everything(desk: Desk) -> None:
    case_id = desk.case_at("submitted")
    desk.take(case_id, "send_back", REVIEWER, to="drafting", reason="重写", way="in_order")
    assert shown(desk, case_id) == (desk.actor(REVIEWER).name, "重写", "全部内容", "改好后按顺序重新办理")
