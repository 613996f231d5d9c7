"""What happens when a step of a month's settlement is taken: declaring, calculating, paying."""

from __future__ import annotations

from workflow.settlement.additions import add_special
from workflow.settlement.calculating import ask_offset, calculate, deduct
from workflow.settlement.declaring import (
    all_declared,
    begin_declaring,
    confirm_absent,
    declare_nil,
    import_claims,
    propose_absent,
    reconcile,
    upload,
)
from workflow.settlement.paying import (
    approve,
    bank_proof,
    carry,
    confirm_receipt,
    dispute,
    distribute,
    fund,
    pay_to_lead,
    resolve_dispute,
    review,
    send_back,
)
from workflow.settlement.supplements import correct, drop_correction, withdraw, work_out

__all__ = [
    "add_special", "all_declared", "approve", "ask_offset", "bank_proof", "begin_declaring", "calculate", "carry",
    "confirm_absent", "confirm_receipt", "correct", "declare_nil", "deduct", "dispute", "distribute",
    "drop_correction", "fund", "import_claims", "pay_to_lead", "propose_absent", "reconcile", "resolve_dispute",
    "review", "send_back", "upload", "withdraw", "work_out",
]  # fmt: skip
