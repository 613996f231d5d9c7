"""A split by largest remainder as a table of helper cells that divides as by hand, three digits at a time.

``total × weight`` may have 22 digits, which no spreadsheet holds; each step of the long division stays below 10**15.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from governance.money import apportion
from workflow.workbook.exact import NotExact, Term
from workflow.workbook.layout import WORKINGS
from workflow.workbook.source import Source

_STEPS = "EFGHIJKLMN"
"""Five pairs of columns: what is divided, and the digits that come out."""
_MOST_WEIGHT = 5 * 10**11
HEADINGS = [
    "项目 Item", "", "权重 Weight", "份额 Part", *[f"{name}{step}" for step in range(5, 0, -1) for name in ("被除数", "商")],
    "整分 Whole", "余数 Remainder", "补一分 Extra",
]


def split(source: Source, name: str, whole: Term, weights: Sequence[tuple[str, Term]]) -> list[Term]:
    """The parts of ``whole`` by the weights, in fen: largest remainder, among equals the one listed first."""
    over = lcm(*(weight.over for _, weight in weights))
    counts = [int(weight.value * over) for _, weight in weights]
    if whole.value < 0 or sum(counts) >= _MOST_WEIGHT or min(counts) < 0 or (whole.value and not sum(counts)):
        raise NotExact("cannot be split in a spreadsheet")
    workings = source.workings
    workings.add([f"{name}：按最大余数法切分 largest remainder", *HEADINGS[1:]])
    first = workings.next + 1
    last = first + len(weights) - 1
    weighed = f"SUM($C${first}:$C${last})"
    head = workings.add([
        "总额、权重合计 Total, sum of weights", "", f"=IF({weighed}<{_MOST_WEIGHT},{weighed},NA())",
        f"=IF(AND({whole.inside}>=0,{whole.inside}<1E+15),{whole.text},NA())",
        *("" for _ in _STEPS), f"=SUM($O${first}:$O${last})",
    ])
    for row, (label, weight) in enumerate(weights, start=first):
        workings.add([label, "", f"={weight.scaled(over)}", f"=$O{row}+$Q{row}",
                      *long_division(row, head), *_whole_and_extra(row, head, first, last)])
    parts = apportion(int(whole.value), counts) if sum(counts) else [0 for _ in counts]
    return [Term(f"'{WORKINGS}'!$D${row}", Fraction(part)) for row, part in enumerate(parts, start=first)]


def long_division(row: int, head: int) -> list[str]:
    """What is divided and what comes out, for each three digits of the total from the highest."""
    cells = []
    for step in range(5):
        power = 4 - step
        digits = f"(INT($D${head}/1E+{power * 3})-INT($D${head}/1E+{power * 3 + 3})*1000)"
        above = f"({_STEPS[step * 2 - 2]}{row}-{_STEPS[step * 2 - 1]}{row}*$C${head})*1000+" if step else ""
        divided = f"{_STEPS[step * 2]}{row}"
        cells.append(f"={above}{digits}*$C{row}")
        # INT of a quotient a hair below a whole number may give that number; then it is one too many.
        whole = f"INT({divided}/$C${head})"
        cells.append(f"=IF($C${head}=0,0,{whole}-IF({whole}*$C${head}>{divided},1,0))")
    return cells


def _whole_and_extra(row: int, head: int, first: int, last: int) -> list[str]:
    """The fen that divide evenly, what remains, and one more for the largest remainders while any are left."""
    whole = "+".join(f"{_STEPS[step * 2 + 1]}{row}*1E+{(4 - step) * 3}" for step in range(5))
    larger = f"SUMPRODUCT(--($P${first}:$P${last}>$P{row}))"
    before = f"SUMPRODUCT(--($P${first}:$P{row}=$P{row}))"
    return [f"={whole}", f"=M{row}-N{row}*$C${head}", f"=IF({larger}+{before}<=$D${head}-$O${head},1,0)"]
