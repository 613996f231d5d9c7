"""What a month's claims add up to: the tallies a settlement is worked out from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb

from governance.refusal import Refusal, Refused
from workflow.claims.columns import CATEGORIES
from workflow.claims.engine import cursor, quoted

KINDS = ("own", "inflow", "away", "excluded")
_MEASURES = ("cost_fen", "bed_days", "standard_fen", "file_standard_fen", "patient_fen", "catastrophic_fen", "aid_fen",
             "other_fen", "fund_fen")


class Rate(NamedTuple):
    """What a unit is worth at one member: fen per weight, point or bed day, times a coefficient in ten-thousandths.

    The coefficient is the institution's for DRG and DIP and the fund share for bed days (``9_000`` is 0.9).
    """

    rate_fen: int
    coefficient_ten_thousandths: int = 10_000


class OutlierBounds(NamedTuple):
    """DIP cost outliers, in ten-thousandths of the group mean: usually below ``5_000``, above ``20_000``."""

    low_ten_thousandths: int
    high_ten_thousandths: int


@dataclass(frozen=True, slots=True)
class CrossConsortium:
    """Who carries a patient of another consortium of the county; ``neighbours``: its code → its members' codes."""

    carried_by: Literal["insured", "provider"] = "insured"
    neighbours: Mapping[str, frozenset[str]] = field(default_factory=dict)


Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tallies:
    """Sums by member, category and kind, in fen. ``lines`` are sorted and do not depend on the order of files."""

    consortium: str
    pool: str
    period: str
    members: Mapping[str, str]
    lines: tuple[Line, ...]

    def of_kind(self, kind: str) -> int:
        """The payable of one kind over all members and categories, in fen."""
        return sum(line["payable_fen"] for line in self.lines if line["kind"] == kind)

    def as_facts(self) -> dict[str, Any]:
        """The facts of ``monthly-settlement`` that claims give; a member without claims is listed and empty.

        ``columns`` holds what is only shown, by category, over cases treated at the member.
        """
        return {
            "members": [self._member(code, level) for code, level in self.members.items()],
            "away_fen": self.of_kind("away"),
            "excluded_fen": self.of_kind("excluded"),
            "cases": sum(line["cases"] for line in self.lines),
        }

    def _member(self, code: str, level: str) -> dict[str, Any]:
        payable: dict[str, dict[str, int]] = {}
        columns: dict[str, dict[str, int]] = {}
        lines = [line for line in self.lines if line["member"] == code]
        for category in (name for name in CATEGORIES if any(line["category"] == name for line in lines)):
            inside = [line for line in lines if line["category"] == category]
            payable[category] = {line["kind"]: line["payable_fen"] for line in inside}
            columns[category] = {name: sum(line[name] for line in inside) for name in ("cases", *_MEASURES)}
        return {"member": code, "level": level, "payable_fen": payable, "columns": columns}

    def differences(self) -> list[Line]:
        """Where the rules give another standard than the files, whichever counts: a line for each such tally.

        Of bed days it is the fund share that the rules give.
        """
        return [
            {"member": line["member"], "category": line["category"], "kind": line["kind"],
             "cases": line["differing_cases"], "standard_fen": line["differing_computed_fen"],
             "file_standard_fen": line["differing_file_fen"],
             "difference_fen": line["differing_computed_fen"] - line["differing_file_fen"]}
            for line in self.lines if line["differing_cases"]
        ]

    def canonical(self) -> bytes:
        """The tallies as UTF-8 JSON, the same bytes for the same claims."""
        head = {"consortium": self.consortium, "pool": self.pool, "period": self.period, "members": dict(self.members)}
        return json.dumps({**head, "lines": self.lines}, ensure_ascii=False, sort_keys=True,
                          separators=(",", ":")).encode()


def tally(
    paths: Iterable[Path], *, consortium: str, pool: str, period: str, members: Mapping[str, str],
    rates: Mapping[tuple[str, str], Rate] | None = None, cross_consortium: CrossConsortium | None = None,
    floor_at_zero: bool = False, outliers: OutlierBounds | None = None, computed_counts: bool = True,
) -> Tallies:
    """Add up frozen claims files for one consortium, pool and month (``YYYY-MM``).

    ``members`` is member code → level, in the order to list them. ``rates`` is (category, member) → Rate: where it has
    one the standard is computed, rounded half up once per case, and counts, or without ``computed_counts`` is only set
    beside the file's; elsewhere the file's standard counts. Raises Refused when a file is about another pool or month,
    or a case has neither a standard nor a rate.
    """
    files = sorted({str(path) for path in paths})
    if not files:
        return Tallies(consortium, pool, period, dict(members), ())
    cross = cross_consortium or CrossConsortium()
    database = cursor()
    try:
        _give_relations(database, files, members, rates or {}, cross)
        database.execute(
            "CREATE TEMP TABLE settings AS SELECT ? AS consortium, ? AS pool, ? AS period, ? AS floor_at_zero, "
            "? AS carried_by_provider, ? AS computed_counts, "
            "CAST(? AS BIGINT) AS outlier_low, CAST(? AS BIGINT) AS outlier_high",
            [consortium, pool, period, floor_at_zero, cross.carried_by == "provider", computed_counts,
             *(outliers or (None, None))])
        found = database.execute(_tally_sql())
        names = [column[0] for column in found.description]
        lines = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    finally:
        database.close()
    _refuse_unfit(lines, period)
    for line in lines:
        del line["stray_cases"], line["unpriced_cases"]
    return Tallies(consortium, pool, period, dict(members), tuple(lines))


@cache
def _tally_sql() -> str:
    return Path(__file__).with_name("tally.sql").read_text(encoding="utf-8")


def _give_relations(
    database: duckdb.DuckDBPyConnection, files: list[str], members: Mapping[str, str],
    rates: Mapping[tuple[str, str], Rate], cross: CrossConsortium,
) -> None:
    """The relations that tally.sql names, private to this cursor."""
    listed = ", ".join(quoted(file) for file in files)
    database.execute(f"CREATE TEMP VIEW claims AS SELECT * FROM read_parquet([{listed}])")  # noqa: S608 - quoted
    database.execute("CREATE TEMP TABLE members AS SELECT UNNEST(CAST(? AS VARCHAR[])) AS member", [list(members)])
    database.execute(
        "CREATE TEMP TABLE rates AS SELECT UNNEST(CAST(? AS VARCHAR[])) AS category, "
        "UNNEST(CAST(? AS VARCHAR[])) AS member, UNNEST(CAST(? AS BIGINT[])) AS rate_fen, "
        "UNNEST(CAST(? AS BIGINT[])) AS coefficient",
        [[category for category, _ in rates], [member for _, member in rates],
         [rate[0] for rate in rates.values()], [rate[1] for rate in rates.values()]])
    pairs = [(name, provider) for name, providers in cross.neighbours.items() for provider in sorted(providers)]
    database.execute(
        "CREATE TEMP TABLE neighbours AS SELECT UNNEST(CAST(? AS VARCHAR[])) AS consortium, "
        "UNNEST(CAST(? AS VARCHAR[])) AS provider", [[name for name, _ in pairs], [provider for _, provider in pairs]])


def _refuse_unfit(lines: list[Line], period: str) -> None:
    stray = sum(line["stray_cases"] for line in lines)
    if stray:
        raise Refused(Refusal(
            reason=f"有 {stray} 条结算不属于 {period} 或不属于本险种，不能汇总", who="医保经办机构",
            reason_en=f"{stray} claims are about another period or pool than {period}", who_en="agency", fact="claims"))
    refusals = [
        Refusal(reason=f"尚未配置：{line['member']} 的{CATEGORIES[line['category']]}费率，"
                       f"{line['unpriced_cases']} 条结算没有支付标准，由医保部门负责配置",
                reason_en=f"no {line['category']} rate for {line['member']}: {line['unpriced_cases']} claims "
                          "carry no standard",
                who="医保部门", who_en="insurance bureau", rule=f"settlement.payment.{line['category']}")
        for line in lines if line["unpriced_cases"]
    ]
    if refusals:
        raise Refused(*refusals)
