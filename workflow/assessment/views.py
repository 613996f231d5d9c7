"""What the page of an assessment shows beside the parts every case has."""

from __future__ import annotations

from typing import Any

from workflow.assessment.forms import unit_names
from workflow.assessment.model import SCHEME_LABELS, entry, indicators, scheme_of, scheme_rule, year_of
from workflow.i18n import lazy as _
from workflow.pages.sections import CasePage, Section
from workflow.pages.words import STATUSES, pick


def facts(page: CasePage) -> list[tuple[Any, Any]]:
    """Scheme, year and publication."""
    body, rule = page.dossier, page.attempt.find_rule(f"assessment.{page.dossier['scheme']}.scheme")
    published = page.progress.get("published", {})
    return [
        (_("考核类别"), SCHEME_LABELS[scheme_of(body)]),
        (_("考核年度"), year_of(body)),
        (_("考核办法核实情况"), (STATUSES.get(rule.status) or _("正式规定")) if rule else _("尚未配置")),
        (_("公布文件"), published.get("document") or _("尚未公布")),
        (_("异议截止"), page.progress.get("objection_until") or "—"),
    ]


def sections(page: CasePage) -> list[Section]:
    """Indicators with their evidence, the daily checks, and objections with their replies."""
    attempt = page.attempt
    if attempt.find_rule(f"assessment.{page.dossier['scheme']}.scheme") is None:
        return []
    found = [_indicators(page, code, name) for code, name in unit_names(attempt)]
    if page.dossier.get("daily"):
        names = dict(unit_names(attempt))
        daily = [{**one, "name": names.get(one["member"], one["member"])} for one in page.dossier["daily"]]
        found.append(Section(_("日常检查"), "assessment/daily.html", rows=daily))
    if page.progress.get("objections"):
        found.append(Section(_("异议与答复"), "assessment/objections.html", rows=page.progress["objections"]))
    return found


def _indicators(page: CasePage, unit: str, name: str) -> Section:
    """One row an indicator, with the points it earned where they are calculated."""
    prefix = f"members.{unit}." if unit else ""
    points = {line["key"]: line["value"] for line in (page.worksheet or {}).get("lines", [])}
    scheme = scheme_rule(page.attempt).value
    rows = [
        {
            "label": pick(one["label"], one.get("label_en")),
            "unit": one["unit"],
            "weight": one["weight"],
            "source": one.get("source", ""),
            "points": points.get(f"{prefix}points.{one['key']}"),
            "value": "", "document": "", "sha256": "", "name": "",
            **entry(page.dossier, unit, one["key"]),
        }
        for one in indicators(page.attempt)
    ]
    return Section(
        _("指标与依据 · %(name)s", name=name), "assessment/indicators.html", rows=rows, pass_mark=scheme["pass"],
        score=points.get(f"{prefix}score"), case_id=page.attempt.case.id,
    )
