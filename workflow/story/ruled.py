"""A rule of the sample city changes in the story: proposed, its impact shown overnight, decided, enacted in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import Connection

from governance.roles import Role
from workflow import clock, files
from workflow.attempt import Case
from workflow.rule_change.commands import begin
from workflow.story.cast import CITY, body_code
from workflow.story.player import Diary, Player, Scene

BUREAU = body_code("city_insurance", CITY)
RULE, VALUE, SINCE = "surplus.opinion_days", "15", date(2027, 2, 1)
DOCUMENT = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
KEY = f"rule:{RULE}:{SINCE.isoformat()}"


def changed(diary: Diary) -> Iterator[Scene]:
    """From February of next year on members have fifteen working days for their opinions on a plan."""
    told = {
        0: ("propose", _propose, "提出规则：成员单位提意见期限自 2027 年 2 月起改为 15 个工作日"),
        1: ("decide", _decide, "规则影响测算后审批"), 2: ("enact", _enact, "规则发布，2027-02-01 起执行"),
    }  # fmt: skip
    for after, (name, act, says) in told.items():
        yield Scene(clock.moment(diary.after(date(2026, 11, 10), after), 11), f"{KEY}:{after}-{name}", act, says)


def _propose(player: Player) -> None:
    officer = player.actor(f"platform-{CITY}", Role.RULES_OFFICER)
    scan = files.keep(DOCUMENT, "样例通知.pdf")

    def begun(connection: Connection, at: datetime) -> int:
        return begin(
            connection, actor=officer, at=at, place=CITY, rule=RULE, value=VALUE, since=SINCE.isoformat(),
            status="sample", document_number="样例：示范医保发〔2026〕45号",
            document_title="关于延长结余分配方案征求意见期限的通知（样例）", issuer="湖南示范市医疗保障局（样例）",
            issued_on="2026-11-06", clause="第二条", says="成员单位对结余分配方案提意见的期限为十五个工作日",
            backwards=False, scan=scan,
        )  # fmt: skip

    player.once({"rule": RULE, "since": SINCE.isoformat()}, begun)


def _change(player: Player) -> Case:
    return player.desk_case("rule_change", CITY)


def _decide(player: Player) -> None:
    for trigger, role in (
        ("opine", Role.CITY_INSURANCE_REVIEWER), ("decide", Role.CITY_INSURANCE_APPROVER),
    ):  # fmt: skip
        player.take(_change(player), trigger, player.actor(BUREAU, role), verdict="agree", opinion="样例：同意")


def _enact(player: Player) -> None:
    player.take(_change(player), "enact", player.actor(BUREAU, Role.CITY_INSURANCE_APPROVER))
