"""Worksheets and rules on the command line: every bad fact is refused by name, in its place; text is in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.conftest import app_on
from workflow import i18n
from workflow.cli import facts
from workflow.cli.rules import COMMANDS

PLACE, DAY = "demo-suixi", "2025-06-30"
MONTH = {
    "consortium": "sample-a", "pool": "resident", "period": "2025-03",
    "agreement": {"settlement.deposit_ratio": "0.05"},
    "members": [{"member": "lead", "level": "county", "payable_fen": {"drg": {"own": 2305021435, "inflow": 120044210}},
                 "audit_deduction_fen": 4821690, "carried_in_fen": 0}],
    "away_fen": 345600000, "prepayment_outstanding_fen": 0, "prepayment_offset_requested_fen": 0,
}  # fmt: skip
GOOD = json.dumps(MONTH, ensure_ascii=False)


@pytest.fixture
def cli() -> Any:
    """The commands, on no database."""
    app = Flask("command-line")
    i18n.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)
    return app.test_cli_runner().invoke


def sheet(cli: Any, tmp_path: Path, content: str | bytes, *more: str, name: str = "facts.json") -> tuple[int, str]:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = cli(args=["sheet", "monthly-settlement", "--place", PLACE, "--on", DAY, "--facts", str(file), *more])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


BAD = [
    ('{"away_fen": 1.5}', "away_fen", "数 1.5 不是整数"),
    ('{"away_fen": 1e9}', "away_fen", "数 1e9 不是整数"),
    ('{"away_fen": NaN}', "away_fen", "数 NaN 不是整数"),
    ('{"members": [{"payable_fen": {"drg": {"own": -Infinity}}}]}', "members[0].payable_fen.drg.own", "-Infinity"),
    ('{"away_fen": ' + "9" * 5000 + "}", "away_fen", "过大"),
    ('{"away_fen": 1, "away_fen": 2}', "away_fen", "同一名称出现两次"),
    ('{"members": [{"level": "county", "level": "village"}]}', "members[0].level", "同一名称出现两次"),
    ('{"pool": "\\ud800"}', "pool", "代理字符"),
    ('{"\\ud800": 1.5}', "\\ud800", "不是整数"),
    ("[" * 100_000, "facts", "嵌套"),
    ("[" * 60 + "]" * 60, "[0]" * 41, "嵌套超过 40 层"),
    ('{"away_fen": 1', "facts", "不是合格的 JSON（第 1 行第"),
    ("", "facts", "不是合格的 JSON"),
    (b'{"pool": "\xff"}', "facts", "不是 UTF-8 编码"),
    ("[]", "facts", "应为“名称: 数值”"),
    ("7", "facts", "应为“名称: 数值”"),
    ("null", "facts", "应为“名称: 数值”"),
]


@pytest.mark.parametrize(("content", "fact", "words"), BAD, ids=range(len(BAD)))
def test_bad_facts_are_refused_by_name(
    cli: Any, tmp_path: Path, content: str | bytes, fact: str, words: str
) -> None:
    code, output = sheet(cli, tmp_path, content, "--json")
    said = json.loads(output)
    assert (code, sorted(said), said["sheet"]) == (3, ["refused", "sheet"], "monthly-settlement")
    found = [one for one in said["refused"] if one["fact"] == fact]
    assert found and words in found[0]["reason"] and found[0]["who"] and found[0]["reason_en"], said
    code, output = sheet(cli, tmp_path, content)
    assert code == 3 and output.startswith("不能计算：填报数据有误") and words in output


def test_every_line_is_answered_in_its_place(cli: Any, tmp_path: Path) -> None:
    other = GOOD.replace("sample-a", "甲\u2028乙").encode()
    lines = [GOOD.encode(), b'{"broken', b"[1]", b"", b'{"away_fen": 1.5}', b"\xff", other]
    code, output = sheet(cli, tmp_path, b"\r\n".join(lines), name="facts.jsonl")
    said = [json.loads(line) for line in output.split("\n") if line]
    assert code == 3 and ["refused" in one for one in said] == [False, True, True, True, True, False]
    assert [one["refused"][0]["fact"] for one in said[1:5]] == ["facts", "facts", "away_fen", "facts"]
    assert "第 2 行第" in said[1]["refused"][0]["reason"] and "第 6 行起" in said[4]["refused"][0]["reason"]
    assert said[0]["results"] == said[5]["results"]


def test_a_byte_order_mark_is_no_fact(cli: Any, tmp_path: Path) -> None:
    assert sheet(cli, tmp_path, "\ufeff" + GOOD, "--json")[0] == 0


def test_what_is_read_is_plain() -> None:
    assert facts.read(GOOD.encode()) == MONTH


def test_a_broken_rulebook_is_the_refusal_of_every_line(cli: Any, tmp_path: Path) -> None:
    folder = tmp_path / "rules" / PLACE
    folder.mkdir(parents=True)
    (folder / "settlement.yaml").write_text("settlement.deposit_ratio: [", encoding="utf-8")
    more = ("--json", "--rulebook", str(folder.parent))
    code, output = sheet(cli, tmp_path, GOOD, *more)
    (first, *_) = json.loads(output)["refused"]
    assert code == 3 and "规则数据有误" in first["reason"] and first["who"] == "规则管理"
    assert first.get("rule") or first.get("fact") == "rulebook"
    code, output = sheet(cli, tmp_path, f"{GOOD}\n{GOOD}\n", *more, name="facts.jsonl")
    assert code == 3 and len(output.splitlines()) == 2
    asked = ["policy", "show", "settlement.deposit_ratio", "--place", PLACE, "--on", DAY, *more]
    done = cli(args=asked)
    assert done.exit_code == 3 and '"refused"' in done.output
    assert cli(args=["policy", "check", *more[1:]]).exit_code == 3


def test_an_unknown_place_is_named(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(GOOD)
    done = cli(args=["sheet", "monthly-settlement", "--place", "x", "--on", DAY, "--facts", str(file), "--json"])
    assert done.exit_code == 3 and json.loads(done.output)["refused"][0]["fact"] == "place"


def test_a_worksheet_as_text_is_in_words(cli: Any, tmp_path: Path) -> None:
    code, output = sheet(cli, tmp_path, GOOD)
    assert code == 0, output
    head, *lines = output.splitlines()
    assert head.startswith("月度结算  濉溪示范")
    assert all(len(line.split("\t")) == 3 for line in lines)
    text = "\n".join(lines)
    assert "应付合计" in text and " 元\t" in text
    for english in ("True", "False", "gross", "audit", "deposit", "Σ"):
        assert english not in text.replace("lead", ""), text


def test_a_flag_as_text_holds_or_does_not() -> None:
    from workflow.cli.rules_text import sheet_text

    line = {
        "key": "identities.months", "label": "月度恒等", "label_en": "Months", "amount_fen": None, "value": True,
        "unit": "flag", "formula": "Σ(gross − audit) = Σ deposit + Σ net_paid", "inputs": [], "provision": None,
    }  # fmt: skip
    data = {"sheet": "annual-clearing", "place": PLACE, "on": DAY, "book_digest": "0" * 64, "lines": [line]}
    assert "\t成立\t" in list(sheet_text(data, {}))[1]
    assert "\t不成立\t" in list(sheet_text(data | {"lines": [line | {"value": False}]}, {}))[1]


def test_a_rule_as_text_is_a_line_for_each_provision(cli: Any) -> None:
    for rule, words in (("clearing.retention", "留用"), ("settlement.declare_by_day", "日")):
        done = cli(args=["policy", "show", rule, "--place", PLACE, "--on", DAY])
        assert done.exit_code == 0, done.output
        lines = done.output.splitlines()
        assert rule in lines[0] and "→" in lines[0] and lines[-1].startswith(f"{DAY} 有效：")
        assert len(lines) >= 3 and words in done.output and " 起  " in lines[1]
        assert "{" not in done.output and "cn-" not in done.output and "official" not in done.output


def test_the_worksheets_are_listed_and_an_unknown_one_is_named(cli: Any) -> None:
    lines = cli(args=["sheet", "list"]).output.splitlines()
    assert len(lines) == 12 and lines[1].split("\t") == ["budget", "年度总额预算", "Global budget"]
    listed = [json.loads(line)["sheet"] for line in cli(args=["sheet", "list", "--json"]).output.splitlines()]
    for name in listed:
        done = cli(args=["sheet", "schema", name])
        assert done.exit_code == 0 and json.loads(done.output)["type"] == "object"
        assert cli(args=["sheet", name, "--help"]).exit_code == 0
    for asked in (["sheet", "clearing"], ["sheet", "schema", "clearing"]):
        done = cli(args=asked)
        assert done.exit_code == 2 and "没有名为“clearing”的工作表；可用：qualification、budget" in done.output
    said = cli(args=["sheet", "--help"]).output
    assert "结束码" in said and all(name in said for name in listed)


@pytest.mark.parametrize(("more", "words"), [
    (["--on", "2025-13-31"], "“2025-13-31”不是日期，应写成 2025-12-31"),
    (["--facts", "nowhere.json"], "打不开“nowhere.json”：没有这个文件或不可读"),
])  # fmt: skip
def test_a_wrong_command_says_what_is_wrong(cli: Any, tmp_path: Path, more: list[str], words: str) -> None:
    code, output = sheet(cli, tmp_path, GOOD, *more)
    assert code == 2 and words in output


def test_the_same_facts_give_the_same_bytes_on_every_database(cli: Any, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")
    asked = ["sheet", "monthly-settlement", "--place", PLACE, "--on", DAY, "--facts", str(file)]
    with app_on(database_url) as app:
        done = app.test_cli_runner().invoke(args=asked)
    assert done.exit_code == 0 and done.output == cli(args=asked).output


def test_many_come_by_a_pipe(cli: Any) -> None:
    asked = ["sheet", "monthly-settlement", "--place", PLACE, "--on", DAY, "--facts", "-"]
    done = cli(args=[*asked, "--lines"], input=f"{GOOD}\n{GOOD}\n")
    first, second = done.output.splitlines()
    assert done.exit_code == 0 and first == second and json.loads(first)["sheet"] == "monthly-settlement"
    done = cli(args=[*asked, "--json"], input=GOOD)
    assert done.output.strip() == first, done.exception
