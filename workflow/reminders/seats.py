"""Who answers for a holder: the seat of the head of its organisation."""

from __future__ import annotations

from governance.roles import BETWEEN, Role

_HEADS = {
    "approver": "approver", "clerk": "head", "finance": "head", "head": "head",
    "member": "chair", "secretary": "chair", "chair": "chair",
}  # fmt: skip


def head_of(role: Role) -> Role:
    """The seat that an overdue clock of ``role`` is named to: the head of its organisation, be it the holder itself."""
    kind, _underscore, post = role.rpartition("_")
    if post == "reviewer" or post in BETWEEN:
        return Role(f"{kind}_{'approver' if f'{kind}_approver' in set(Role) else 'head'}")
    return Role(f"{kind}_{_HEADS[post]}") if post in _HEADS and kind else role
