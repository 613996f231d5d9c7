"""What goes to the bank and what comes back: accounts, payment files, the bank's replies, and what stays open."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages of accounts, of payment files, and of ledgers."""
    from workflow.banking import account_views, ledger_views, views

    for module in (account_views, ledger_views, views):
        app.register_blueprint(module.blueprint)
