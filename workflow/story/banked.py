"""One month of the story is paid through the bank: accounts stated and confirmed, a file sent, the reply brought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import Connection

from governance.roles import Role
from workflow import clock, files
from workflow.attempt import SYSTEM, Attempt, Case
from workflow.banking import accounts, standing
from workflow.banking.sending import AMOUNT, HEADER, content_of
from workflow.banking.spreadsheets import csv_bytes, csv_rows
from workflow.db import reading
from workflow.organisations.office import Office
from workflow.story.cast import BY_CODE, CITY
from workflow.story.player import Diary, Player, Scene

CODE, POOL, PERIOD = "beihe-a", "resident", "2026-08"
FOLLOWING = date(2026, 9, 1)
REPLY = ("业务参考号", "金额（元）", "状态", "银行流水号", "日期")
REFERENCE = HEADER.index("业务参考号")


def through_the_bank(diary: Diary) -> Iterator[Scene]:
    """Accounts in August; the members' file just before the month is distributed, the reply on the day after."""
    for number, (code, _level) in enumerate(BY_CODE[CODE].members):
        yield Scene(
            clock.moment(diary.on(2026, 8, 10), 9), f"{CODE}:account:{code}", _account(code, number),
            "登记并核对各成员单位收款账户" if number == 0 else "",
        )
    paid_on = diary.after(FOLLOWING, 26)
    yield Scene(clock.moment(paid_on, 9), f"{CODE}:{PERIOD}:bank-file", _file, f"{PERIOD} 月度结算：制作付款文件")
    answered_on = diary.after(FOLLOWING, 27)
    yield Scene(clock.moment(answered_on, 11), f"{CODE}:{PERIOD}:bank-reply", _reply, f"{PERIOD} 月度结算：登记银行回执")


def _account(code: str, number: int) -> object:
    """One administrator states the account, another types its number anew."""
    typed = f"6222{number:012d}"

    def opened(player: Player) -> None:
        people = [player.actor(f"platform-{CITY}", Role.ADMINISTRATOR, n).person_id for n in (0, 1)]
        proposer, confirmer = (Office(person, frozenset({CITY})) for person in people)

        def stated(connection: Connection, at: datetime) -> int:
            return accounts.propose_account(
                connection, office=proposer, at=at, organisation=code, holder=f"样例户名 {code}", bank="样例银行",
                number=typed, reason="样例：开户许可证",
            )  # fmt: skip

        def confirmed(connection: Connection, at: datetime) -> None:
            accounts.answer_account(
                connection, office=confirmer, at=at, account=account, verdict="confirmed", number=typed
            )

        account = player.once({"account": code}, stated)
        player.once({"confirmed": code}, confirmed)

    return opened


def _month(player: Player) -> Case:
    return player.case("settlement", CODE, POOL, PERIOD)


def _file(player: Player) -> None:
    player.act(_month(player), "bank_file", player.actor(BY_CODE[CODE].lead_code, Role.LEAD_FINANCE), kind="members")


def _reply(player: Player) -> None:
    """The bank has paid everybody."""
    case = _month(player)
    with reading(player.engine) as connection:
        attempt = Attempt(connection, case, SYSTEM, player.at)
        batch = standing.book_of(attempt.progress)["batches"][-1]
        sent = csv_rows(content_of(attempt, batch))[1:-1]
    day = clock.day_of(player.at).isoformat()
    rows = [[row[REFERENCE], row[AMOUNT], "成功", f"样例流水{number:03d}", day] for number, row in enumerate(sent, 1)]
    player.act(
        case, "bank_reply", player.actor(BY_CODE[CODE].lead_code, Role.LEAD_FINANCE), batch=batch["no"],
        file=files.keep(csv_bytes([list(REPLY), *rows]), f"样例银行回执-{PERIOD}.csv"),
    )
