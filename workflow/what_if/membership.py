"""Members that a trial of a plan leaves out, and one that it lets in; nothing decided or registered changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.tiers import LEVELS
from workflow.i18n import gettext
from workflow.pages import rule_values
from workflow.what_if.entries import Entry, yes_no
from workflow.what_if.fact_fields import Group

PLAN = "surplus-plan"
NEW = ("name", "level", "weight")


def members_of(sheet: str, facts: Mapping[str, Any], names: Mapping[str, str]) -> Group | None:
    """The fields by which a plan's members are left out or let in; ``None`` for every other sheet.

    The lead cannot be left out: the plan is its own.
    """
    if sheet != PLAN:
        return None
    found = [
        Entry(f"out.{code}", (), gettext("%(name)s不参加", name=names.get(code, code)), "flag", False, yes_no())
        for code in (one["member"] for one in facts["members"])
        if code != facts["lead"]
    ]
    levels = tuple((one, rule_values.word(one)) for one in LEVELS)
    found += [
        Entry("new.name", (), gettext("新增单位的名称"), "text", None),
        Entry("new.level", (), gettext("新增单位的层级"), "choice", None, levels),
        Entry("new.weight", (), gettext("新增单位的考核权重"), "number", None),
    ]
    return Group(gettext("单位增减（只在这次试算）"), found)


def with_members(facts: Mapping[str, Any], group: Group | None) -> dict[str, Any] | None:
    """The facts with the members of the trial; ``None`` when a new one is told only in part, which its fields say."""
    if group is None:
        return dict(facts)
    fields = {entry.name: entry for entry in group.entries}
    kept = [one for one in facts["members"] if not (entry := fields.get(f"out.{one['member']}")) or not entry.read()]
    new = {name: fields[f"new.{name}"].read() for name in NEW}
    if not any(new.values()):
        return {**facts, "members": kept}
    bad = {name: gettext("新增单位的名称、层级和权重都要填") for name, value in new.items() if not value}
    if new["name"] in {one["member"] for one in facts["members"]}:
        bad["name"] = gettext("已有这个单位")
    for name, said in bad.items():
        fields[f"new.{name}"].error = said
    added = {"member": new["name"], "level": new["level"], "weight": new["weight"]}
    return None if bad else {**facts, "members": [*kept, added]}


def changed(group: Group | None) -> bool:
    """Whether the trial has other members than the plan."""
    return group is not None and any(entry.read() for entry in group.entries)
