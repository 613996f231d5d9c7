"""Where a consortium's page leads besides its cases: ledgers, accounts, the register of its place, for who may see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from governance.roles import Role
from workflow.banking.account_views import AGENCY, PAGE
from workflow.i18n import lazy as _
from workflow.register.views import READERS
from workflow.rules import place_chain


def links(viewer: Any, page: Any, year: int) -> list[SimpleNamespace]:
    """The links that ``viewer`` may follow from the page of one consortium."""
    found = [SimpleNamespace(url=f"/ledgers/{page.id}/resident/{year}", label=_("预付金和保证金台账"))]
    if viewer.has_role(Role.ADMINISTRATOR, Role.LEAD_FINANCE, *AGENCY):
        found.append(SimpleNamespace(url=PAGE, label=_("银行账户")))
    above = set(place_chain(page.place))
    if any(seat.role in READERS and seat.place in above for seat in viewer.own_seats):
        found.append(SimpleNamespace(url=f"/register/{page.place}", label=_("参保人归属名册")))
    return found
