"""What people do to a month's reconciliation: the agency's figures, reasons for differences, and two signatures.

None of it changes what was decided, so that it may also be done, or mended, after the month is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from governance.refusal import Refused
from governance.roles import Role
from workflow import files, keeping, lifecycle
from workflow.attempt import Actor, Attempt, refuse
from workflow.banking.rows import Reading, amount_of, cell, named, read_table
from workflow.claims.columns import CATEGORIES
from workflow.db import canonical
from workflow.i18n import lazy as _
from workflow.reconciliation.figures import ALL, ITEMS, SUMS, held, line_key
from workflow.reconciliation.state import SIDES, SIGNERS, read
from workflow.settlement.model import members_of_month

WHO = _("医保经办机构经办")
LONGEST_REASON = 1000
HEADERS = {
    "member": ("成员单位", "member"), "item": ("项目", "item"), "fen": ("金额（元）", "金额(元)", "金额", "amount"),
}  # fmt: skip
# As files name them, whatever language the reader chose.
ITEM_NAMES = {
    "本医共体参保人": "own", "外来参保人": "inflow", "应付合计": "gross", "应付": "gross", "审核拒付": "audit_deduction",
    "质量保证金": "deposit", "保证金": "deposit", "冲抵预付金": "prepayment_offset", "实付": "net",
}  # fmt: skip
AGENCY = (Role.AGENCY_CLERK, Role.AGENCY_REVIEWER)
EXPLAINERS = (*AGENCY, Role.AGENCY_HEAD, Role.LEAD_CLERK, Role.LEAD_FINANCE, Role.LEAD_HEAD)
BEGUN = ("approved", "funded", "paid_to_lead", "distributing", "closed")


def change(
    connection: Connection, case_id: int, verb: str, *, actor: Actor, at: datetime, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Do one thing to the reconciliation of a month: all of it with its record, or nothing.

    Raises ``NotFound`` out of scope and ``Refused`` with every reason.
    """
    attempt = Attempt(connection, lifecycle.lock(connection, case_id), actor, at, data)
    lifecycle.check_actor(attempt)
    roles, do = VERBS[verb]
    if actor.role not in roles:
        raise refuse(_("这一项不由您的岗位办理"), who=WHO)
    if attempt.case.state not in BEGUN:
        raise refuse(_("本月结算还没有审批，没有可以对账的数"), who=SIDES["agency"])
    do(attempt, **data)
    attempt.case.progress = canonical(attempt.progress)
    keeping.write_record(attempt, f"reconciliation_{verb}", attempt.case.state)
    keeping.keep_case(attempt)
    return {"case": case_id, "record": attempt.case.record_seq}


def _keep(attempt: Attempt, part: str, changed: Mapping[str, Any]) -> None:
    now = held(attempt.progress)
    attempt.progress["reconciliation"] = {**now, part: {**now[part], **changed}}


def _entry(attempt: Attempt, lines: Mapping[str, int], **said: Any) -> dict[str, Any]:
    return {
        "lines": dict(lines), "by": attempt.actor.name, "people": sorted(attempt.actor.bound_people),
        "on": attempt.day.isoformat(), **said,
    }  # fmt: skip


def import_figures(attempt: Attempt, *, file: dict[str, Any] | None) -> None:
    """The agency's own figures as a file: member, item, amount; they take the place of an earlier file.

    Raises ``Refused`` with every wrong row; then nothing of it is kept.
    """
    if not file:
        raise refuse(_("请选择文件"), who=WHO, field="file")
    lines = read_figures(files.open_bytes(file["sha256"]), file["name"], _known_members(attempt))
    digest = files.attach(attempt, "reconciliation", file)
    _keep(attempt, "figures", {"file": _entry(attempt, lines, sha256=digest, name=file["name"])})
    attempt.noted |= {"sha256": digest, "lines": lines}


def read_figures(content: bytes, name: str, members: Mapping[str, str]) -> dict[str, int]:
    """Amounts in fen by line from a table of member, item and amount; ``members`` are codes by code and by name."""
    reading, lines, seen = Reading(WHO), {}, dict[str, int]()
    items = ITEM_NAMES | {label: item for item, label in CATEGORIES.items()} | {item: item for item in ITEMS}
    for number, row in read_table(content, name, HEADERS, frozenset(), WHO):
        member = cell(reading, number, row, "member", HEADERS["member"][0], lambda text: _one_of(members, named(text)))
        item = cell(reading, number, row, "item", HEADERS["item"][0], lambda text: _one_of(items, named(text)))
        fen = cell(reading, number, row, "fen", HEADERS["fen"][0], amount_of)
        if member is None or item is None or fen is None:
            continue
        key = line_key(member, item)
        if key in seen:
            reading.wrong(number, HEADERS["item"][0], _("与第 %(row)s 行重复", row=seen[key]))
        lines[key], seen[key] = fen, number
    reading.finish()
    return lines


def _one_of(known: Mapping[str, str], text: str) -> str:
    if text not in known:
        raise ValueError(_("没有“%(text)s”；可用：%(known)s", text=text, known="、".join(list(known)[:12])))
    return known[text]


def _known_members(attempt: Attempt) -> dict[str, str]:
    members = members_of_month(attempt)
    return {one.name: one.code for one in members} | {one.code: one.code for one in members} | {"全医共体": ALL}


def type_totals(
    attempt: Attempt, *, gross_fen: int | None, net_fen: int | None, audit_deduction_fen: int | None = None,
    deposit_fen: int | None = None, prepayment_offset_fen: int | None = None,
) -> None:  # fmt: skip
    """The agency's own totals of the month for the whole consortium, typed."""
    typed = {
        "gross": gross_fen, "audit_deduction": audit_deduction_fen, "deposit": deposit_fen,
        "prepayment_offset": prepayment_offset_fen, "net": net_fen,
    }  # fmt: skip
    lines = {line_key(ALL, item): fen for item in SUMS if (fen := typed[item]) is not None}
    if not lines:
        raise refuse(_("请至少填写一个合计"), who=WHO, field="net_fen")
    _keep(attempt, "figures", {"typed": _entry(attempt, lines)})
    attempt.noted |= {"lines": lines}


def explain(attempt: Attempt, *, line: str, reason: str) -> None:
    """Say why the figures of a line differ; the reason holds for exactly these figures."""
    said, now = reason.strip(), read(attempt)
    found = next((one for one in now.lines if one.key == line), None)
    if found is None or not found.differs:
        raise refuse(_("这一行没有差异，不需要说明"), field="line")
    if not said or len(said) > LONGEST_REASON:
        raise refuse(_("请写明差异的原因（最多 %(most)s 字）", most=LONGEST_REASON), field="reason")
    entry = {
        "reason": said, "by": attempt.actor.name, "role": str(attempt.actor.role), "on": attempt.day.isoformat(),
        "figures": found.values,
    }  # fmt: skip
    _keep(attempt, "reasons", {line: entry})
    attempt.noted |= {"line": line, "reason": said, "figures": found.values}


def sign(attempt: Attempt, *, content: str) -> None:
    """Sign the reconciliation as it stands; ``content`` is the hash of what the signer has seen.

    Raises ``Refused`` where something has to come first, where it has changed since, and for who entered the agency's
    figures or signed for the other side.
    """
    side = next(side for side, roles in SIGNERS.items() if attempt.actor.role in roles)
    now = read(attempt)
    if now.before:
        raise Refused(*now.before)
    if content != now.sha256:
        raise refuse(_("您打开页面之后，对账内容已经有了变化；请看过新内容再签字"), who=_("本人"), field="content")
    if side in now.signed:
        raise refuse(_("%(side)s已经签字", side=SIDES[side]), field="content")
    others = {person for other, one in now.signed.items() if other != side for person in one["people"]}
    entered = {person for one in held(attempt.progress)["figures"].values() for person in one["people"]}
    if attempt.actor.bound_people & (others | entered):
        raise refuse(_("录入经办机构数的人不签字，双方也不能由同一人签字"), who=_("本单位另一人"), field="content")
    entry = {
        "sha256": now.sha256, "by": attempt.actor.name, "people": sorted(attempt.actor.bound_people),
        "role": str(attempt.actor.role), "on": attempt.day.isoformat(),
    }  # fmt: skip
    _keep(attempt, "signed", {side: entry})
    attempt.noted |= {"side": side, "sha256": now.sha256}


VERBS: dict[str, tuple[tuple[Role, ...], Callable[..., None]]] = {
    "file": (AGENCY, import_figures),
    "totals": (AGENCY, type_totals),
    "reason": (EXPLAINERS, explain),
    "sign": (tuple(role for roles in SIGNERS.values() for role in roles), sign),
}
