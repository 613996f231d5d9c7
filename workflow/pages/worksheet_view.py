"""A stored worksheet as a page shows it: every amount with its formula, inputs, rule and clause, in words.

Nothing is calculated again and nothing stored is changed; codes and tokens get their words here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from governance.money import yuan
from workflow.attempt import Attempt
from workflow.organisations.model import consortia, organisations
from workflow.pages import formula_words, health_terms, monitoring_terms, rule_values, words
from workflow.pages.formula_figures import Figures, money_input, percent_input
from workflow.pages.origins import Origins

_COUNTED = {"insured": ("人", "people"), "checks": ("次", ""), "blank": ("条", ""), "failures": ("条", "")}
_COUNTED |= monitoring_terms.COUNTED | health_terms.COUNTED
_ANSWERS = {
    "passes": ("通过", "不通过", "passes", "does not pass"), "passed": ("合格", "不合格", "passed", "failed"),
    "identities": ("成立", "不成立", "holds", "does not hold"), "add_up": ("相符", "不符", "holds", "does not hold"),
} | monitoring_terms.ANSWERS  # fmt: skip
_GRADES = {"met": ("达到", "met"), "not_met": ("未达到", "not met")}
_PEOPLE = ("members", "consortia")
_RESULTS = ("net_to_lead_fen", "approved_fen", "retained_fen", "score", "passes")
_NAMED_GROUPS = (*_PEOPLE, "pots", "deductions", "carve_outs", "adjustments")


def worksheet_view(
    row: Any, body: Mapping[str, Any], attempt: Attempt, openable: Collection[str] | None = None
) -> SimpleNamespace:
    """The worksheet of a stored row, ``body`` its text read; nothing is calculated again.

    ``openable``: the hashes of the case's files that the viewer may open; ``None`` leaves out where inputs come from.
    """
    from governance.sheets import SHEETS
    from workflow.rules import rulebook

    sheet = SHEETS[body["sheet"]]
    place = rulebook().places.get(body["place"])
    names = _names(body["lines"], attempt)
    lines = [line_view(line, names) for line in body["lines"]]
    sources = None if openable is None else _with_origins(lines, body, Origins(attempt, body, row.version, openable))
    return SimpleNamespace(
        title=words.pick(sheet.title, sheet.title_en),
        place_name=words.pick(place.name, place.name_en) if place else body["place"],
        on=row.day,
        book_digest=row.book_digest,
        checked=None,
        workbook_url=f"/worksheets/{attempt.case.id}/{row.version}.xlsx",
        check_url=f"/worksheets/{attempt.case.id}/{row.version}/check",
        sources=sources,
        what_if_url=f"/what-if/{attempt.case.id}/{row.version}",
        lines=lines,
        groups=grouped(lines, names),
    )


def _with_origins(lines: list[SimpleNamespace], body: Mapping[str, Any], of: Origins) -> list[SimpleNamespace]:
    """Say of every line where its inputs and its rule come from; returns the cases or files below the sheet."""
    for view, line in zip(lines, body["lines"], strict=True):
        view.origins, view.given = of.of_line(line), of.given(line)
        if view.provision:
            view.provision.url = of.rule_url(line)
    return of.files() or of.months()


def grouped(lines: list[SimpleNamespace], names: Mapping[str, str]) -> list[SimpleNamespace]:
    """The lines in their order, those about one member or consortium together under its name.

    A group's ``head`` is its last amount or value, which the others lead to; lines about nobody have no name.
    """
    found: list[SimpleNamespace] = []
    for number, line in enumerate(lines, start=1):
        line.number, parts = number, line.key.split(".")
        about = parts[1] if len(parts) > 2 and parts[0] in _PEOPLE and parts[1] in names else ""
        if not found or found[-1].about != about:
            found.append(SimpleNamespace(about=about, name=names.get(about, ""), lines=[], head=None))
        if about:
            line.label = line.label.replace(names[about], "", 1).strip()
        found[-1].lines.append(line)
        if about and not line.flag:
            found[-1].head = line
    return found


def line_view(line: Mapping[str, Any], names: Mapping[str, str] | None = None) -> SimpleNamespace:
    """One stored line in the reader's language; ``names`` are the names of members and consortia by their codes."""
    unit = line["unit"]
    return SimpleNamespace(
        key=line["key"],
        label=line_label(line, names or {}),
        amount_fen=line["amount_fen"],
        total=line["key"] in _RESULTS,
        flag=unit == "flag",
        value=_value(line),
        unit="" if line["value"] is None else formula_words.unit(unit),
        formula=formula_words.formula(line["formula"], _criteria(line)),
        worked=Figures(line).worked(),
        inputs=[(formula_words.input_name(one["name"]), input_text(line, one)) for one in line["inputs"]],
        provision=_provision(line["provision"]),
        reason=words.pick(f"理由：{line['reason']}", f"Reason: {line['reason']}") if line.get("reason") else "",
    )


def _names(lines: list[dict[str, Any]], attempt: Attempt) -> dict[str, str]:
    """The names of the members and consortia the lines are about; of other consortia they are asked for once."""
    named = {line["key"].split(".")[1] for line in lines if line["key"].startswith(("members.", "consortia."))}
    sums = {one for one in named if one.endswith("_fen") or one in _ANSWERS}
    return names_of(attempt, frozenset(named - sums))


def names_of(attempt: Attempt, codes: frozenset[str]) -> dict[str, str]:
    """Names of members and consortia by their codes, in the reader's language; asked for once for the same codes."""
    found: dict[str, str] = attempt.once(("names", codes), lambda: _asked_names(attempt, codes))
    return found


def _asked_names(attempt: Attempt, codes: frozenset[str]) -> dict[str, str]:
    known = attempt.affiliations.names() if codes else {}
    elsewhere = codes - known.keys()
    if elsewhere:
        for table in (consortia, organisations):
            query = select(table.c.code, table.c.name, table.c.name_en).where(table.c.code.in_(elsewhere))
            known |= {row.code: (row.name, row.name_en) for row in attempt.connection.execute(query)}
            elsewhere -= known.keys()
            if not elsewhere:
                break
    return {code: words.pick(*known[code]) for code in codes if code in known}


def line_label(line: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The line's label, with the code in it replaced by its word."""
    label = str(words.pick(line["label"], line["label_en"]))
    group, _, rest = line["key"].partition(".")
    if group == "counts" and rest in _GRADES:
        return label.replace(rest, words.pick(*_GRADES[rest]), 1)
    code = rest.partition(".")[0]
    if group not in _NAMED_GROUPS or not code:
        return label
    if code in names:
        return label.replace(code, names[code], 1)
    if group in _PEOPLE or code not in formula_words.TERMS:
        return label
    return label.replace(code, formula_words.term(code), 1)


def _value(line: Mapping[str, Any]) -> Any:
    value, unit = line["value"], line["unit"]
    if unit == "flag":
        return _answer(line["key"], value)
    if value is None:
        return words.pick("未评", "not graded") if unit == "grade" else "—"
    if unit == "ratio":
        return _exact_percent(value)
    if unit == "choice":
        return rule_values.word(value)
    if unit == "grade":
        return words.pick(*_GRADES.get(value, (f"{value} 级", value)))
    return value


def _answer(key: str, value: bool | None) -> str:
    if value is None:
        return str(words.pick("尚未评完", "not complete"))
    parts = key.split(".")
    yes, no, yes_en, no_en = next(
        (_ANSWERS[part] for part in (parts[0], parts[-1]) if part in _ANSWERS), ("是", "否", "yes", "no"))
    return str(words.pick(yes, yes_en) if value else words.pick(no, no_en))


def _exact_percent(ratio: str) -> str:
    """A ratio as a percentage beside the exact value that was used."""
    percent = rule_values.percent(ratio)
    return str(words.pick(f"{percent}（{ratio}）", f"{percent} ({ratio})"))


def input_text(line: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """The value of one input with its unit: amounts in yuan, ratios as percentages beside the exact value."""
    name, value = one["name"], one["value"]
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(words.pick("是" if value else "否", "yes" if value else "no"))
    if money_input(line, name, value):
        return f"{yuan(value)} {words.pick('元', 'yuan')}"
    if percent_input(line, name):
        return _exact_percent(value)
    if name in _COUNTED:
        zh, en = _COUNTED[name]
        return f"{int(value):,} {words.pick(zh, en)}".rstrip() if isinstance(value, int) else str(value)
    if name in ("split", *health_terms.PARTS) or (name == "ratio" and line["key"].startswith("pots.")):
        return f"{value} {words.pick('份', 'parts')}"
    if name == "level":
        return rule_values.word(value)
    if name == "dimension":
        return _dimension(line, value)
    if name == "score":
        return f"{value} {words.pick('分', 'points')}"
    return f"{Decimal(value):,}" if isinstance(value, int) else str(value)


def _dimension(line: Mapping[str, Any], label: str) -> str:
    standard = (line["provision"] or {}).get("value")
    found = standard.get("dimensions", ()) if isinstance(standard, Mapping) else ()
    return next((words.pick(label, one.get("label_en")) for one in found if one["label"] == label), label)


def _criteria(line: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a standard's criteria by their keys, where the line stands on one."""
    standard = (line["provision"] or {}).get("value")
    if line["unit"] != "flag" or not isinstance(standard, Mapping):
        return {}
    return {
        one["key"]: words.pick(one["label"], one.get("label_en"))
        for dimension in standard.get("dimensions", ())
        for one in dimension["criteria"]
    }


def _provision(data: dict[str, Any] | None) -> SimpleNamespace | None:
    if data is None:
        return None
    from workflow.rules import rulebook

    cite = data.get("cite") or {}
    place = rulebook().places.get(data.get("place", ""))
    answered = {"agreement": words.pick("协议约定", "set in the agreement"), "own": words.pick("专项批复", "own approval"),
                "trial": words.pick("试算值", "tried")}
    return SimpleNamespace(
        title=words.pick(data.get("title") or data["rule"], data.get("title_en")),
        value=rule_values.value_text(data["rule"], data["value"], data.get("unit", "")),
        unit="",
        since=data.get("since"),
        status=data.get("status", ""),
        status_label=words.STATUSES.get(data.get("status", ""), ""),
        place_name=words.pick(place.name, place.name_en) if place else "",
        answered=answered.get(data.get("answered_by", ""), ""),
        document=cite.get("document", data.get("document", "")),
        document_title=cite.get("title", ""),
        clause=cite.get("clause", data.get("clause", "")),
        says=cite.get("says", data.get("says", "")),
    )
