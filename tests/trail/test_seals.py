"""A seal for every day, once, in order, in the table and in the files, whatever is missed or cut off between them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from governance.refusal import Refused
from tests.kernel.sample_stage import AT, Sample
from tests.trail.conftest import CASES, DAYS, END, days, kept_days, note, seal
from workflow import occurrences
from workflow.db import reading, writing
from workflow.occurrences import Due
from workflow.trail import checks, seal_files, sealing, verifier
from workflow.trail.jobs import SEAL_DAY

ALL_DAYS = [(date(2026, 3, 2) + timedelta(days=number)).isoformat() for number in range(DAYS)]


def problems(sample: Sample) -> list[str]:
    with reading(sample.engine) as connection:
        return checks.verify(connection).problems


def test_every_missed_day_is_sealed_once_in_order(lived: Sample, seals_folder: Path) -> None:
    ran = seal(lived, END)
    assert [one.due.period for one in ran if one.job == "seal_day"] == ALL_DAYS
    assert days(lived) == kept_days(seals_folder) == ALL_DAYS
    assert seal(lived, END) == []
    with reading(lived.engine) as connection:
        seals = list(sealing.each_seal(connection))
        assert [one["first"] for one in seals[1:]] == [one["last"] + 1 for one in seals[:-1]]
        assert seals[-1]["last"] == connection.scalar(text("SELECT count(*) FROM records"))
        assert seals[-1]["heads"] == CASES
    assert problems(lived) == []


def test_day_by_day_gives_what_catching_up_gives(lived: Sample) -> None:
    """The day of a seal decides what falls under it, not the moment of sealing."""
    for number in range(1, DAYS + 1):
        seal(lived, AT + timedelta(days=number))
    with reading(lived.engine) as connection:
        daily = [(one["day"], one["root"], one["last"]) for one in sealing.each_seal(connection)]
    with writing(lived.engine) as connection:
        heads = {one["day"]: one["changed"] for one in sealing.each_seal(connection)}
    tree, roots = verifier.Tree(), []
    for day in ALL_DAYS:
        roots.append(tree.seal(heads[day]))
    assert [root for _day, root, _last in daily] == roots


def test_today_is_not_over(lived: Sample) -> None:
    with reading(lived.engine) as connection:
        assert [one.period for one in sealing.days_due(connection, AT + timedelta(days=2))] == ALL_DAYS[:2]
        assert sealing.days_due(connection, AT) == []


def test_a_day_without_records_is_sealed_too(sealed: Sample) -> None:
    seal(sealed, END + timedelta(days=2))
    with reading(sealed.engine) as connection:
        last = list(sealing.each_seal(connection))[-1]
    assert (last["changed"], last["first"] - 1) == ([], last["last"])
    assert problems(sealed) == []


def test_nothing_to_seal_before_the_first_record(sample: Sample) -> None:
    assert seal(sample, END) == []


def test_a_day_cannot_be_skipped(sealed: Sample) -> None:
    with writing(sealed.engine) as connection, pytest.raises(Refused):
        sealing.seal_day(connection, Due(0, "2026-04-01", END), END)
    ran = occurrences.run_one(sealed.engine, SEAL_DAY, Due(0, "2026-04-01", END), END)
    assert ran is not None and ran.status == "failed"


def test_sealing_a_sealed_day_changes_nothing(sealed: Sample) -> None:
    with writing(sealed.engine) as connection:
        sealing.seal_day(connection, Due(0, ALL_DAYS[2], END), END)
    assert days(sealed) == ALL_DAYS


def test_a_record_that_comes_after_its_day_was_sealed_falls_under_the_next_seal(sealed: Sample) -> None:
    note(sealed, 1, AT + timedelta(days=DAYS - 1, hours=1))
    assert problems(sealed) == []
    seal(sealed, END + timedelta(days=1))
    with reading(sealed.engine) as connection:
        assert [head[0] for head in list(sealing.each_seal(connection))[-1]["changed"]] == [1]
    assert problems(sealed) == []


def test_a_crash_between_table_and_file_is_made_good(lived: Sample, seals_folder: Path) -> None:
    with writing(lived.engine) as connection:
        for due in sealing.days_due(connection, END):
            sealing.seal_day(connection, due, END)
    assert not seals_folder.exists()
    assert f"{ALL_DAYS[0]} 的封印：封印文件缺失" in problems(lived)
    assert [one.job for one in seal(lived, END)] == ["write_seals"]
    assert kept_days(seals_folder) == ALL_DAYS
    assert problems(lived) == []


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_cut_off_by_a_crash_is_finished(sealed: Sample, seals_folder: Path, kept: int) -> None:
    path = seals_folder / "2026.jsonl"
    whole = path.read_text(encoding="utf-8")
    *before, last = whole.splitlines(keepends=True)
    path.write_text("".join(before) + last[:kept], encoding="utf-8")
    with reading(sealed.engine) as connection:
        assert seal_files.write(connection) == 1
    assert path.read_text(encoding="utf-8") == whole


def test_the_seals_of_another_past_are_never_mixed_in(sealed: Sample, seals_folder: Path) -> None:
    path = seals_folder / "2026.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    other = {**json.loads(lines[-1]), "hash": "0" * 64}
    forged = "\n".join([*lines[:-1], verifier.canonical(other)]) + "\n"
    path.write_text(forged, encoding="utf-8")
    ran = seal(sealed, END + timedelta(days=1))
    assert [(one.job, one.status) for one in ran if one.job == "write_seals"] == [("write_seals", "failed")]
    assert path.read_text(encoding="utf-8") == forged
    assert any("不一致" in one for one in problems(sealed))


def test_a_demo_writes_no_files_unless_told(lived: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(seal_files.SETTING)
    with reading(lived.engine) as connection:
        assert seal_files.folder(connection) is None
        assert seal_files.write(connection) == 0
    assert [one.job for one in seal(lived, END)] == ["seal_day"] * DAYS


@pytest.mark.parametrize(("case", "text_of_it"), [(1, ""), (2, "x")])
def test_the_tree_is_that_of_the_standard(case: int, text_of_it: Any) -> None:
    """RFC 9162, 2.1.1: split at the largest power of two below the number of leaves."""

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        half = 1
        while half * 2 < len(leaves):
            half *= 2
        joined = b"\x01" + root(leaves[:half]) + root(leaves[half:])
        return bytes.fromhex(verifier.hashlib.sha256(joined).hexdigest())

    tree = verifier.Tree()
    for number in range(1, 70):
        head = (number, case, f"h{number}{text_of_it}")
        found = tree.seal([head])
        heads = [verifier.leaf_hash((one, case, f"h{one}{text_of_it}")) for one in range(1, number + 1)]
        assert found == root(heads).hex()
