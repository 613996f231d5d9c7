"""The demo's people to choose from, by organisation, with what waits for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from governance.roles import BETWEEN, Role
from workflow.accounts.sessions import SeatView, seats_of
from workflow.i18n import lazy as _
from workflow.model import tasks
from workflow.organisations.model import persons

SENTENCES = {
    Role.LEAD_CLERK: _("提交自评，组织申报，起草分配方案"),
    Role.LEAD_FINANCE: _("核对结算单与到账，登记内部拨付"),
    Role.LEAD_HEAD: _("代表医共体签署自评和协议，确认清算"),
    Role.MEMBER_CLERK: _("按月申报本单位，对方案提出意见"),
    Role.MEMBER_HEAD: _("确认本单位的申报与意见"),
    Role.COUNTY_HEALTH_REVIEWER: _("审核县域自评，受理方案备案"),
    Role.COUNTY_HEALTH_APPROVER: _("以县卫生健康局名义作出决定"),
    Role.COUNTY_INSURANCE_REVIEWER: _("审核县域自评与分配方案"),
    Role.COUNTY_INSURANCE_APPROVER: _("以县医保局名义作出决定"),
    Role.COUNTY_FINANCE_REVIEWER: _("审核县域自评与分配方案"),
    Role.COUNTY_FINANCE_APPROVER: _("以县财政局名义作出决定"),
    Role.CITY_INSURANCE_REVIEWER: _("受理申请，牵头联合评定，测算总额预算"),
    Role.CITY_INSURANCE_APPROVER: _("作出市医保局决定，下达预算，确认认定"),
    Role.CITY_HEALTH_REVIEWER: _("参加联合评定，出具经办意见"),
    Role.CITY_HEALTH_APPROVER: _("作出市卫健委决定"),
    Role.CITY_FINANCE_REVIEWER: _("参加联合评定，复核预算和清算"),
    Role.CITY_FINANCE_APPROVER: _("作出市财政局决定，批复用款"),
    Role.AGENCY_CLERK: _("受理申报，生成月度结算单"),
    Role.AGENCY_REVIEWER: _("复核结算与清算，逐笔可下钻"),
    Role.AGENCY_HEAD: _("审批结算与清算，签发拨付"),
    Role.COMMITTEE_CHAIR: _("审阅方案，在会议上表决"),
    Role.COMMITTEE_MEMBER: _("审阅方案并表决"),
    Role.COMMITTEE_SECRETARY: _("召集会议，登记出席、表决与纪要"),
    Role.CENTRE_CLERK: _("测算考核得分与分配金额"),
    Role.CENTRE_HEAD: _("确认管理中心的测算"),
    Role.AUDITOR: _("查看全部办理痕迹，核验记录链"),
    Role.RULES_OFFICER: _("查看规则，导入放假通知"),
    Role.ADMINISTRATOR: _("管理账号、席位与定期任务"),
}
_BETWEEN = {"section": _("审核本科室经办的事项，报分管负责人"), "division": _("审核分管科室的事项，报主要负责人")}
SENTENCES |= {role: _BETWEEN[post] for role in Role for post in BETWEEN if role.endswith(f"_{post}")}


@dataclass(frozen=True, slots=True)
class Card:
    """One person to enter as; ``todo_count`` is what waits for the seats held today."""

    id: int
    name: str
    role_name: str
    sentence: str
    todo_count: int


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one organisation."""

    organisation: str
    people: list[Card]


def groups(connection: Connection, language: str) -> list[Group]:
    """The demo's people who hold a seat today, under the organisation of their first seat, in order of entry."""
    waiting = {
        (row.organisation_id, row.role): row.number
        for row in connection.execute(
            select(tasks.c.organisation_id, tasks.c.role, func.count().label("number")).group_by(
                tasks.c.organisation_id, tasks.c.role
            )
        )
    }
    found: dict[int, Group] = {}
    columns = persons.c
    people = connection.execute(
        select(columns.id, columns.name).where(columns.demo == 1, columns.disabled_at.is_(None)).order_by(columns.id)
    ).all()
    for person in people:
        held = seats_of(connection, person.id, language)
        if held:
            group = found.setdefault(held[0].organisation_id, Group(held[0].organisation, []))
            group.people.append(_card(person.id, person.name, held, waiting))
    return list(found.values())


def _card(person_id: int, name: str, held: tuple[SeatView, ...], waiting: dict[tuple[int, str], int]) -> Card:
    return Card(
        id=person_id,
        name=name,
        role_name=" · ".join(seat.role_name for seat in held),
        sentence=str(SENTENCES.get(Role(held[0].role), "")),
        todo_count=sum(waiting.get((seat.organisation_id, seat.role), 0) for seat in held),
    )


def may_enter(connection: Connection, person_id: int) -> bool:
    """Whether ``person_id`` is one of the demo's people and not disabled."""
    columns = persons.c
    found = select(columns.id).where(columns.id == person_id, columns.demo == 1, columns.disabled_at.is_(None))
    return connection.scalar(found) is not None
