"""Bank accounts of organisations: what one administrator proposed, what another said to it; both only ever added.

The number stands apart and sealed, so that it can be sealed anew under another key; nothing else of its row changes.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, PrimaryKeyConstraint, Text
from sqlalchemy.schema import UniqueConstraint

from workflow.db import Key, Moment, key_column, table

bank_accounts = table(
    "bank_accounts",
    key_column(),
    Column("organisation_id", Key, ForeignKey("organisations.id"), nullable=False, index=True),
    Column("holder", Text, nullable=False),
    Column("bank", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Key, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("id", "proposed_by"),
)

bank_account_numbers = table(
    "bank_account_numbers",
    Column("account_id", Key, ForeignKey("bank_accounts.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("mark", Text, nullable=False, index=True),
    Column("tail", Text, nullable=False),
    PrimaryKeyConstraint("account_id"),
)

bank_account_answers = table(
    "bank_account_answers",
    Column("account_id", Key, nullable=False),
    Column("proposed_by", Key, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("person_id", Key, ForeignKey("persons.id"), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("account_id"),
    ForeignKeyConstraint(["account_id", "proposed_by"], ["bank_accounts.id", "bank_accounts.proposed_by"]),
    CheckConstraint("verdict IN ('confirmed','refused')", name="verdict"),
    CheckConstraint("person_id <> proposed_by", name="two_people"),
)
