"""What the page of a self-assessment shows beside the parts every case has."""

from __future__ import annotations

from collections import Counter
from typing import Any

from governance.roles import Role
from workflow.i18n import lazy as _
from workflow.pages.sections import Begin, CasePage, Section
from workflow.pages.words import STATUSES, grade, pick, role_name
from workflow.self_assessment import commands
from workflow.self_assessment.forms import BeginForm
from workflow.self_assessment.model import criteria, entry, grades_only, levels

BEGIN = Begin(roles=(Role.LEAD_CLERK,), form=BeginForm, command=commands.begin, label=_("开始自评"))
PURPOSES = {"apply": _("首次自评"), "recheck": _("年度复核")}


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """The standard and how far the grading is."""
    standard = page.dossier["standard"]
    counts = Counter(grade for grade in grades_only(page.dossier).values() if grade)
    total = len(grades_only(page.dossier))
    return [
        (_("用途"), PURPOSES[page.dossier["purpose"]]),
        (_("拟申请总额付费"), _("是") if page.dossier["total_payment"] else _("否")),
        (_("评判标准"), pick(standard["value"]["name"], standard["value"]["name_en"])),
        (_("标准核实情况"), STATUSES.get(standard["status"]) or _("正式规定")),
        (_("已自评"), f"{sum(counts.values())} / {total}"),
        *[(grade(one["key"]), counts[one["key"]]) for one in levels(standard)],
    ]


def sections(page: CasePage) -> list[Section]:
    """The criteria with grade, explanation and evidence; and the last return, where there was one."""
    found = [criteria_section(page)]
    if page.progress.get("returned"):
        returned = page.progress["returned"]
        by = role_name(returned["by"])
        found.insert(0, Section(_("退回意见"), "self_assessment/returned.html", returned=returned, by=by))
    return found


def criteria_section(page: CasePage) -> Section:
    """One row a criterion."""
    rows = [
        {
            "criterion": one,
            "label": pick(one.label, one.label_en),
            "dimension": pick(one.dimension, one.dimension_en),
            "text": pick(one.text, one.text_en),
            "grade": "", "explanation": "", "reason": "", "evidence": [],
            **entry(page.dossier, one.key),
        }
        for one in criteria(page.dossier["standard"])
    ]
    return Section(
        _("逐条自评"), "self_assessment/criteria.html", rows=rows, case_id=page.attempt.case.id,
        levels=[(grade(one["key"]), pick(one["label"], one["label_en"])) for one in levels(page.dossier["standard"])],
    )
