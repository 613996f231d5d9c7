"""The columns of the year's tables: what they are called in both languages and what they hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: text, pair (a name in both languages), pool, money (fen), share, count, flag, day, case or hash."""

    key: str
    title: str
    title_en: str
    kind: str = "money"
    summed: bool = True

    @property
    def has_total(self) -> bool:
        """Whether the table's last row adds it up."""
        return self.kind == "money" and self.summed


TITLES = {
    "execution": ("执行", "Execution"), "months": ("各月", "Months"), "clearing": ("清算", "Clearing"),
    "retained": ("留用", "Retained"), "plan": ("分配", "Distribution"),
}  # fmt: skip
_ABOUT = (
    Column("place", "地区", "Place", "pair"), Column("name", "医共体", "Consortium", "pair"),
    Column("code", "编码", "Code", "text"), Column("pool", "险种", "Pool", "pool"),
)  # fmt: skip
_SOURCE = (
    Column("case", "件号", "Case", "case"), Column("decided_on", "决定日", "Decided on", "day"),
    Column("sha256", "计算表 SHA-256", "Worksheet SHA-256", "hash"),
)  # fmt: skip
COLUMNS: dict[str, tuple[Column, ...]] = {
    "execution": (
        *_ABOUT, Column("budget_fen", "总额预算（元）", "Budget (yuan)"),
        Column("months", "已审批月数", "Months approved", "count"), Column("opened", "已开月数", "Months opened", "count"),
        Column("charged_fen", "各月计入（元）", "Charged by the months (yuan)"),
        Column("before_fen", "接管前已用（元）", "Used before the takeover (yuan)"),
        Column("burn", "执行率", "Burn", "share"), *_SOURCE,
    ),
    "months": (
        *_ABOUT, Column("period", "月份", "Month", "text"), Column("charged_fen", "计入预算（元）", "Charged (yuan)"),
        Column("gross_fen", "应付合计（元）", "Gross (yuan)"),
        Column("audit_deduction_fen", "审核拒付（元）", "Audit deductions (yuan)"),
        Column("deposit_fen", "质量保证金（元）", "Deposit (yuan)"),
        Column("prepayment_offset_fen", "冲抵预付金（元）", "Prepayment offset (yuan)"),
        Column("net_to_lead_fen", "拨付牵头医院（元）", "Paid to the lead (yuan)"), *_SOURCE,
    ),
    "clearing": (
        *_ABOUT, Column("budget_fen", "总额预算（元）", "Budget (yuan)"),
        Column("charged_fen", "计入费用（元）", "Charged (yuan)"), Column("surplus_fen", "结余（元）", "Surplus (yuan)"),
        Column("overrun_fen", "超支（元）", "Overrun (yuan)"), Column("retained_fen", "结余留用（元）", "Retained (yuan)"),
        Column("deferred_fen", "暂缓拨付（元）", "Deferred (yuan)"),
        Column("returned_to_pool_fen", "留存统筹基金（元）", "Returned to the pool (yuan)"),
        Column("fund_share_fen", "基金分担（元）", "The fund's share (yuan)"),
        Column("own_share_fen", "医共体自担（元）", "Own share (yuan)"),
        Column("deposit_returned_fen", "退还保证金（元）", "Deposit returned (yuan)"),
        Column("due_fen", "清算应付（元）", "Due (yuan)"),
        Column("exit_paid_fen", "年中退出清算已付（元）", "Paid at members' exits (yuan)"),
        Column("exits", "退出清算件号", "Exit clearings", "text"),
        Column("is_months", "月度恒等式", "Months identity", "flag"),
        Column("is_budget", "预算恒等式", "Budget identity", "flag"),
        Column("is_bridge", "衔接恒等式", "Bridge identity", "flag"), *_SOURCE,
    ),
    "retained": (
        *_ABOUT, Column("surplus_fen", "结余（元）", "Surplus (yuan)"), Column("ratio", "留用比例", "Retention ratio", "share"),
        Column("gross_fen", "留用（暂扣前，元）", "Retained before withholding (yuan)"),
        Column("retained_fen", "结余留用（元）", "Retained (yuan)"), Column("deferred_fen", "暂缓拨付（元）", "Deferred (yuan)"),
        Column("returned_to_pool_fen", "留存统筹基金（元）", "Returned to the pool (yuan)"),
        Column("rule", "依据", "Rule", "text"), *_SOURCE,
    ),
    "plan": (
        *_ABOUT, Column("kind", "类别", "Kind", "pair"), Column("recipient", "单位或项目", "Recipient", "pair"),
        Column("level", "层级", "Level", "pair"), Column("fen", "金额（元）", "Amount (yuan)"),
        Column("filed", "备案", "Filed", "text"), Column("paid_on", "支付日", "Paid on", "day"),
        Column("received", "收款", "Received", "pair"), *_SOURCE,
    ),
}  # fmt: skip
