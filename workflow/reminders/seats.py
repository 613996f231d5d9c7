"""Who answers for a holder: the seat of the head of its organisation."""

from __future__ import annotations

from governance.roles import Role

_HEADS = {
    "reviewer": "approver", "approver": "approver", "clerk": "head", "finance": "head", "head": "head",
    "member": "chair", "secretary": "chair", "chair": "chair",
}  # fmt: skip


def head_of(role: Role) -> Role:
    """The seat that an overdue clock of ``role`` is named to: the head of its organisation, be it the holder itself."""
    if role is Role.AGENCY_REVIEWER:
        return Role.AGENCY_HEAD
    kind, _underscore, post = role.rpartition("_")
    return Role(f"{kind}_{_HEADS[post]}") if post in _HEADS and kind else role
