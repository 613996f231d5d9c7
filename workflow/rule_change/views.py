"""The page of a rule change: the provision beside the one in force, what it changes, what is to be made up."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from governance import sheets
from governance.roles import Role
from governance.rulebook import STATUS_NAMES, rule_names
from workflow.i18n import lazy as _
from workflow.i18n import yuan
from workflow.machines import STAGES
from workflow.model import rule_impacts
from workflow.pages import formula_words, words
from workflow.pages.rule_values import value_text
from workflow.pages.sections import Begin, CasePage, Section
from workflow.rule_change import commands, owed
from workflow.rule_change.forms import BeginForm
from workflow.rules import rulebook

BEGIN = Begin((Role.RULES_OFFICER,), BeginForm, commands.begin, _("规则发布"))
MOST_ROWS = 200


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The change in a few lines."""
    body, place = page.dossier, rulebook().places[page.attempt.case.place]
    if "rule" not in body:
        return [(_("地区"), words.pick(place.name, place.name_en))]
    name = rule_names()[body["rule"]]
    found = [
        (_("地区"), words.pick(place.name, place.name_en)),
        (_("规则"), words.pick(name.title, name.title_en)),
        (_("取值"), value_text(body["rule"], body["value"], name.unit)),
        (_("生效日期"), body["since"]),
        (_("文号"), body["document"]["number"]),
    ]
    if body["backwards"]:
        found.append((_("溯及"), _("文件本身写明溯及以前")))
    if "superseded" in page.progress:
        found.append((_("取代它的规则自"), page.progress["superseded"]["since"]))
    return found


def sections(page: CasePage) -> list[Section]:
    """The provision and its document, the impact by consortium and by sheet, the supplementary runs that are due."""
    body = page.dossier
    if "rule" not in body:
        return []
    impact = body.get("impact")
    kept = _kept(page, impact["version"]) if impact else {}
    found = [_provision(page, kept.get("before"))]
    if impact:
        cases = [_row(one) for one in kept["cases"] if one["changed"] or one.get("unknown") or not one["reproduced"]]
        found.append(
            Section(
                _("影响：最近两年已经办结审批的"), "rule_change/impact.html", impact=impact,
                sums=[_sum(one) for one in impact["sums"]], total=[_sum(one) for one in impact["total"]],
                rows=cases[:MOST_ROWS], more=max(len(cases) - MOST_ROWS, 0),
            )
        )  # fmt: skip
    due = page.progress.get("supplementary")
    if due:
        found.append(_made_up(page, due))
    return found


def _made_up(page: CasePage, due: dict[str, Any]) -> Section:
    """What the rule, working backwards, makes come out otherwise, each with what became of it."""
    attempt = page.attempt
    kept = {one["case"]: one for one in _kept(page, due["version"])["supplementary"]}
    found = owed.standings(attempt.connection, attempt.case.id, due["due"])
    rows = [{**_row(kept[one["case"]]), **_standing(one)} for one in found]
    return Section(
        _("溯及以前：须补充结算、清算的"), "rule_change/supplementary.html", wide=True, rows=rows,
        unaffected=due.get("unaffected", 0), since=page.dossier["since"],
    )  # fmt: skip


def _standing(one: dict[str, Any]) -> dict[str, Any]:
    """What became of an affected case, in words, with the case that does it."""
    if one["error"]:
        return {"made_up": _("没有办成，将自动重试"), "error": one["error"], "by_url": "", "state": ""}
    if not one["outcome"]:
        return {"made_up": owed.WAITS.get(one["waits"], _("待开出（定时任务）")), "error": "", "by_url": "", "state": ""}
    stage = one["by_stage"]
    return {
        "made_up": owed.MADE_UP.get(one["outcome"], ""), "error": "",
        "by_url": f"/{stage}/{one['by']}" if stage else "",
        "state": STAGES[stage].state_labels[one["by_state"]] if stage else "",
    }  # fmt: skip


def _kept(page: CasePage, version: int) -> dict[str, Any]:
    """An impact of the case as it was kept."""
    query = select(rule_impacts.c.body).where(
        rule_impacts.c.case_id == page.attempt.case.id, rule_impacts.c.version == version
    )
    found: dict[str, Any] = json.loads(page.attempt.connection.scalar(query) or "{}")
    return found


def _provision(page: CasePage, before: dict[str, Any] | None) -> Section:
    body = page.dossier
    name = rule_names()[body["rule"]]
    return Section(
        _("规则和文件"), "rule_change/provision.html", key=body["rule"],
        named=words.pick(name.title, name.title_en), value=value_text(body["rule"], body["value"], name.unit),
        since=body["since"],
        status=words.pick(*STATUS_NAMES[body["status"]]), document=body["document"], clause=body["clause"],
        says=body["says"], scan=body["scan"], scan_url=f"/files/{page.attempt.case.id}/{body['scan']}",
        overrides=body.get("overrides", []), before=before and _before(before),
    )  # fmt: skip


def _before(one: dict[str, Any]) -> dict[str, Any]:
    """What answered before, in words."""
    cite = one["cite"]
    return {
        "value": value_text(one["rule"], one["value"], one["unit"]), "since": one["since"],
        "document": cite["document"], "clause": cite["clause"],
    }  # fmt: skip


def _sum(one: dict[str, Any]) -> dict[str, Any]:
    sheet = sheets.SHEETS[one["sheet"]]
    named = words.pick(one["name"], one["name_en"]) if "name" in one else ""
    return {**one, "consortium": named, "sheet": words.pick(sheet.title, sheet.title_en)}


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one, "url": f"/{one['stage']}/{one['case']}", "stage": STAGES[one["stage"]].label,
        "consortium": words.pick(one["name"], one["name_en"]), "period": words.period_label(one["period"]),
        "pool": words.POOLS[one["pool"]], "lines": [_line(line) for line in one["lines"]],
    }  # fmt: skip


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": words.pick(line["label"], line["label_en"]), "was": _said(line, "was"), "now": _said(line, "now"),
    }  # fmt: skip


def _said(line: dict[str, Any], side: str) -> str:
    """One side of a line as people read it: yuan, a percentage, a number with its unit."""
    fen, value = line[f"{side}_fen"], line[side]
    if fen is not None:
        return yuan(fen)
    if value is None:
        return "—"
    return words.percent(value) if line["unit"] == "ratio" else f"{value} {formula_words.unit(line['unit'])}".rstrip()
