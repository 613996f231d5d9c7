"""The impact: the same sheets run by hand, nothing stored where nothing is asked to be, and what works backwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from governance import sheets
from governance.rulebook import Book
from governance.rulebook.catalogue import Document
from governance.rulebook.enacting import Enacted
from tests.rule_change.changing import CITY, RATIO, City, city_with_month, moment
from workflow import enacted, rules
from workflow.db import canonical, metadata, reading, writing
from workflow.enacted import VERSION, Broken, enacted_rules
from workflow.model import cases, notices, rule_impacts, settings, worksheets
from workflow.occurrences import run_due
from workflow.rule_change import impact
from workflow.rule_change.jobs import JOBS
from workflow.trail import checks


def proposed(value: Any = "0.03", since: str = "2025-05-01", rule: str = RATIO, place: str = CITY) -> Enacted:
    return Enacted(place, rule, moment(since).date(), value, "official", Document("样例", "样例"), "一", "样例")


def computed(city: City, one: Enacted, on: str = "2025-04-16", **more: Any) -> dict[str, Any]:
    with reading(city.engine) as connection:
        return impact.compute(connection, one, moment(on).date(), **more)


def test_the_impact_is_the_sheets_run_by_hand(engine: Engine) -> None:
    city = city_with_month(engine).to_shown()
    with reading(engine) as connection:
        kept = connection.execute(select(rule_impacts)).one()
        sheet = connection.execute(select(worksheets)).one()
        held = rules.book_at(connection, sheet.place, sheet.day, json.loads(sheet.agreement))
    found = json.loads(kept.body)
    assert city.content()[0]["impact"]["sha256"] == kept.sha256 and canonical(found) == kept.body
    other = Book.of(sheet.place, sheet.day, {RATIO: "0.03"}).provisions[RATIO]
    book = Book(held.place, held.day, {**held.provisions, RATIO: other}, held.agreement)
    by_hand = sheets.run(sheet.sheet, json.loads(sheet.facts), book).as_data()
    decided = json.loads(sheet.body)
    (one,) = found["cases"]
    net = "net_to_lead_fen"
    assert (one["decided_fen"], one["would_fen"]) == (decided["results"][net], by_hand["results"][net])
    assert one["difference_fen"] == by_hand["results"][net] - decided["results"][net] > 0
    before, after = ({line["key"]: line["amount_fen"] for line in data["lines"]} for data in (decided, by_hand))
    assert {line["key"]: (line["was_fen"], line["now_fen"]) for line in one["lines"] if line["unit"] == "fen"} == {
        key: (before[key], after[key]) for key in before if before[key] != after[key]
    }
    assert one["reproduced"] and found["read"] == found["changed"] == 1 and found["refused"] == 0
    (total,) = found["total"]
    assert total["difference_fen"] == one["difference_fen"] == found["sums"][0]["difference_fen"]


def test_trying_stores_nothing(engine: Engine, app: Flask) -> None:
    city = city_with_month(engine)
    with reading(engine) as connection:
        before = {name: sorted(map(repr, connection.execute(table.select())))
                  for name, table in metadata.tables.items()}  # fmt: skip
    given = ["policy", "impact", "--rule", RATIO, "--value", "0.03", "--place", CITY, "--from", "2027-01-01"]
    done = app.test_cli_runner().invoke(args=[*given, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rule"] == RATIO
    assert "张用到" in app.test_cli_runner().invoke(args=given).output
    wrong = app.test_cli_runner().invoke(args=[*given[:5], "0.5", *given[6:]])
    assert wrong.exit_code == 3 and "超出" in wrong.stderr
    with reading(engine) as connection:
        after = {name: sorted(map(repr, connection.execute(table.select())))
                 for name, table in metadata.tables.items()}  # fmt: skip
    assert after == before and computed(city, proposed())["read"] == 1


def test_what_no_sheet_reads_has_no_impact_and_old_sheets_are_left_out(engine: Engine) -> None:
    city = city_with_month(engine)
    assert computed(city, proposed("5", rule="ruling.notice_days"))["read"] == 0
    assert computed(city, proposed("provider", rule="scope.cross_consortium"))["tallied"] is True
    assert computed(city, proposed(), on="2027-03-31")["read"] == 1
    assert computed(city, proposed(), on="2027-04-01")["read"] == 0
    assert computed(city, proposed(place="demo-suixi"))["read"] == 0


def test_undecided_months_are_left_out(engine: Engine) -> None:
    city = city_with_month(engine)
    month = city.held["month"]
    month.open("2025-04", on="2025-05-01")
    month.import_sample(on="2025-05-02")
    month.reconcile_all("2025-05-08")
    month.jobs("2025-05-08")
    assert computed(city, proposed(since="2025-07-01"), on="2025-05-09")["read"] == 1


def test_a_rule_that_makes_a_sheet_impossible_says_so(engine: Engine) -> None:
    city = city_with_month(engine)
    found = computed(city, proposed({"from": "agreement", "min": "0.01", "max": "0.04"}))
    (one,) = found["cases"]
    assert found["refused"] == found["changed"] == 1 and "0.05 超出" in one["refused"][0]
    assert one["would_fen"] is None and found["total"][0]["difference_fen"] == 0


def test_what_works_backwards_lists_what_must_be_made_up(engine: Engine) -> None:
    city = city_with_month(engine)
    month = city.held["month"]
    city.to_enacted(since="2025-03-01", backwards=True)
    progress = city.content()[1]
    (due,) = progress["supplementary"]["due"]
    assert (due["case"], due["period"], due["difference_fen"]) == (month.case_id, "2025-03", due["difference_fen"])
    assert due["difference_fen"] == city.content()[0]["impact"]["total"][0]["difference_fen"] > 0
    assert city.jobs() == [] and progress["supplementary"]["unaffected"] == 0
    with reading(engine) as connection:
        assert connection.scalar(select(cases.c.state).where(cases.c.id == month.case_id)) == "approved"


def test_without_the_documents_word_nothing_works_backwards(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted()
    assert "supplementary" not in city.content()[1]
    assert city.jobs() == []


def test_every_process_knows_and_what_was_changed_behind_it_is_refused(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted()
    with reading(engine) as connection:
        version = enacted.version_of(connection)
        assert not any("规则" in one for one in checks.verify(connection).problems)
        assert rules.rulebook(connection) is rules.rulebook(connection)
    enacted._books.clear()
    with reading(engine) as connection:
        assert rules.rulebook(connection).at(CITY).on(RATIO, moment("2025-06-01").date()).value == "0.03"
    for statement in ("UPDATE enacted_rules SET value = '\"0.01\"'", "DELETE FROM enacted_rules",
                      "UPDATE rule_impacts SET body = '{}'"):  # fmt: skip
        with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
            connection.execute(text(statement))
    enacted._books.clear()
    with writing(engine) as connection:
        connection.execute(settings.update().where(settings.c.name == VERSION).values(value="0" * 64))
    with reading(engine) as connection, pytest.raises(Broken, match="与登记的版本不符"):
        rules.rulebook(connection)
    with reading(engine) as connection:
        assert any("与登记的版本不符" in one for one in checks.verify(connection).problems)
    assert city.case.state == "enacted" and len(version) == 64


def test_each_row_joins_the_one_before(engine: Engine) -> None:
    city = city_with_month(engine).to_enacted()
    city.to_enacted(value="0.02", since="2025-07-01")
    with reading(engine) as connection:
        first, second = connection.execute(select(enacted_rules).order_by(enacted_rules.c.seq)).all()
        assert (first.prev_hash, second.prev_hash) == ("", first.hash)
        assert enacted.checked(connection, second.hash) == [first, second]
        assert enacted.row_hash("", {**first._mapping, "value": '"0.01"'}) != first.hash


def test_years_without_a_value_are_asked_for_once(engine: Engine) -> None:
    city = city_with_month(engine)
    on = moment("2027-10-08")
    ran = [one for one in run_due(engine, on, JOBS) if one.job == "remind_of_rules"]
    assert [(one.due.period, one.status) for one in ran] == [("clearing.due_by/2028/cn", "done")]
    with reading(engine) as connection:
        assert [due for job in JOBS for due in job.due(connection, on)] == []
    with reading(engine) as connection:
        (told,) = connection.execute(select(notices).where(notices.c.kind == "rule")).all()
    assert told.role == "rules_officer" and "2028 年" in told.body
    assert run_due(engine, moment("2026-09-30"), JOBS) == []
    city.to_enacted(value="null", since="2025-06-01")
    ran = [one for one in run_due(engine, moment("2025-05-20"), JOBS) if one.job == "remind_of_rules"]
    assert ran == [] or all(RATIO in one.due.period for one in ran)
