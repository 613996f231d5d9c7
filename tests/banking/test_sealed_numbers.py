"""Account numbers at rest: no table, record, export, kept file or log holds one in clear; keys change by a command."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from governance.refusal import Refused
from governance.roles import Role
from tests.banking.banks import act, answer, book, open_accounts, sent
from tests.settlement.months import Month, moment, prepare
from workflow import files
from workflow.attempt import SYSTEM, Attempt
from workflow.banking import accounts, sealing
from workflow.banking.sending import content_of
from workflow.db import metadata, reading, writing
from workflow.model import bank_account_numbers as numbers
from workflow.trail import export, package

FIRST = "6222000000000000"


def everything(engine: Engine) -> str:
    """Every cell of every table, as text."""
    with reading(engine) as connection:
        return "\n".join(repr(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))


def full_numbers(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        bodies = set(range(1, 100))
        return [one.number for one in accounts.in_force(connection, bodies).values()]


def test_nothing_that_is_stored_exported_or_logged_holds_a_number(
    month: Month, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    month.to_funded()
    act(month, "bank_file", month.actor(Role.AGENCY_CLERK), "2025-04-11", kind="lead")
    month.take("pay_to_lead", Role.AGENCY_CLERK, on="2025-04-11", bank_reference="B-1", paid_on="2025-04-11")
    act(month, "bank_file", month.actor(Role.LEAD_FINANCE), "2025-04-13", kind="members")
    month.take("distribute", Role.LEAD_FINANCE, on="2025-04-14", bank_reference="D-1")
    reply = files.keep(answer(sent(month)), "reply.csv")
    batch = book(month)["batches"][-1]["no"]
    act(month, "bank_reply", month.actor(Role.LEAD_FINANCE), "2025-04-16", batch=batch, file=reply)
    held = full_numbers(month.engine)
    assert len(held) == 6 and FIRST in held
    with reading(month.engine) as connection:
        told = "".join(export.lines(connection, case=month.case_id))
        packed = package.evidence(connection, month.case)
    kept = b"".join(one.read_bytes() for one in (tmp_path / "files").rglob("*") if one.is_file())
    stored = everything(month.engine)
    for number in held:
        assert number not in stored and number not in told and number not in caplog.text
        assert number.encode() not in kept and number.encode() not in packed
    assert "····0000" in stored or "0000" in stored
    for row in sent(month):
        assert row["收款账号"] in held and row["付款账号"] in held


def test_what_goes_to_the_bank_is_what_was_hashed_or_is_refused(month: Month) -> None:
    month.to_funded()
    act(month, "bank_file", month.actor(Role.AGENCY_CLERK), "2025-04-11", kind="lead")
    batch = book(month)["batches"][0]
    with reading(month.engine) as connection:
        attempt = Attempt(connection, month.case, SYSTEM, moment("2025-04-12"))
        import hashlib

        assert hashlib.sha256(content_of(attempt, batch)).hexdigest() == batch["sha256"] != batch["kept"]
        moved = {**batch, "payer_account": batch["lines"][0]["account"]}
        with pytest.raises(Refused, match="与制作时不一致"):
            content_of(attempt, moved)


def test_a_number_moved_to_another_account_does_not_open(engine: Engine) -> None:
    month = prepare(engine)
    open_accounts(month, ("tcm", "town-1"))
    with reading(engine) as connection:
        one, other = connection.execute(select(numbers).order_by(numbers.c.account_id)).all()
    for name in ("sealed", "tail"):
        parts = {part: getattr(other if part == name else one, part) for part in ("key", "sealed", "mark", "tail")}
        held = sealing.Sealed(**parts)
        row = accounts_row(engine, one.account_id)
        if (held.sealed, held.tail) == (one.sealed, one.tail):
            continue
        with pytest.raises(Refused, match="可能被改动过"):
            sealing.opened(held, accounts.bound_to(row))


def accounts_row(engine: Engine, number: int) -> Any:
    with reading(engine) as connection:
        return connection.execute(text(f"SELECT * FROM bank_accounts WHERE id = {number}")).one()


def test_the_key_changes_by_a_command_and_older_keys_still_open(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GONGZHI_BANK_KEYS")
    monkeypatch.setenv("GONGZHI_BANK_KEY_FILE", str(tmp_path / "keys"))
    month = prepare(engine)
    open_accounts(month, ("tcm", "town-1"))
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    before = _rows(engine)
    done = app.test_cli_runner().invoke(args=["bank-account", "rotate"])
    assert done.exit_code == 0 and "2 个账号" in done.output, done.output
    after = _rows(engine)
    assert {row.key for row in before}.isdisjoint({row.key for row in after})
    assert {row.sealed for row in before}.isdisjoint({row.sealed for row in after})
    assert [row.tail for row in before] == [row.tail for row in after]
    assert sorted(full_numbers(engine)) == ["6222000000000000", "6222000000000001"]
    again = app.test_cli_runner().invoke(args=["bank-account", "seal-anew"])
    assert again.exit_code == 0 and "0 个账号" in again.output
    (tmp_path / "keys").write_text((tmp_path / "keys").read_text().split()[1] + "\n")
    with pytest.raises(Refused, match="没有这个账号的密钥"):
        full_numbers(engine)


def _rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(numbers).order_by(numbers.c.account_id)))


def test_keys_that_settings_give_are_not_changed_by_the_command(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["bank-account", "rotate"])
    assert done.exit_code == 3 and "GONGZHI_BANK_KEYS" in done.output


def test_an_account_is_found_by_its_number_among_those_one_may_read(engine: Engine) -> None:
    month = prepare(engine)
    open_accounts(month, ("tcm", "town-1"))
    bodies = [month.county.organisations[code] for code in ("tcm", "town-1")]
    with writing(engine) as connection:
        assert [row.code for row in accounts.everything(connection, bodies, FIRST)] == ["tcm"]
        assert accounts.everything(connection, bodies[1:], FIRST) == []
        assert accounts.everything(connection, bodies, FIRST[:-1]) == []
