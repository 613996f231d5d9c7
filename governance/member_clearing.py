"""The member clearing table: the year of each member, which together are the year of the consortium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import facts as fact
from governance.facts import Field, Record, Text, Whole, fen
from governance.money import apportion
from governance.worksheet import Lines

MEMBER = Record({
    "member": Field(Text(), "成员单位", "member"),
    "own_fen": fen("本地参保人", "own", least=None),
    "inflow_fen": fen("外来参保人", "inflow", least=None),
    "rejected_own_fen": fen("本地拒付", "rejected of own"),
    "rejected_inflow_fen": fen("外来拒付", "rejected of inflow"),
    "penalties_fen": fen("违约金", "penalties"),
    "deposit_withheld_fen": fen("扣留保证金", "deposit withheld"),
    "net_fen": fen("全年实付", "net paid in the months"),
    "prepayment_fen": fen("预付金净额（拨出减退回）", "prepayment advanced less repaid", least=None, default=0),
    "opening_carry_fen": fen("年初结转应扣", "opening carry", default=0),
    "own_share_fen": fen("超支自担分摊", "part of the own share", default=0),
    "exit_paid_fen": fen("退出清算已付（负数为已退回）", "paid at its exit (negative: recovered)", least=None, default=0),
    "exit_returned_fen": Field(Whole(0), "退出清算已定的退还保证金", "deposit returned at its exit", optional=True),
}, open=True)

_SUMS = ("own_fen", "inflow_fen", "rejected_own_fen", "rejected_inflow_fen", "penalties_fen", "deposit_withheld_fen",
         "opening_carry_fen", "exit_paid_fen")


def clear_members(
    lines: Lines, given: Mapping[str, Any], results: Mapping[str, Any],
) -> dict[str, dict[str, int]]:
    """What is due to each member, in fen; writes their lines and the lines of what no member holds yet.

    Deposit return goes by deposits withheld; of a member cleared when it left it stays as fixed then. Σ members' due +
    retained − own share not yet shared = the consortium's due. Raises Refused when the members' facts do not add up to
    the consortium's.
    """
    members = given["members"]
    _refuse_what_does_not_add_up(given, results)
    withheld = [member["deposit_withheld_fen"] if member["exit_returned_fen"] is None else 0 for member in members]
    parts = apportion(results["deposit_returned_fen"] - given["exit_deposit_returned_fen"], withheld)
    table = {}
    for member, part_fen in zip(members, parts, strict=True):
        fixed_fen = member["exit_returned_fen"]
        table[member["member"]] = _member_year(lines, member, part_fen if fixed_fen is None else fixed_fen)
    shared_fen = sum(member["own_share_fen"] for member in members)
    lines.amount("members.retained_fen", "结余留用（按方案另行分配）", "Retained, shared by the plan",
                 results["retained_fen"], "retained")
    lines.amount("members.unshared_own_share_fen", "尚未分摊的超支自担", "Own share not yet shared",
                 results["own_share_fen"] - shared_fen, "own_share − Σ members' own_share",
                 own_share_fen=results["own_share_fen"], shared_fen=shared_fen)
    total_fen = sum(row["due_fen"] for row in table.values())
    lines.value("members.add_up", "成员合计等于医共体", "Members add up to the consortium",
                total_fen + results["retained_fen"] - (results["own_share_fen"] - shared_fen) == results["due_fen"],
                "flag", "Σ members' due + retained − unshared own_share = due", members_due_fen=total_fen)
    return table


def _refuse_what_does_not_add_up(given: Mapping[str, Any], results: Mapping[str, Any]) -> None:
    expected = {key: given[key] for key in _SUMS} | {
        "net_fen": given["months"]["net_fen"],
        "prepayment_fen": given["prepayment_advanced_fen"] - given["prepayment_repaid_fen"],
    }
    for key, whole_fen in expected.items():
        total_fen = sum(member[key] for member in given["members"])
        if total_fen != whole_fen:
            fact.refuse(f"members.{key}", f"各成员合计 {total_fen} 与医共体 {whole_fen} 不符",
                        f"the members' {total_fen} is not the consortium's {whole_fen}")
    left = [member for member in given["members"] if member["exit_returned_fen"] is not None]
    for key, of_each in (("exit_deposit_withheld_fen", "deposit_withheld_fen"),
                         ("exit_deposit_returned_fen", "exit_returned_fen")):
        if sum(member[of_each] for member in left) != given[key]:
            fact.refuse(key, "与已退出成员单位的合计不符", "is not what the members that left add up to")
    shared_fen = sum(member["own_share_fen"] for member in given["members"])
    if shared_fen not in (0, results["own_share_fen"]):
        fact.refuse("members.own_share_fen", f"各成员分摊合计 {shared_fen} 与自担 {results['own_share_fen']} 不符",
                    f"the members' {shared_fen} is not the own share {results['own_share_fen']}")


def _member_year(lines: Lines, member: Mapping[str, Any], returned_fen: int) -> dict[str, int]:
    name, key = member["member"], f"members.{member['member']}"
    rejected_fen = member["rejected_own_fen"] + member["rejected_inflow_fen"]
    forfeited_fen = member["deposit_withheld_fen"] - returned_fen
    cost_fen = member["own_fen"] + member["inflow_fen"]
    entitlement_fen = cost_fen - rejected_fen - member["penalties_fen"] - member["own_share_fen"]
    left = member["exit_returned_fen"] is not None
    exits = {"exit_paid_fen": member["exit_paid_fen"]} if left else {}
    due_fen = (entitlement_fen - member["net_fen"] - member["prepayment_fen"] - forfeited_fen
               - member["opening_carry_fen"] - member["exit_paid_fen"])
    lines.amount(f"{key}.entitlement_fen", f"{name} 全年应得", f"{name} entitlement", entitlement_fen,
                 "own + inflow − rejected − penalties − own_share", own_fen=member["own_fen"],
                 inflow_fen=member["inflow_fen"], rejected_fen=rejected_fen, penalties_fen=member["penalties_fen"],
                 own_share_fen=member["own_share_fen"])
    lines.amount(f"{key}.deposit_returned_fen", f"{name} 退还保证金", f"{name} deposit returned", returned_fen,
                 "fixed at its exit" if left else "deposit_returned apportioned by deposits withheld",
                 deposit_withheld_fen=member["deposit_withheld_fen"])
    lines.amount(f"{key}.due_fen", f"{name} 清算应付", f"{name} due", due_fen,
                 "entitlement − net_paid − prepayment − deposit_forfeited − opening_carry"
                 + (" − exit_paid" if left else ""),
                 entitlement_fen=entitlement_fen, net_paid_fen=member["net_fen"],
                 prepayment_fen=member["prepayment_fen"], deposit_forfeited_fen=forfeited_fen,
                 opening_carry_fen=member["opening_carry_fen"], **exits)
    return {
        "entitlement_fen": entitlement_fen, "own_share_fen": member["own_share_fen"],
        "deposit_returned_fen": returned_fen, "deposit_forfeited_fen": forfeited_fen,
        "net_paid_fen": member["net_fen"], "due_fen": due_fen, **exits,
    }
