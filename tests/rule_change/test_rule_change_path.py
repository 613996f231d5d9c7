"""A rule change from its proposal to the month that is settled by it; whoever is left out, nothing is enacted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from governance import sheets
from governance.refusal import Refused
from governance.roles import Role
from tests.rule_change.changing import CITY, HEAD, OFFICER, RATIO, REVIEWER, City, city_with_month, moment
from workflow import enacted, rules
from workflow.db import metadata, reading, writing
from workflow.enacted import enacted_rules
from workflow.model import notices, records, rule_impacts, worksheets
from workflow.standing import NotFound


def everything(engine: Engine, without: set[str]) -> dict[str, list[Any]]:
    """Every row of every table but ``without``."""
    with reading(engine) as connection:
        return {
            name: sorted(map(repr, connection.execute(table.select())))
            for name, table in metadata.tables.items()
            if name not in without
        }


def of_other_cases(engine: Engine, case_id: int) -> dict[str, list[Any]]:
    """Every row that is not this case's own: nothing else may differ but runs of jobs, answers and versions."""
    with reading(engine) as connection:
        found = {}
        for name, table in metadata.tables.items():
            if name in ("occurrences", "answers"):
                continue
            query = table.select()
            if "case_id" in table.c:
                query = query.where(table.c.case_id.is_distinct_from(case_id))
            elif name == "cases":
                query = query.where(table.c.id != case_id)
            found[name] = sorted(map(repr, connection.execute(query)))
        return found


def test_from_proposal_to_the_next_month(engine: Engine) -> None:
    city = city_with_month(engine)
    month = city.held["month"]
    before = month.results()
    city.to_enacted()
    assert city.case.state == "enacted"
    with reading(engine) as connection:
        assert rules.rulebook(connection).at(city.county.place).on(RATIO, moment("2025-04-30").date()).value != "0.03"
        provision = rules.book_at(connection, city.county.place, moment("2025-05-31").date()).rule(RATIO)
        told = connection.execute(select(notices).where(notices.c.kind == "rule")).all()
        kept = connection.execute(select(worksheets).where(worksheets.c.case_id == month.case_id)).one()
    assert (provision.value, provision.place, provision.status) == ("0.03", CITY, "official")
    assert (provision.cite.document, provision.cite.clause) == ("样例医保发〔2025〕7号", "第二条")
    assert provision.known_since == moment("2025-04-16").date()
    assert {row.role for row in told} >= {"lead_finance", "agency_reviewer", "county_insurance_reviewer"}
    april = settled(month, "2025-04", "2025-05")
    may = settled(month, "2025-05", "2025-06")
    deposit = [one["members"]["lead"] for one in (before, april, may)]
    ratios = [round(100 * one["deposit_fen"] / (one["gross_fen"] - one["audit_deduction_fen"])) for one in deposit]
    assert ratios == [5, 5, 3]
    with reading(engine) as connection:
        again = connection.execute(select(worksheets).where(worksheets.c.case_id == kept.case_id)).one()
        book = rules.book_at(connection, kept.place, kept.day, json.loads(kept.agreement))
        bytes_again = sheets.run(kept.sheet, json.loads(kept.facts), book).canonical()
    assert again == kept and bytes_again == kept.body.encode() and book.digest == kept.book_digest


def settled(month: Any, period: str, following: str) -> dict[str, Any]:
    """The results of one more month, approved in the month that follows."""
    month.open(period, on=f"{following}-01")
    month.import_sample(on=f"{following}-02")
    month.reconcile_all(f"{following}-08")
    month.jobs(f"{following}-08")
    month.take("review", Role.AGENCY_REVIEWER, on=f"{following}-09", verdict="agree", opinion="")
    month.take("approve", Role.AGENCY_HEAD, on=f"{following}-09", verdict="agree", opinion="")
    found: dict[str, Any] = month.results()
    return found


def test_nothing_decided_changes_and_nothing_is_enacted_before_its_time(engine: Engine) -> None:
    city = city_with_month(engine)
    city.begin()
    before = of_other_cases(engine, city.case_id)
    city.jobs()
    assert city.case.state == "impact_shown"
    assert of_other_cases(engine, city.case_id) == before
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    city.take("decide", HEAD, verdict="agree", opinion="")
    assert of_other_cases(engine, city.case_id) == before
    with reading(engine) as connection:
        assert enacted.version_of(connection) == ""
        assert rules.rulebook(connection) is rules.shipped()
    city.take("enact", HEAD)
    after = of_other_cases(engine, city.case_id)
    assert {name for name in after if after[name] != before[name]} == {"settings", "notices"}


@pytest.mark.parametrize("left_out", ["opine", "decide"])
def test_each_approval_is_needed(engine: Engine, left_out: str) -> None:
    city = city_with_month(engine).to_shown()
    if left_out == "decide":
        city.take("opine", REVIEWER, verdict="agree", opinion="")
        with pytest.raises(Refused, match="不能办理"):
            city.take("enact", HEAD)
    else:
        with pytest.raises(Refused, match="经办意见"):
            city.take("decide", HEAD, verdict="agree", opinion="")
    assert city.case.state == "impact_shown"
    with reading(engine) as connection:
        assert connection.execute(select(enacted_rules)).all() == []


def test_without_an_impact_nobody_decides(engine: Engine) -> None:
    city = city_with_month(engine)
    city.begin()
    for trigger, role in (("opine", REVIEWER), ("decide", HEAD), ("enact", HEAD)):
        with pytest.raises(Refused, match="不能办理"):
            city.take(trigger, role, verdict="agree", opinion="")


def test_who_proposes_neither_decides_nor_enacts(engine: Engine) -> None:
    city = city_with_month(engine)
    with writing(engine) as connection:
        officer = city.actor(OFFICER)
        for role in (REVIEWER, HEAD):
            other = city.county.actor(role)
            connection.execute(
                text(
                    "INSERT INTO seats (person_id, organisation_id, role, since) VALUES (:person, :body, :role, :since)"
                ),
                {"person": officer.person_id, "body": other.organisation_id, "role": str(role), "since": "2020-01-01"},
            )
            seat = connection.execute(text("SELECT max(id) FROM seats")).scalar_one()
            held = type(other)(officer.person_id, seat, other.organisation_id, role, officer.name)
            city.county.actors[other_key(city, role)].append(held)
    city.to_shown()
    with pytest.raises(Refused, match="不相容岗位"):
        city.take("opine", REVIEWER, 2, verdict="agree", opinion="")
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    with pytest.raises(Refused, match="不相容岗位"):
        city.take("decide", HEAD, 2, verdict="agree", opinion="")
    city.take("decide", HEAD, verdict="agree", opinion="")
    with pytest.raises(Refused, match="不相容岗位"):
        city.take("enact", HEAD, 2)
    assert city.case.state == "approved"


def other_key(city: City, role: Role) -> tuple[str, str]:
    return next(key for key in city.county.actors if key[1] == role)


def test_returned_it_is_proposed_anew_and_refused_it_falls(engine: Engine) -> None:
    city = city_with_month(engine).to_shown()
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    city.take("decide", HEAD, verdict="return", opinion="请写明适用险种")
    assert city.case.state == "proposed" and city.jobs() == []
    dossier, _progress = city.content()
    again = {name: dossier[name] for name in ("rule", "since", "status", "clause", "says")}
    document = {
        "document_number": "样例医保发〔2025〕7号", "document_title": "通知", "issuer": "样例市医保局",
        "issued_on": "2025-04-10",
    }  # fmt: skip
    city.take("propose", OFFICER, value="0.04", **again, **document)
    assert [one.status for one in city.jobs()] == ["done"]
    city.take("opine", REVIEWER, verdict="agree", opinion="")
    city.take("decide", HEAD, verdict="disagree", opinion="不同意")
    assert city.case.state == "rejected" and city.case.closed_at is not None
    with reading(engine) as connection:
        assert len(connection.execute(select(rule_impacts)).all()) == 2
        assert connection.execute(select(enacted_rules)).all() == []


def test_a_later_one_supersedes_and_nothing_is_overwritten(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted()
    first = city.case_id
    city.to_enacted(value="0.02", since="2025-07-01", document_number="样例医保发〔2025〕9号")
    ran = {(one.job, one.due.scope): one.status for one in city.jobs()}
    assert ran == {("supersede_rules", first): "done"} and city.jobs() == []
    with reading(engine) as connection:
        held = rules.rulebook(connection).at(city.county.place)
        days = ("2025-04-30", "2025-05-31", "2025-06-30", "2025-07-31")
        values = [held.on(RATIO, moment(day).date()).value for day in days]
        assert [one if isinstance(one, str) else "agreement" for one in values] == ["agreement", "0.03", "0.03", "0.02"]
        assert len(connection.execute(select(enacted_rules)).all()) == 2
        assert connection.scalar(select(records.c.to_state).where(records.c.case_id == first).order_by(
            records.c.seq.desc()).limit(1)) == "superseded"


def test_a_second_change_makes_the_impact_of_the_first_stale(engine: Engine) -> None:
    city = city_with_month(engine).to_approved()
    first = city.case_id
    city.to_enacted(value="0.02", document_number="样例医保发〔2025〕8号")
    city.case_id = first
    with pytest.raises(Refused, match="请重新测算影响"):
        city.take("enact", HEAD)
    city.take("renew_impact", OFFICER)
    assert city.jobs()
    assert city.case.state == "impact_shown"
    with pytest.raises(Refused, match="仍然有效"):
        city.take("renew_impact", OFFICER)


def test_only_the_bodies_of_the_place_take_part(engine: Engine) -> None:
    city = city_with_month(engine).to_shown()
    for role in (Role.COUNTY_INSURANCE_REVIEWER, Role.COUNTY_INSURANCE_APPROVER, Role.LEAD_HEAD, Role.AUDITOR):
        with pytest.raises((Refused, NotFound)):
            city.take("opine", role, verdict="agree", opinion="")
    with pytest.raises(Refused, match="不是您负责的"):
        city.begin(place="cn-hunan")


def test_withdrawn_it_goes_no_further(engine: Engine) -> None:
    city = city_with_month(engine).to_approved()
    city.take("withdraw", OFFICER, reason="文件改期")
    assert city.case.state == "withdrawn"
    with pytest.raises(Refused, match="不能办理"):
        city.take("enact", HEAD)
