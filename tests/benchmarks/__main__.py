"""``python -m tests.benchmarks [name …]``: measures side by side, prints the ratios, writes ``var/bench.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import databases
from tests.benchmarks import inbox, steps

RESULTS = Path(__file__).resolve().parent.parent.parent / "var" / "bench.json"
MEASURES: dict[str, Callable[[], dict[str, Any] | None]] = {
    "step.sqlite": steps.on_sqlite,
    "step.postgresql": steps.on_postgresql,
    "inbox.p95_growth_100x": inbox.growth_on_postgresql,
    "inbox.p95_growth_100x.sqlite": inbox.growth_on_sqlite,
}


def main(names: list[str]) -> None:
    """Measure what is named, or everything; results of earlier runs under other names stay in the file."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for name in names or MEASURES:
        found = MEASURES[name]()
        if found is None:
            print(f"{name}: {databases.MISSING}")
            continue
        results[name] = found
        print(f"{name}: {found['value']} {found['unit']}; {found['ratio']} × the time of {found['ratio_to']}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
