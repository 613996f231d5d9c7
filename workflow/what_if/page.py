"""The page of one trial: the form, what was decided beside what is tried, drawings, checks and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from governance.refusal import Refusal, Refused
from governance.rulebook import Book, RuleBook
from governance.sheets import SHEETS
from workflow import rules
from workflow.attempt import Attempt
from workflow.organisations.model import consortia
from workflow.pages import words
from workflow.pages.lists import case_subject, case_url
from workflow.what_if.bars import drawings
from workflow.what_if.checks import checks
from workflow.what_if.comparing import compare
from workflow.what_if.entries import Entry, take, with_values
from workflow.what_if.fact_fields import FactForm, Group, fact_form
from workflow.what_if.looking import Decided, attempt_on
from workflow.what_if.membership import changed, members_of, with_members
from workflow.what_if.rule_fields import RuleFields, names_in, rule_fields
from workflow.what_if.scores import score_table
from workflow.what_if.trial import Outcome, book_with, run


@dataclass(slots=True)
class Trial:
    """A form with what was typed, and what it gives."""

    sheet: str
    body: Mapping[str, Any] | None
    """What was decided, or None where nothing was."""
    form: FactForm
    rules: list[RuleFields]
    names: Mapping[str, str]
    facts: Mapping[str, Any]
    book: Book
    outcome: Outcome = field(default_factory=lambda: Outcome(None))
    general: list[Refusal] = field(default_factory=list)
    members: Group | None = None

    @property
    def entries(self) -> list[Entry]:
        """Every field."""
        joining = self.members.entries if self.members else []
        return [*self.form.entries, *(entry for rule in self.rules for entry in rule.entries), *joining]

    @property
    def errors(self) -> list[tuple[str, str, str]]:
        """What is wrong at which field: its name, its label and the words."""
        found = [(entry.name, entry.label, entry.error) for entry in self.entries if entry.error]
        return found + [(f"r.{rule.rule}", rule.title, rule.error) for rule in self.rules if rule.error]

    @property
    def bad(self) -> bool:
        """Whether what was typed has to be mended before there is anything to see."""
        return bool(self.errors) or (self.outcome.sheet is None and any(one.fact for one in self.general))


def start(
    sheet: str, facts: Mapping[str, Any], book: Book, names: Mapping[str, str], body: Mapping[str, Any] | None = None
) -> Trial:
    """A trial before anything is typed: the rules are those that the sheet reads or stood on."""
    outcome = run(sheet, facts, book)
    provisions = [line["provision"] for line in (body or {"lines": ()})["lines"] if line["provision"]]
    stored = {one["rule"]: one["value"] for one in provisions}
    found = [*stored, *sorted(outcome.read - stored.keys())]
    names = {**names, **names_in(list(stored.values()))}
    fields = [one for rule in found if (one := _rule(book, rule, stored, names)) and one.entries]
    form, members = fact_form(SHEETS[sheet].facts, facts, names), members_of(sheet, facts, names)
    return Trial(sheet, body, form, fields, names, facts, book, members=members)


def _rule(book: Book, rule: str, stored: Mapping[str, Any], names: Mapping[str, str]) -> RuleFields | None:
    """The fields of one rule with the value that was decided by; None where it is not in force."""
    try:
        provision = book.find(rule)
    except Refused:
        provision = book.provisions.get(rule)
    if provision is None:
        return None
    place = rules.rulebook().places.get(provision.place)
    said = words.pick(place.name, place.name_en) if place else provision.place
    return rule_fields(provision, stored.get(rule, provision.value), names, said)


def carry_out(trial: Trial, typed: Mapping[str, str], rulebook: RuleBook) -> Trial:
    """Take what was typed and run the sheet with it; what cannot be read or run says why at its field."""
    if not take(trial.entries, typed):
        return trial
    facts = with_members(with_values(trial.facts, trial.form.entries), trial.members)
    if facts is None:
        return trial
    try:
        book = book_with(trial.book, rulebook, {rule.rule: rule.tried for rule in trial.rules})
    except Refused as refused:
        for refusal in refused.refusals:
            _at_rule(trial, refusal)
        return trial
    trial.facts, trial.book, trial.outcome = facts, book, run(trial.sheet, facts, book)
    for refusal in trial.outcome.refusals:
        entry = trial.form.at(refusal.fact)
        if entry is None or (changed(trial.members) and refusal.fact.startswith("members[")):
            trial.general.append(refusal)
        else:
            entry.error = _at_field(refusal)
    return trial


def _at_field(refusal: Refusal) -> str:
    """What a refusal says beside the field it names: the name itself is left out."""
    reason, reason_en = str(refusal.reason), refusal.reason_en
    return str(words.pick(
        reason.removeprefix(f"填报数据有误：{refusal.fact}："), reason_en.removeprefix(f"Bad fact: {refusal.fact}: ")))


def _at_rule(trial: Trial, refusal: Refusal) -> None:
    for rule in trial.rules:
        if rule.rule == refusal.rule:
            rule.error = words.pick(refusal.reason, refusal.reason_en)
            return
    trial.general.append(refusal)


def result_of(trial: Trial) -> SimpleNamespace:
    """What the trial gives, for its page."""
    sheet = trial.outcome.sheet
    compared = compare(trial.body, sheet, trial.names) if sheet else None
    return SimpleNamespace(
        errors=trial.errors,
        refusals=[words.shown(one) for one in trial.general],
        compared=compared,
        drawings=drawings(trial.sheet, compared.rows) if compared else [],
        checks=checks(sheet, trial.facts, trial.book) if sheet else [],
        scores=score_table(trial.facts, trial.book) if sheet and trial.sheet == "annual-clearing" else [],
        digest=sheet["book_digest"] if sheet else "",
    )


def of_case(held: Decided) -> Trial:
    """The trial of a decided sheet, as it was decided."""
    attempt = attempt_on(held.case)
    book = rules.book_at(attempt.connection, held.place, held.day, held.agreement)
    return start(held.sheet, held.facts, book, names_of(attempt, held.facts), held.body)


def names_of(attempt: Attempt, facts: Mapping[str, Any]) -> dict[str, str]:
    """What members, and consortia that share a budget, are called."""
    known = attempt.affiliations.names()
    codes = {one["consortium"] for one in facts.get("consortia") or ()} - known.keys()
    if codes:
        query = select(consortia.c.code, consortia.c.name, consortia.c.name_en).where(consortia.c.code.in_(codes))
        known = {**known, **{row.code: (row.name, row.name_en) for row in attempt.connection.execute(query)}}
    return {code: words.pick(*pair) for code, pair in known.items()}


def page_of(held: Decided, trial: Trial) -> SimpleNamespace:
    """The page of a case's trial."""
    attempt = attempt_on(held.case)
    place = rules.rulebook().places.get(held.place)
    titled = SHEETS[held.sheet]
    return SimpleNamespace(
        title=words.pick(titled.title, titled.title_en),
        subject=case_subject(held.case.stage, held.case.period),
        consortium=words.pick(attempt.consortium.name, attempt.consortium.name_en),
        case_url=case_url(held.case.stage, held.case.id),
        action=f"/what-if/{held.case.id}/{held.version}",
        version=held.version,
        on=held.day,
        place_name=words.pick(place.name, place.name_en) if place else held.place,
        form=trial.form,
        rules=trial.rules,
        members=trial.members,
        result=result_of(trial),
        has_errors=trial.bad,
    )
