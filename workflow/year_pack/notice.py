"""The public notice of a year's results: what each consortium keeps or bears, in words and figures, and who gets it."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from governance.refusal import Refused
from workflow import clocks
from workflow.attempt import sha256
from workflow.clock import day_of
from workflow.db import canonical
from workflow.documents.prints import qr
from workflow.i18n import gettext
from workflow.model import seal_heads, seals
from workflow.pages import words
from workflow.rules import book_at
from workflow.year_pack.capitals import capitals, in_english
from workflow.year_pack.tables import Mark, Table, tables_of

PERIOD = "surplus.notice_days"


def build(
    connection: Connection, place: str, named: tuple[str, str], year: int, at: datetime, root: str
) -> SimpleNamespace:
    """What the notice shows; amounts stand there only once they are decided, with the worksheets they come from."""
    tables = {one.key: one for one in tables_of(connection, place, year)}
    cleared = [(row, _plan_of(tables["plan"], row)) for row in tables["clearing"].rows]
    content = {"place": place, "year": year, "results": [_bound(row, lines) for row, lines in cleared]}
    digest = sha256(canonical(content))
    url = f"/year-pack/{place}/{year}/notice"
    return SimpleNamespace(
        place_name=words.pick(*named), year=year, url=f"/year-pack/{place}/{year}", hash=digest,
        code=qr(f"{root.rstrip('/')}{url}"), printed=day_of(at), period=_period(connection, place, day_of(at)),
        results=[_result(row, lines) for row, lines in cleared],
        undecided=sum(row["retained_fen"] is Mark.UNDECIDED for row, _lines in cleared),
        seal=_seal(connection, [row["case"] for row, _lines in cleared if row["case"]]),
    )  # fmt: skip


def _plan_of(plan: Table, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The decided lines of the same consortium and pool; empty while the plan is not decided."""
    return [one for one in plan.rows if (one["code"], one["pool"]) == (row["code"], row["pool"])
            and isinstance(one.get("fen"), int)]


def _bound(row: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What the hash of the notice stands for: each result with its case and worksheet, each recipient's amount."""
    decided = isinstance(row["retained_fen"], int)
    names = ("surplus_fen", "overrun_fen", "retained_fen", "own_share_fen")
    return {
        "consortium": row["code"], "pool": row["pool"], "case": row["case"],
        "sheet": row["sha256"] if decided else None, **{name: row[name] if decided else None for name in names},
        "plan": [[str(line["recipient"][0]), line["fen"], line["sha256"]] for line in lines],
    }  # fmt: skip


def _result(row: dict[str, Any], lines: list[dict[str, Any]]) -> SimpleNamespace:
    decided = isinstance(row["retained_fen"], int)
    if not decided:
        shown = []
    elif row["overrun_fen"]:
        shown = [(gettext("超支"), row["overrun_fen"]), (gettext("基金分担"), row["fund_share_fen"]),
                 (gettext("医共体自担"), row["own_share_fen"])]
    else:
        shown = [(gettext("结余"), row["surplus_fen"]), (gettext("结余留用"), row["retained_fen"]),
                 (gettext("留存统筹基金"), row["returned_to_pool_fen"])]
        shown += [(gettext("暂缓拨付"), row["deferred_fen"])] if row["deferred_fen"] else []
    to_share = decided and bool(row["retained_fen"] or row["own_share_fen"])
    return SimpleNamespace(
        name=words.pick(*row["name"]), place=words.pick(*row["place"]), pool=words.POOLS.get(row["pool"], ""),
        decided=decided, decided_on=row["decided_on"] if decided else None, case=row["case"],
        sha256=row["sha256"] if decided else "", amounts=[(label, fen, said(fen)) for label, fen in shown],
        to_share=to_share, plan_decided=bool(lines), plan_on=lines[0]["decided_on"] if lines else None,
        plan_sha256=lines[0]["sha256"] if lines else "", plan_case=lines[0]["case"] if lines else None,
        lines=[SimpleNamespace(name=words.pick(*line["recipient"]), level=words.pick(*line["level"]), fen=line["fen"])
               for line in lines],
        total_fen=sum(line["fen"] for line in lines),
    )  # fmt: skip


def said(fen: int) -> str:
    """The amount in words, in the reader's language."""
    return str(words.pick(capitals(fen), in_english(fen)))


def _period(connection: Connection, place: str, day: Any) -> SimpleNamespace:
    """How long the notice stands from ``day`` by the rule of the place; or who is to set it."""
    try:
        rule = book_at(connection, place, day).rule(PERIOD)
    except Refused as refused:
        return SimpleNamespace(days=None, until=None, missing=words.shown(refused.refusals[0]))
    until, provisional = clocks.deadline_after(connection, day, rule)
    return SimpleNamespace(
        days=rule.integer, until=until, provisional=provisional, missing=None,
        cite=f"{rule.cite.document} {rule.cite.clause}".strip(),
    )  # fmt: skip


def _seal(connection: Connection, numbers: list[int]) -> Any | None:
    """The newest daily seal that covers records of these cases: its day and hash."""
    query = select(seals.c.day, seals.c.hash).join(seal_heads, seal_heads.c.day == seals.c.day)
    query = query.where(seal_heads.c.case_id.in_(numbers)).order_by(seals.c.day.desc()).limit(1)
    return connection.execute(query).one_or_none() if numbers else None
