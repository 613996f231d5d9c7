"""What the page of an application shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from governance.roles import Role
from workflow import decisions
from workflow.city_ruling import commands
from workflow.city_ruling.forms import BeginForm
from workflow.city_ruling.model import Seat, ruling_rounds
from workflow.i18n import lazy as _
from workflow.pages.sections import Begin, CasePage, Section
from workflow.pages.words import STATUSES, pick
from workflow.self_assessment.model import criteria, entry, levels

BEGIN = Begin(roles=(Role.LEAD_CLERK,), form=BeginForm, command=commands.begin, label=_("申请联合评定"))
OUTCOMES = {"recognised": _("认定为紧密型"), "not_recognised": _("不予认定")}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The application in a few lines."""
    body, standard = page.dossier, page.dossier["standard"]
    found = [
        (_("申请日期"), body["applied_on"]),
        (_("评判标准"), pick(standard["value"]["name"], standard["value"]["name_en"])),
        (_("标准核实情况"), STATUSES.get(standard["status"]) or _("正式规定")),
        (_("成员单位"), len(body["members"])),
    ]
    if body.get("document"):
        found += [(_("联合行文"), body["document"]["number"]), (_("生效日期"), body["document"]["effective"])]
    if page.progress.get("reapply_from"):
        found.append((_("可再次申请"), page.progress["reapply_from"]))
    return found


def sections(page: CasePage) -> list[Section]:
    """Bureaus side by side, the criteria, and what was corrected, seen, conferred, objected and issued."""
    body = page.dossier
    cards = bureau_cards(page)
    found = [criteria_section(page, cards)]
    if cards:
        found.insert(0, Section(_("各部门评判"), "city_ruling/bureaus.html", cards=cards))
    if body.get("ruling"):
        found.append(Section(_("评定结果"), "city_ruling/ruling.html", ruling=body["ruling"],
                             outcome=OUTCOMES[body["ruling"]["outcome"]], document=body.get("document"),
                             notice=page.progress.get("notice"), case_id=page.attempt.case.id))
    history = {name: body.get(name, []) for name in ("corrections", "site_visits", "objections")}
    if any(history.values()) or body.get("conference"):
        found.append(Section(_("补正、核查、会商和异议"), "city_ruling/history.html", **history,
                             conference=body.get("conference"), case_id=page.attempt.case.id))
    return found


def _shown_to(page: CasePage, seat: Seat, outcome: str) -> bool:
    """A bureau's opinion is its own until the round is over, so that no bureau follows another."""
    mine = {held.organisation_id for held in page.viewer.seats}
    return outcome != "open" or seat.organisation_id in mine


def bureau_cards(page: CasePage) -> list[dict[str, Any]]:
    """One card for each bureau of the last round: verdict, an own cell for every criterion, opinion."""
    found = ruling_rounds(page.attempt)
    if not found:
        return []
    last, held = found[-1]
    return [_card(page, seat, last.outcome) for seat in held]


def _card(page: CasePage, seat: Seat, outcome: str) -> dict[str, Any]:
    card: dict[str, Any] = {"label": seat.label, "shown": _shown_to(page, seat, outcome), "cells": []}
    if seat.decision:
        card["status"] = _("已决定")
    else:
        card["status"] = _("待负责人决定") if seat.review else _("待经办评判")
    if not card["shown"] or seat.review is None:
        return card
    standard, grades = page.dossier["standard"], seat.details.get("grades", {})
    best = levels(standard)[0]["key"]
    spoken = seat.decision or seat.review
    return {
        **card,
        "verdict": decisions.VERDICTS[spoken.verdict],
        "decided": seat.decision is not None,
        "opinion": spoken.opinion,
        "review_opinion": seat.review.opinion if seat.decision else "",
        "substantive": seat.details.get("substantive"),
        "grades": grades,
        "reasons": seat.details.get("reasons", {}),
        "cells": [
            (one.key, grades.get(one.key, ""), grades.get(one.key) != entry(page.dossier, one.key).get("grade"),
             grades.get(one.key) == best)
            for one in criteria(standard)
        ],
    }


def criteria_section(page: CasePage, cards: list[dict[str, Any]]) -> Section:
    """The criteria with the self-assessment's grade and, where they may be seen, each bureau's own."""
    open_cards = [card for card in cards if card["shown"] and card["cells"]]
    rows = []
    for one in criteria(page.dossier["standard"]):
        filled = entry(page.dossier, one.key)
        bureaus = [(card["label"], card["grades"].get(one.key, ""), card["reasons"].get(one.key, ""))
                   for card in open_cards]
        rows.append({
            "key": one.key, "label": pick(one.label, one.label_en), "dimension": pick(one.dimension, one.dimension_en),
            "text": pick(one.text, one.text_en), "bureaus": bureaus,
            "differs": any(grade and grade != filled.get("grade") for _label, grade, _reason in bureaus), **filled,
        })
    return Section(_("逐条评判"), "city_ruling/criteria.html", rows=rows, case_id=page.attempt.case.id,
                   names=[card["label"] for card in open_cards])
