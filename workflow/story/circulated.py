"""What is sent round for reading on the story's last morning, to those for whom it leaves nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from governance.roles import Role
from workflow import clock
from workflow.story.cast import BEIHE, CITY, body_code
from workflow.story.player import Player, Scene

CODE = "beihe-a"
LAST_MORNING = clock.moment(date(2026, 11, 23), 9)


def sent_round() -> Iterator[Scene]:
    """The budget of 2027 goes to the county's bodies and the auditor; a change of posts to the administrator."""
    yield Scene(LAST_MORNING, f"{CODE}:2027:budget-read", _budget, "2027 年总额预算送县里各家和审计阅知")
    yield Scene(LAST_MORNING, f"{CODE}:2027:posts-read", _posts, "牵头医院人员轮岗，请系统管理阅知")


def _budget(player: Player) -> None:
    to = [
        (body_code("county_finance", BEIHE), Role.COUNTY_FINANCE_APPROVER),
        (body_code("committee", BEIHE), Role.COMMITTEE_SECRETARY),
        (body_code("committee", BEIHE), Role.COMMITTEE_CHAIR),
        (body_code("centre", BEIHE), Role.CENTRE_HEAD),
        (f"audit-{CITY}", Role.AUDITOR),
    ]
    bureau = body_code("city_insurance", CITY)
    player.act(
        player.case("budget", CODE, "resident", "2027"), "notify", player.actor(bureau, Role.CITY_INSURANCE_APPROVER),
        to=_posts_of(player, to), remark="样例：明年总额正在审批，请提前了解",
    )


def _posts(player: Player) -> None:
    player.act(
        player.case("agreement", CODE, period="2027"), "notify", player.actor(f"{CODE}-lead", Role.LEAD_HEAD),
        to=_posts_of(player, [(f"platform-{CITY}", Role.ADMINISTRATOR)]),
        remark="样例：明年起本院经办人员轮岗，届时请调整席位",
    )


def _posts_of(player: Player, posts: list[tuple[str, Role]]) -> list[str]:
    return [f"{player.actor(code, role).organisation_id}:{role}" for code, role in posts]
