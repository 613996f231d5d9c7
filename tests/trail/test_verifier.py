"""The verifier needs Python and nothing else: exports and packages checked by a bare interpreter in an empty folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from governance.roles import Role
from tests.kernel.sample_stage import Sample
from tests.trail.conftest import END, seal
from workflow import files
from workflow.attempt import Attempt, Case
from workflow.db import reading, writing
from workflow.model import cases
from workflow.trail import export, package, verifier

MILLION = 1_000_000


def bare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier, copied into ``folder``, without site-packages, environment or the project."""
    shutil.copy(verifier.__file__, folder / "verifier.py")
    command = [sys.executable, "-S", "-I", "verifier.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def exported(sample: Sample, path: Path, **chosen: Any) -> list[str]:
    with reading(sample.engine) as connection:
        path.write_text("".join(export.lines(connection, **chosen)), encoding="utf-8")
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    (tmp_path / "alone").mkdir()
    return tmp_path / "alone"


@pytest.mark.parametrize("chosen", [{}, {"case": 2}, {"consortium": "sample-a"}])
def test_an_export_verifies_anywhere(sealed: Sample, seals_folder: Path, alone: Path, chosen: dict[str, Any]) -> None:
    exported(sealed, alone / "e.jsonl", **chosen)
    for arguments in (["e.jsonl"], ["e.jsonl", "--seals", str(seals_folder)]):
        done = bare(alone, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.startswith("完整")


def test_an_export_from_before_the_first_seal_verifies(lived: Sample, alone: Path) -> None:
    exported(lived, alone / "e.jsonl")
    assert bare(alone, "e.jsonl").returncode == 0


def test_an_older_export_holds_against_newer_seals(sealed: Sample, seals_folder: Path, alone: Path) -> None:
    exported(sealed, alone / "e.jsonl", case=1)
    from tests.trail.conftest import note

    note(sealed, 1, END)
    seal(sealed, END.replace(day=END.day + 2))
    done = bare(alone, "e.jsonl", "--seals", str(seals_folder))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("chosen", [{}, {"case": 2}], ids=["all", "case"])
def test_every_line_that_is_left_out_or_changed_is_found(
    sealed: Sample, tmp_path: Path, chosen: dict[str, Any]
) -> None:
    lines = exported(sealed, tmp_path / "e.jsonl", **chosen)
    for number, line in enumerate(lines):
        told = json.loads(line)
        assert read([*lines[:number], *lines[number + 1:]]), line
        for key in ("hash", "prev", "body", "seq", "record"):
            if key in told:
                changed = {**told, key: told[key] + 1 if isinstance(told[key], int) else told[key][:-1] + "~"}
                assert read([*lines[:number], verifier.canonical(changed), *lines[number + 1:]]), line


def read(lines: list[str]) -> list[str]:
    try:
        return verifier.Export().read(lines)
    except (ValueError, KeyError) as error:
        return [str(error)]


@pytest.mark.parametrize("content", ["", "not json\n", "[]\n", '{"end":{"cases":0,"records":0}}x', '{"a":1}\n'])
def test_what_is_no_export_is_said_to_be_none(alone: Path, content: str) -> None:
    (alone / "e.jsonl").write_text(content, encoding="utf-8")
    assert bare(alone, "e.jsonl").returncode in (1, 2)
    assert bare(alone, "missing.jsonl").returncode == 2
    assert bare(alone).returncode == 2
    assert bare(alone, "--seals", "e.jsonl").returncode == 2


@pytest.fixture
def packed(sealed: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bytes:
    """The package of a case with an attachment, a decision and two versions of its dossier."""
    monkeypatch.setenv("GONGZHI_FILES", str(tmp_path / "files"))
    number = sealed.open_case("under_review")
    sealed.take(number, "amend", sealed.actor(Role.LEAD_CLERK), data={"amount_fen": 777})
    sealed.opine(number)
    sealed.decide(number)
    with writing(sealed.engine) as connection:
        case = Case(*connection.execute(select(cases).where(cases.c.id == number)).one())
        attempt = Attempt(connection, case, sealed.actor(Role.LEAD_CLERK), END)
        files.attach(attempt, "evidence", files.keep("样例附件".encode(), "样例.txt"))
    seal(sealed, END)
    with reading(sealed.engine) as connection:
        first = package.evidence(connection, case)
        assert package.evidence(connection, case) == first, "the same content gives the same bytes"
    return first


def test_a_package_opens_and_verifies(packed: bytes, seals_folder: Path, alone: Path) -> None:
    path = alone / "p.zip"
    path.write_bytes(packed)
    for arguments in (["p.zip"], ["p.zip", "--seals", str(seals_folder)]):
        done = bare(alone, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {"dossiers/0001.json", "dossiers/0002.json", "README.md", "verifier.py"} <= set(names)
        assert any(name.startswith("attachments/") and name.endswith(".txt") for name in names)
        assert len(json.loads(archive.read("decisions.json"))["decisions"]) == 6
        assert {one.date_time for one in archive.infolist()} == {package.FIRST_MOMENT}
        (alone / "own").mkdir()
        archive.extract("verifier.py", alone / "own")
    own = subprocess.run(
        [sys.executable, "-S", "-I", str(alone / "own" / "verifier.py"), str(path)], capture_output=True, check=False
    )
    assert own.returncode == 0


def test_any_file_of_a_package_that_is_changed_added_or_missing_is_named(packed: bytes, alone: Path) -> None:
    path = alone / "p.zip"
    path.write_bytes(packed)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts.keys() - {"manifest.json"}:
        told = problems_of(alone / "x.zip", {**parts, name: parts[name] + b"\n"})
        assert f"{name}：与清单不符（改动、缺失或多出）" in told
    assert problems_of(alone / "x.zip", {**parts, "more.txt": b"x"})
    assert problems_of(alone / "x.zip", {name: one for name, one in parts.items() if name != "rules.json"})


def test_a_dossier_changed_together_with_the_manifest_is_found(packed: bytes, alone: Path) -> None:
    (alone / "p.zip").write_bytes(packed)
    with zipfile.ZipFile(alone / "p.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "dossiers/0002.json"
    parts[name] = parts[name].replace(b"777", b"778")
    manifest = json.loads(parts["manifest.json"])
    manifest["files"][name]["sha256"] = verifier.hashlib.sha256(parts[name]).hexdigest()
    parts["manifest.json"] = json.dumps(manifest).encode()
    assert problems_of(alone / "x.zip", parts) == [f"{name}：与办理记录所载的内容哈希不符"]


def problems_of(path: Path, parts: dict[str, bytes]) -> list[str]:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return verifier.check_package(path, verifier.Export())


@pytest.mark.slow
def test_a_million_records_are_verified(tmp_path: Path) -> None:
    path, per_case, head = tmp_path / "million.jsonl", 50, ""
    with path.open("w", encoding="utf-8") as file:
        file.write(verifier.canonical({"export": export.FORMAT, "scope": "all"}) + "\n")
        for case in range(1, MILLION // per_case + 1):
            rows, prev = [], ""
            for seq in range(1, per_case + 1):
                told = {"at": "2026-03-02T01:00:00.000000Z", "case": case, "data": {"note": "样例" * 80}, "seq": seq}
                body = verifier.canonical(told)
                head = verifier.chain_hash(seq, prev, body)
                rows.append(verifier.canonical({"record": seq, "prev": prev, "hash": head, "body": body}))
                prev = head
            first = verifier.canonical({"case": case, "seq": per_case, "hash": head})
            file.write("\n".join([first, *rows]) + "\n")
        end = {"seal": 0, "proof": 0, "case": MILLION // per_case, "record": MILLION}
        file.write(verifier.canonical({"end": end}) + "\n")
    done = bare(tmp_path, str(path))
    assert done.returncode == 0, done.stderr
