"""How consortia of the story come to be recognised, refused, or taken over as they already run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from governance.roles import Role
from workflow import clock, files
from workflow.self_assessment import commands as self_assessment
from workflow.story.cast import BY_CODE, body_code
from workflow.story.player import Diary, Player, Scene
from workflow.takeover import commands as takeover

BUREAUS = ("city_insurance", "city_health", "city_finance")
CITY = "demo-hunan-city"
EXPLANATION = "样例说明：制度已经印发并执行，佐证材料附后"
CRITERIA_2020 = tuple(f"C{number:02d}" for number in range(1, 12))
CRITERIA_2024 = ("Q11", "Q12", "Q13")


def evidence(title: str) -> dict[str, Any]:
    """A kept sample file with this title."""
    return files.keep(f"{title}\n样例材料，仅供演示。\n".encode(), f"样例-{title}.txt")


@dataclass(frozen=True, slots=True)
class Application:
    """How one application goes: its dates, grades, and what the bureaus say in the first round and in conference."""

    code: str
    begins: date
    keys: tuple[str, ...]
    best: str
    lesser: dict[str, str]
    corrected: str = ""
    first: tuple[str, ...] = ("agree", "agree", "agree")
    after_conference: tuple[str, ...] = ()
    number: str = ""


def application(diary: Diary, plan: Application) -> Iterator[Scene]:
    """The scenes of one application, from the self-assessment to the end of the ruling."""
    yield from _self_assessed(diary, plan)
    yield from _accepted(diary, plan)
    yield from _ruled(diary, plan)


def _scene(plan: Application, day: date, hour: int, name: str, told: str, act: Callable[[Player], None]) -> Scene:
    return Scene(clock.moment(day, hour), f"{plan.code}:{name}", act, told)


def _after(diary: Diary, plan: Application, days: int) -> date:
    return diary.after(plan.begins, days)


def _self_assessed(diary: Diary, plan: Application) -> Iterator[Scene]:
    lead = BY_CODE[plan.code].lead_code
    place = BY_CODE[plan.code].place

    def begin(player: Player) -> None:
        actor = player.actor(lead, Role.LEAD_CLERK)
        player.once(
            {"begin": "self_assessment", "consortium": plan.code},
            lambda held, at: self_assessment.begin(held, actor=actor, at=at, consortium=plan.code),
        )

    def grade(player: Player) -> None:
        for key in plan.keys:
            level = plan.lesser.get(key, plan.best)
            kept = [evidence(f"{plan.code}-{key}-佐证")] if level == plan.best else []
            player.take(
                player.case("self_assessment", plan.code), "grade", player.actor(lead, Role.LEAD_CLERK),
                criterion=key, grade=level, explanation=EXPLANATION, reason="", files=kept,
            )
        player.take(player.case("self_assessment", plan.code), "submit", player.actor(lead, Role.LEAD_CLERK))

    def sign(player: Player) -> None:
        player.take(player.case("self_assessment", plan.code), "sign", player.actor(lead, Role.LEAD_HEAD))

    def endorse(player: Player) -> None:
        bureau = body_code("county_health", place)
        case = player.case("self_assessment", plan.code)
        opinion = {"verdict": "agree", "opinion": "样例：材料属实，同意上报"}
        player.take(case, "opine", player.actor(bureau, Role.COUNTY_HEALTH_REVIEWER), **opinion)
        player.take(case, "endorse", player.actor(bureau, Role.COUNTY_HEALTH_APPROVER), **opinion)

    def file(player: Player) -> None:
        player.take(player.case("self_assessment", plan.code), "file", player.actor(lead, Role.LEAD_CLERK))

    yield _scene(plan, _after(diary, plan, 0), 9, "assess", "开始自评", begin)
    yield _scene(plan, _after(diary, plan, 3), 10, "grade", "逐条自评并附佐证", grade)
    yield _scene(plan, _after(diary, plan, 5), 10, "sign", "牵头医院负责人签署自评", sign)
    yield _scene(plan, _after(diary, plan, 8), 15, "endorse", "县卫生健康局审核同意", endorse)
    yield _scene(plan, _after(diary, plan, 10), 9, "file", "提交自评并申请评定", file)


def _accepted(diary: Diary, plan: Application) -> Iterator[Scene]:
    lead = BY_CODE[plan.code].lead_code
    insurance = body_code("city_insurance", CITY)

    def ask(player: Player) -> None:
        player.take(
            player.case("city_ruling", plan.code), "ask_correction",
            player.actor(insurance, Role.CITY_INSURANCE_REVIEWER),
            reason=f"样例：{plan.corrected} 的佐证不全，请补充", items=[plan.corrected],
        )

    def correct(player: Player) -> None:
        case = player.case("city_ruling", plan.code)
        level = plan.lesser.get(plan.corrected, plan.best)
        player.take(
            case, "amend", player.actor(lead, Role.LEAD_CLERK), criterion=plan.corrected, grade=level,
            explanation=EXPLANATION, reason="", files=[evidence(f"{plan.code}-{plan.corrected}-补正材料")],
        )
        player.take(case, "correct", player.actor(lead, Role.LEAD_HEAD), reply="样例：已补充佐证材料")

    def accept(player: Player) -> None:
        reviewer = player.actor(insurance, Role.CITY_INSURANCE_REVIEWER)
        player.take(player.case("city_ruling", plan.code), "accept", reviewer)

    def visit(player: Player) -> None:
        case, actor = player.case("city_ruling", plan.code), player.actor(insurance, Role.CITY_INSURANCE_REVIEWER)
        player.take(
            case, "record_site_visit", actor, day=clock.day_of(player.at).isoformat(), people="样例：三部门经办各一人",
            findings="样例：查阅文件、核对实物、访谈职工，与自评一致", files=[evidence(f"{plan.code}-现场核查记录")],
        )
        player.take(case, "start_review", actor)

    if plan.corrected:
        yield _scene(plan, _after(diary, plan, 12), 14, "ask", "一次性告知补正", ask)
        yield _scene(plan, _after(diary, plan, 16), 10, "correct", "提交补正", correct)
    else:
        yield _scene(plan, _after(diary, plan, 12), 14, "accept", "受理申请", accept)
    yield _scene(plan, _after(diary, plan, 20), 15, "visit", "现场核查，开始联合评定", visit)


def _opinions(player: Player, plan: Application, verdicts: tuple[str, ...], only: int | None = None) -> None:
    for kind, verdict in list(zip(BUREAUS, verdicts, strict=True))[:only]:
        case, bureau = player.case("city_ruling", plan.code), body_code(kind, CITY)
        said = "样例：制度健全、已经实质运行，同意认定" if verdict == "agree" else "样例：财务统一管理尚未落实，不同意认定"
        details = {
            "grades": {key: plan.lesser.get(key, plan.best) for key in plan.keys},
            "reasons": {}, "substantive": verdict == "agree",
        }
        reviewer = player.actor(bureau, Role(f"{kind}_reviewer"))
        approver = player.actor(bureau, Role(f"{kind}_approver"))
        player.take(case, "opine", reviewer, verdict=verdict, opinion=said, details=details)
        player.take(case, "decide", approver, verdict=verdict, opinion=said)


def _ruled(diary: Diary, plan: Application) -> Iterator[Scene]:
    insurance = body_code("city_insurance", CITY)

    def confer(player: Player) -> None:
        player.take(
            player.case("city_ruling", plan.code), "record_conference",
            player.actor(insurance, Role.CITY_INSURANCE_REVIEWER), day=clock.day_of(player.at).isoformat(),
            present=[body_code(kind, CITY) for kind in BUREAUS], summary="样例：就分歧条目逐项讨论",
            files=[evidence(f"{plan.code}-会商纪要")],
        )

    def publish(player: Player) -> None:
        player.take(
            player.case("city_ruling", plan.code), "publish", player.actor(insurance, Role.CITY_INSURANCE_REVIEWER),
            where="样例：市医保局门户网站",
        )

    def document(player: Player) -> None:
        player.take(
            player.case("city_ruling", plan.code), "document", player.actor(insurance, Role.CITY_INSURANCE_REVIEWER),
            number=plan.number, issued=clock.day_of(player.at).isoformat(),
            effective=clock.day_of(player.at).isoformat(),
        )

    def confirm(player: Player) -> None:
        approver = player.actor(insurance, Role.CITY_INSURANCE_APPROVER)
        player.take(player.case("city_ruling", plan.code), "confirm", approver)

    yield _scene(plan, _after(diary, plan, 30), 15, "opinions", "三部门出具意见", lambda p: _opinions(p, plan, plan.first))
    if plan.after_conference:
        yield _scene(plan, _after(diary, plan, 36), 10, "confer", "三部门会商", confer)
        yield _scene(
            plan, _after(diary, plan, 40), 15, "again", "会商后再评定", lambda p: _opinions(p, plan, plan.after_conference)
        )
    if plan.number:
        yield _scene(plan, _after(diary, plan, 45), 9, "publish", "公示", publish)
        yield _scene(plan, _after(diary, plan, 52), 10, "document", "登记联合行文", document)
        yield _scene(plan, _after(diary, plan, 55), 10, "confirm", "确认认定", confirm)


def assessed_again(diary: Diary, plan: Application) -> Iterator[Scene]:
    """A second self-assessment that the story leaves with the head of the county's health bureau."""
    scenes = list(_self_assessed(diary, plan))
    for scene in scenes[:3]:
        yield Scene(scene.at, scene.key.replace(":", ":again-", 1), scene.act, scene.told)
    bureau = body_code("county_health", BY_CODE[plan.code].place)

    def opine(player: Player) -> None:
        reviewer = player.actor(bureau, Role.COUNTY_HEALTH_REVIEWER)
        player.take(
            player.case("self_assessment", plan.code), "opine", reviewer, verdict="agree", opinion="样例：材料属实"
        )

    yield _scene(plan, _after(diary, plan, 8), 10, "again-opine", "县卫生健康局经办出具意见", opine)


def under_review(diary: Diary, plan: Application) -> Iterator[Scene]:
    """An application that the story leaves under review, with one bureau decided."""
    yield from _self_assessed(diary, plan)
    yield from _accepted(diary, plan)
    yield _scene(
        plan, _after(diary, plan, 26), 15, "opinions", "一个部门已经作出决定", lambda p: _opinions(p, plan, plan.first, 1)
    )


@dataclass(frozen=True, slots=True)
class Taking:
    """A takeover: when, from which day on, and what the running agreement says."""

    code: str
    on: date
    effective: date
    ends: date
    recognition: str
    recognised_on: date
    answers: tuple[tuple[str, Any], ...] = ()
    prepayment_fen: int = 0


def taken_over(diary: Diary, plan: Taking) -> Iterator[Scene]:
    """The scenes of a takeover: proposed, checked, confirmed by three people of the agency."""
    agency = body_code("agency", BY_CODE[plan.code].place if plan.code.startswith("suixi") else CITY)
    opening = {"prepayment_fen": 0, "deposit_fen": 0, "budget_used_fen": 0, "carry": {}}
    given = {
        "effective": plan.effective.isoformat(), "recognition_document": plan.recognition,
        "recognition_date": plan.recognised_on.isoformat(),
        "agreement_number": f"样例协议{plan.effective.year}-{plan.code}",
        "agreement_start": plan.effective.isoformat(), "agreement_end": plan.ends.isoformat(),
        "answers": dict(plan.answers), "pools": ["resident"],
        "prepayment_fen": {"resident": plan.prepayment_fen}, "opening": {"resident": opening},
    }

    def propose(player: Player) -> None:
        actor = player.actor(agency, Role.AGENCY_CLERK)
        player.once(
            {"begin": "takeover", "consortium": plan.code},
            lambda held, at: takeover.begin(held, actor=actor, at=at, consortium=plan.code, **given),
        )

    def check(player: Player) -> None:
        player.take(player.case("takeover", plan.code), "check", player.actor(agency, Role.AGENCY_REVIEWER))

    def confirm(player: Player) -> None:
        player.take(player.case("takeover", plan.code), "confirm", player.actor(agency, Role.AGENCY_HEAD))

    day = diary.on(plan.on.year, plan.on.month, plan.on.day)
    yield Scene(clock.moment(day, 9), f"{plan.code}:propose", propose, "提出接入")
    yield Scene(clock.moment(day, 11), f"{plan.code}:check", check, "复核接入")
    yield Scene(clock.moment(day, 15), f"{plan.code}:takeover", confirm, "确认接入")


__all__ = [
    "CRITERIA_2020", "CRITERIA_2024", "Application", "Taking", "application", "assessed_again", "taken_over",
    "under_review",
]
