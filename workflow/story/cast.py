"""Who takes part in the story: sample organisations, people named by their post, and consortia with their members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from governance.roles import KIND_NAMES, ROLE_NAMES, Role
from workflow.accounts import passwords
from workflow.attempt import Actor
from workflow.model import settings
from workflow.organisations.model import consortia, insured_counts, memberships, organisations, persons, seats
from workflow.rules import DEMO_MARK

SAMPLE = "（样例）"
NO_PASSWORD = passwords.UNUSABLE
ORDINALS = "甲乙丙丁戊己庚辛壬癸"
CITY, BEIHE, QINGXI, SUIXI = "demo-hunan-city", "demo-hunan-beihe", "demo-hunan-qingxi", "demo-suixi"


@dataclass(frozen=True, slots=True)
class Troupe:
    """A consortium of the story: its code, its lead, and how many townships and villages it has."""

    code: str
    name: str
    name_en: str
    place: str
    lead: str
    lead_en: str
    townships: int
    county_members: tuple[tuple[str, str], ...] = ()
    since: date = date(2024, 1, 1)
    heads: tuple[tuple[str, int, str], ...] = ()

    @property
    def lead_code(self) -> str:
        """The code of the lead hospital."""
        return f"{self.code}-lead"

    @property
    def members(self) -> list[tuple[str, str]]:
        """Code and level of every member: county hospitals, townships, one sample village clinic a township."""
        county = [(self.lead_code, "county")] + [
            (f"{self.code}-county-{number}", "county") for number, _one in enumerate(self.county_members, start=1)
        ]
        towns = [(f"{self.code}-town-{number}", "township") for number in range(1, self.townships + 1)]
        villages = [(f"{self.code}-village-{number}", "village") for number in range(1, self.townships + 1)]
        return county + towns + villages

    @property
    def declaring(self) -> list[str]:
        """Codes of the members that declare: all but village clinics."""
        return [code for code, level in self.members if level != "village"]


_SAMPLE_HEADS = "样例"
_PUBLISHED = "濉溪县公开数据：全县参保 840480 人；两个医共体各自人数为按包干额折算的样例"
TROUPES = (
    Troupe("suixi-1", "濉溪县医院医共体", "Suixi County Hospital consortium", SUIXI, "濉溪县医院", "Suixi County Hospital",
           12, heads=(("2024", 564679, _PUBLISHED),)),
    Troupe("suixi-2", "濉溪县中医医院医共体", "Suixi TCM Hospital consortium", SUIXI, "濉溪县中医医院",
           "Suixi TCM Hospital", 6, heads=(("2024", 275801, _PUBLISHED),)),
    Troupe("beihe-a", "北河县人民医院医共体", "Beihe People's Hospital consortium", BEIHE, "北河县人民医院",
           "Beihe People's Hospital", 4, (("北河县中医医院", "Beihe TCM Hospital"),),
           heads=(("2025", 412600, _SAMPLE_HEADS), ("2026", 410900, _SAMPLE_HEADS))),
    Troupe("beihe-b", "北河县第二人民医院医共体", "Beihe Second Hospital consortium", BEIHE, "北河县第二人民医院",
           "Beihe Second Hospital", 3,
           heads=(("2025", 238400, _SAMPLE_HEADS), ("2026", 237800, _SAMPLE_HEADS))),
    Troupe("qingxi-c", "清溪县中医医院医共体", "Qingxi TCM Hospital consortium", QINGXI, "清溪县中医医院",
           "Qingxi TCM Hospital", 2, heads=(("2025", 121000, _SAMPLE_HEADS),)),
    Troupe("qingxi-d", "清溪县人民医院医共体", "Qingxi People's Hospital consortium", QINGXI, "清溪县人民医院",
           "Qingxi People's Hospital", 3,
           heads=(("2025", 305200, _SAMPLE_HEADS), ("2026", 304100, _SAMPLE_HEADS))),
    Troupe("qingxi-e", "清溪县妇幼保健院医共体", "Qingxi Maternal and Child Hospital consortium", QINGXI,
           "清溪县妇幼保健院", "Qingxi Maternal and Child Hospital", 3, heads=(("2027", 98000, _SAMPLE_HEADS),)),
)
BY_CODE = {troupe.code: troupe for troupe in TROUPES}

_BUREAU = (("reviewer", 2), ("approver", 1))
_POSTS = {
    "agency": (("clerk", 3), ("reviewer", 2), ("head", 1)),
    "committee": (("chair", 1), ("member", 8), ("secretary", 1)),
    "centre": (("clerk", 1), ("head", 1)),
}
_LEAD_POSTS = (("lead_clerk", 2), ("lead_finance", 2), ("lead_head", 1))
_CITY_KINDS = ("city_insurance", "city_health", "city_finance", "agency")
_COUNTY_KINDS = ("county_health", "county_insurance", "county_finance", "committee", "centre")


def mark_demo(connection: Connection) -> None:
    """Give a fresh database the demo mark, once."""
    if connection.scalar(select(settings.c.value).where(settings.c.name == DEMO_MARK)) is None:
        connection.execute(settings.insert().values(name=DEMO_MARK, value="1"))


def assemble(connection: Connection) -> None:
    """Create every organisation, person, seat and consortium of the story; does nothing when they are there."""
    if connection.scalar(select(organisations.c.id).limit(1)) is not None:
        return
    mark_demo(connection)
    for kind in _CITY_KINDS:
        _body(connection, kind, CITY, "湖南示范市", "Hunan Sample City")
    for place, name, name_en in ((BEIHE, "北河县", "Beihe"), (QINGXI, "清溪县", "Qingxi"), (SUIXI, "濉溪县", "Suixi")):
        for kind in _COUNTY_KINDS:
            _body(connection, kind, place, name, name_en)
    _body(connection, "agency", SUIXI, "濉溪县", "Suixi")
    for place, name, name_en in ((CITY, "湖南示范市", "Hunan Sample City"), (SUIXI, "濉溪县", "Suixi")):
        audit = _organisation(connection, f"audit-{place}", f"{name}审计局", f"{name_en} audit office", "audit", place)
        _people(connection, audit, f"audit-{place}", (("auditor", 1),))
        desk = _organisation(
            connection, f"platform-{place}", f"{name}平台管理", f"{name_en} platform", "platform", place
        )
        _people(connection, desk, f"platform-{place}", (("administrator", 2), ("rules_officer", 1)))
    for troupe in TROUPES:
        _troupe(connection, troupe)


def body_code(kind: str, place: str) -> str:
    """The code of a body of ``kind`` at ``place``."""
    return f"{kind.replace('_', '-')}-{place}"


def _body(connection: Connection, kind: str, place: str, name: str, name_en: str) -> None:
    code = body_code(kind, place)
    label = KIND_NAMES[kind][0].removeprefix("市").removeprefix("县")
    short = {"agency": "医保事务中心", "committee": "医共体管委会", "centre": "医共体管理中心"}.get(kind, label)
    number = _organisation(connection, code, f"{name}{short}", f"{name_en} {KIND_NAMES[kind][1].lower()}", kind, place)
    posts = _POSTS.get(kind, _BUREAU)
    _people(connection, number, code, tuple((f"{kind}_{post}", many) for post, many in posts))


def _organisation(connection: Connection, code: str, name: str, name_en: str, kind: str, place: str) -> int:
    row = {
        "code": code, "name": f"{name}{SAMPLE}", "name_en": f"{name_en} (sample)", "kind": kind, "place": place,
    }
    number: int = connection.execute(organisations.insert().values(**row).returning(organisations.c.id)).scalar_one()
    return number


def _people(connection: Connection, organisation: int, code: str, posts: tuple[tuple[str, int], ...]) -> None:
    for role, many in posts:
        for number in range(many):
            post = ROLE_NAMES[role][0]
            name = f"{post}{ORDINALS[number] if many > 1 else ''}{SAMPLE}"
            person = connection.execute(
                persons.insert()
                .values(login=f"{code}.{role}.{number + 1}", name=name, password_hash=NO_PASSWORD, demo=True)
                .returning(persons.c.id)
            ).scalar_one()
            connection.execute(
                seats.insert().values(
                    person_id=person, organisation_id=organisation, role=role, since=date(2023, 1, 1)
                )
            )


def _troupe(connection: Connection, troupe: Troupe) -> None:
    numbers: dict[str, int] = {}
    for code, level in troupe.members:
        name, name_en, kind = _member_name(troupe, code, level)
        numbers[code] = _organisation(connection, code, name, name_en, kind, troupe.place)
        _people(connection, numbers[code], code, (("member_clerk", 1), ("member_head", 1)))
    _people(connection, numbers[troupe.lead_code], troupe.lead_code, _LEAD_POSTS)
    consortium = connection.execute(
        consortia.insert()
        .values(
            code=troupe.code, name=f"{troupe.name}{SAMPLE}", name_en=f"{troupe.name_en} (sample)",
            place=troupe.place, lead_id=numbers[troupe.lead_code],
        )
        .returning(consortia.c.id)
    ).scalar_one()
    for code, level in troupe.members:
        connection.execute(
            memberships.insert().values(
                consortium_id=consortium, organisation_id=numbers[code], level=level, since=troupe.since
            )
        )
    for period, heads, source in troupe.heads:
        connection.execute(
            insured_counts.insert().values(
                consortium_id=consortium, pool="resident", period=period, heads=heads, source=source
            )
        )


def _member_name(troupe: Troupe, code: str, level: str) -> tuple[str, str, str]:
    number = code.rsplit("-", 1)[-1]
    county = troupe.name[:3]
    if code == troupe.lead_code:
        return troupe.lead, troupe.lead_en, "hospital"
    if level == "county":
        return (*troupe.county_members[int(number) - 1], "hospital")
    if level == "township":
        return f"{county}第{number}乡镇卫生院·{troupe.code[-1].upper()}", f"Township hospital {number}", "township"
    return f"{county}第{number}村卫生室·{troupe.code[-1].upper()}", f"Village clinic {number}", "village"


def find_actor(connection: Connection, code: str, role: Role, number: int = 0) -> Actor:
    """The ``number``-th person who holds ``role`` in the organisation with this code."""
    row = connection.execute(
        select(seats.c.id, seats.c.person_id, seats.c.organisation_id, persons.c.name)
        .join(persons, persons.c.id == seats.c.person_id)
        .join(organisations, organisations.c.id == seats.c.organisation_id)
        .where(organisations.c.code == code, seats.c.role == str(role))
        .order_by(seats.c.id)
        .offset(number)
        .limit(1)
    ).one()
    return Actor(row.person_id, row.id, row.organisation_id, role, row.name)
