"""A process mining tool that is no part of the project reads the event log back: the same events, objects and ties."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import not_here
from tests.kernel.sample_stage import BUREAUS, Sample
from workflow.db import reading
from workflow.trail.ocel import event_log

READER = Path(__file__).resolve().parent.parent.parent / "var" / "reader" / "bin" / "python"
MISSING = "var/reader 里没有 pm4py，事件日志没有读回核对：.ci/reader。pm4py is missing, run .ci/reader."
READ = """
import contextlib, io, json, sys, warnings
warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    import pm4py
    log = pm4py.read_ocel2_json(sys.argv[1])
json.dump({
    "activities": log.events["ocel:activity"].tolist(),
    "moments": [one.isoformat() for one in log.events["ocel:timestamp"]],
    "objects": sorted(log.objects["ocel:oid"].astype(str)),
    "ties": sorted(zip(log.relations["ocel:eid"].astype(str), log.relations["ocel:oid"].astype(str))),
}, sys.stdout)
"""


def read_back(path: Path) -> dict[str, Any]:
    """What pm4py finds in the log at ``path``."""
    if not READER.exists():
        not_here(MISSING)
    done = subprocess.run([READER, "-c", READ, path], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_pm4py_reads_the_log_back(sample: Sample, tmp_path: Path) -> None:
    for verdict in ("agree", "disagree"):
        case_id = sample.open_case("under_review")
        sample.opine(case_id)
        sample.decide(case_id, verdict=verdict) if verdict == "agree" else sample.decide(case_id, BUREAUS[:1], verdict)
    with reading(sample.engine) as connection:
        log = event_log(connection)
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log, ensure_ascii=False), encoding="utf-8")
    found = read_back(path)
    events = log["events"]
    ties = sorted((one["id"], tie["objectId"]) for one in events for tie in one["relationships"])
    assert Counter(found["activities"]) == Counter(one["type"] for one in events)
    assert sorted(one[:19] for one in found["moments"]) == sorted(one["time"][:19] for one in events)
    assert [list(one) for one in ties] == found["ties"]
    assert set(found["objects"]) == {oid for _event, oid in ties}
    assert len(events) > 10
