"""Sample claims for demonstrations and tests: made up, labelled so, and exact to the fen."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from governance.money import apportion
from workflow.claims.columns import COLUMNS

LABEL = "SAMPLE-"
_HEADER = ",".join(column.name for column in COLUMNS)
# Categories as they come up in a hundred cases, by level; and what one case usually costs the fund, in yuan.
_MIX: Mapping[str, tuple[tuple[str, int], ...]] = {
    "county": (("drg", 72), ("item", 20), ("bed_day", 4), ("capitation", 4)),
    "township": (("drg", 30), ("bed_day", 20), ("item", 25), ("capitation", 25)),
    "village": (("item", 40), ("capitation", 60)),
}
_USUAL_YUAN = {
    ("county", "drg"): 6200, ("township", "drg"): 1900, ("county", "bed_day"): 3600, ("township", "bed_day"): 1400,
    ("county", "item"): 900, ("township", "item"): 260,
    ("county", "capitation"): 5200, ("township", "capitation"): 3800,
}
_GROUPS = ("ES31", "FR43", "GZ15", "BR25", "IF33", "OR15", "DT11", "LS13", "ET25", "RE13")
_AWAY_PROVIDERS = ("SAMPLE-CITY-HOSPITAL", "SAMPLE-PROVINCE-HOSPITAL", "SAMPLE-PHARMACY")
_KINDS = ("own", "inflow", "away")


def sample(
    *, seed: str, consortium: str, other_consortium: str, pool: str, period: str, members: Sequence[tuple[str, str]],
    totals: Mapping[str, int], cases: int,
) -> bytes:
    """A CSV of ``cases`` made-up claims whose tally is exactly ``totals`` when no rates are given.

    ``totals`` has ``own_fen``, ``inflow_fen`` and ``away_fen`` (absent is zero, none negative); ``members`` are
    (code, level). Claim ids start with ``SAMPLE-``. The same arguments give the same bytes on every machine. Raises
    ValueError for an unknown or negative total, or for no member.
    """
    if not members or set(totals) - {f"{kind}_fen" for kind in _KINDS} or min(totals.values(), default=0) < 0:
        raise ValueError("a sample needs members, and own_fen, inflow_fen and away_fen of at least nothing")
    draw = random.Random(f"{seed}|{consortium}|{pool}|{period}")  # noqa: S311 - made-up data has to be repeatable
    wanted = [totals.get(f"{kind}_fen", 0) for kind in _KINDS]
    counts = _counts(wanted, cases)
    rows: list[str] = []
    for kind, total_fen, count in zip(_KINDS, wanted, counts, strict=True):
        insured = other_consortium if kind == "inflow" else consortium
        mistaken = kind == "own" and count >= 20
        picked = [_picked(draw, kind, members, position) for position in range(count - 2 * mistaken)]
        amounts = apportion(total_fen, [weight for _, _, _, weight in picked])
        for (provider, level, category, _), amount_fen in zip(picked, amounts, strict=True):
            claim = f"{LABEL}{consortium}-{pool}-{period}-{len(rows) + 1:05d}"
            rows.append(_line(draw, claim, provider, level, insured, pool, period, category, amount_fen))
        if mistaken:
            rows += _mistake(draw, rows[0].split(",")[2], consortium, pool, period)
    return "\n".join([_HEADER, *rows, ""]).encode()


def _counts(wanted: Sequence[int], cases: int) -> list[int]:
    """How many rows each kind gets: by money, at least one where there is money."""
    if not any(wanted):
        return [0 for _ in wanted]
    spare = max(cases - sum(1 for total in wanted if total), 0)
    return [part + (1 if total else 0) for part, total in zip(apportion(spare, list(wanted)), wanted, strict=True)]


def _picked(
    draw: random.Random, kind: str, members: Sequence[tuple[str, str]], position: int,
) -> tuple[str, str, str, int]:
    """Provider, level, category and a weight for one case; the first own cases go round every member."""
    if kind == "away":
        provider, level = _AWAY_PROVIDERS[draw.randrange(3)], "county"
        category = "item" if provider.endswith("PHARMACY") else "drg"
    else:
        counties = [member for member in members if member[1] == "county"]
        whole_round = kind == "own" and position < len(members)
        of = counties if counties and draw.randrange(100) < 60 else members
        provider, level = members[position] if whole_round else of[draw.randrange(len(of))]
        category = _category(draw, level)
    usual_yuan = _USUAL_YUAN.get((level, category), 300)
    return provider, level, category, usual_yuan * (40 + draw.randrange(140))


def _category(draw: random.Random, level: str) -> str:
    ball = draw.randrange(100)
    for category, parts in _MIX.get(level, _MIX["township"]):
        ball -= parts
        if ball < 0:
            return category
    return "item"


def _line(
    draw: random.Random, claim: str, provider: str, level: str, insured: str, pool: str, period: str, category: str,
    amount_fen: int,
) -> str:
    """One claim that pays exactly ``amount_fen``; what others pay is added on top to reach standard and cost."""
    inpatient = category in ("drg", "bed_day")
    admitted = 1 + draw.randrange(20)
    stay_days = 2 + draw.randrange(7) if inpatient else 0
    patient_fen = amount_fen * (18 + draw.randrange(25)) // 100
    catastrophic_fen = amount_fen * draw.randrange(8) // 100 if category == "drg" and draw.randrange(10) == 0 else 0
    aid_fen = amount_fen * (3 + draw.randrange(9)) // 100 if draw.randrange(12) == 0 else 0
    standard_fen = amount_fen + patient_fen + catastrophic_fen + aid_fen
    cost_fen = standard_fen * (82 + draw.randrange(33)) // 100
    drg = category == "drg"
    weight_hundredths = max(20, min(90_000, standard_fen // (7_500 if level == "county" else 5_000)))
    cells = (
        claim, "", provider, "", insured, pool, period, f"{period}-{admitted:02d}",
        f"{period}-{admitted + stay_days:02d}", category, _GROUPS[draw.randrange(10)] if drg else "",
        f"{weight_hundredths // 100}.{weight_hundredths % 100:02d}" if drg else "", "", "", cost_fen,
        stay_days if inpatient else "", standard_fen if inpatient else "", patient_fen, catastrophic_fen, aid_fen, 0,
        amount_fen,
    )
    return ",".join(map(str, cells))


def _mistake(draw: random.Random, provider: str, consortium: str, pool: str, period: str) -> list[str]:
    """A claim entered by mistake and its reversal: together nothing."""
    amount_fen = 10_000 + draw.randrange(90_000)
    wrong, undone = (f"{LABEL}{consortium}-{pool}-{period}-{mark}" for mark in ("WRONG", "UNDONE"))
    shared = f"{provider},,{consortium},{pool},{period},{period}-06,{period}-06,item,,,,"
    return [f"{wrong},,{shared},{amount_fen},,,0,0,0,0,{amount_fen}",
            f"{undone},{wrong},{shared},{-amount_fen},,,0,0,0,0,{-amount_fen}"]
