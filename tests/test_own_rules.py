"""The guide to rules of one's own, followed to the letter: its files written, its commands run, its figures found."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook

from workflow import i18n
from workflow.cli.rules import COMMANDS

GUIDE = Path(__file__).parents[1] / "docs" / "own-rules.md"
BLOCK = re.compile(r"^```(yaml|json|sh) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int, str]]:
    """Every command of the guide: itself, how it should end, how it ended, what it said."""
    monkeypatch.chdir(tmp_path)
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    ran = []
    for kind, says, body in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        if kind == "sh":
            for line in body.splitlines():
                done: Any = app.test_cli_runner().invoke(args=line.removeprefix("flask ").split())
                ran.append((line, int(says or 0), done.exit_code, done.output))
            continue
        target = tmp_path / ("own" if kind == "yaml" else "") / says
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(body, encoding="utf-8")
    return ran


def test_every_command_ends_as_the_guide_says(followed: list[tuple[str, int, int, str]]) -> None:
    assert len(followed) == 7
    assert not [(line, said) for line, expected, ended, said in followed if ended != expected]
    guide = GUIDE.read_text(encoding="utf-8")
    data = json.loads(next(said for line, *_, said in followed if line.endswith("--json")))
    for name in ("retained_fen", "due_fen"):
        assert f"`{name}`" in guide and data["results"][name] == 7500000
    cited = {line["provision"]["cite"]["document"] for line in data["lines"] if line["provision"]}
    assert cited == {"Savings Act 2030"}
    paper = load_workbook("clearing.xlsx")["计算表"]
    assert any(str(row[3].value).startswith("=") for row in paper.iter_rows(min_row=5))
    assert "尚未配置" in followed[-1][-1] and "clearing.deposit_return" in followed[-1][-1]
