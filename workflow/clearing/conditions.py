"""What must hold on the way of a clearing's money, and whom each step still waits for."""

from __future__ import annotations

from collections.abc import Iterable

from governance.refusal import Refusal
from governance.roles import Role
from workflow.attempt import Attempt
from workflow.clearing.dues import open_claims, to_receive, to_recover
from workflow.i18n import lazy as _

FINANCE = _("牵头医院财务")


def own_money_open(attempt: Attempt) -> Refusal | None:
    """The actor's organisation has money to confirm."""
    member = attempt.parties.member(attempt.actor.organisation_id or 0)
    if attempt.actor.role is Role.SYSTEM or (member and member.code in to_receive(attempt)):
        return None
    return Refusal(reason=_("本单位没有待确认的款项"), reason_en="Nothing to confirm", fact="receipt")


def money_out(attempt: Attempt) -> Refusal | None:
    """Some member's money is neither confirmed nor proven."""
    if to_receive(attempt):
        return None
    return Refusal(reason=_("没有待确认收款的成员单位"), reason_en="Every receipt is in", fact="receipt")


def something_to_recover(attempt: Attempt) -> Refusal | None:
    """Some member has not paid back what the clearing takes from it."""
    if to_recover(attempt):
        return None
    return Refusal(reason=_("没有应退款的成员单位"), reason_en="No member has anything to pay back", fact="recovery")


def owes_now(attempt: Attempt) -> bool:
    """Whether some member has to pay back what the clearing takes from it."""
    return bool(to_recover(attempt))


def owes_from_before(attempt: Attempt) -> bool:
    """Whether some member still owes the lead from an earlier clearing."""
    return bool(open_claims(attempt))


def claims_stand(attempt: Attempt) -> Refusal | None:
    """Some member still owes the lead from an earlier clearing."""
    if open_claims(attempt):
        return None
    return Refusal(reason=_("没有以前清算的未收款项"), reason_en="No open claims", fact="claim")


def every_member_has_its_due(attempt: Attempt) -> list[Refusal]:
    """Each member has confirmed or is proven to have its money, has paid back, or owes it as an open claim."""
    names = {code: named[0] for code, named in attempt.affiliations.names().items()}
    missing = [
        (code, _("%(member)s尚未确认收款，也没有银行回单", member=names.get(code, code)))
        for code in to_receive(attempt)
    ]
    missing += [(code, _("%(member)s尚未退回清算应退款", member=names.get(code, code))) for code in to_recover(attempt)]
    return [
        Refusal(
            reason=reason, reason_en=f"{code}'s due is open", who=names.get(code, code), fact=f"receipt.{code}"
        )
        for code, reason in missing
    ]


def members_to_confirm(attempt: Attempt, role: Role) -> Iterable[int]:
    """Members whose money is out."""
    out = set(to_receive(attempt))
    return [one.id for one in attempt.parties.members if one.code in out]


def until_recovered(attempt: Attempt, role: Role) -> Iterable[int]:
    """The lead's finance is waited for while members have something to pay back."""
    return attempt.parties.of(role) if to_recover(attempt) else ()
