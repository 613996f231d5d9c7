"""The house rules that a reader would otherwise have to check by eye."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
LONGEST_FUNCTION_LINES = 40
LONGEST_FILE_LINES = 300
LONGEST_LINE_CHARACTERS = 120
TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "README.zh-CN.md",
    "docs",
    "governance",
    "migrations",
    "pyproject.toml",
    "requirements.txt",
    "templates",
    "tests",
    "workflow",
    "wsgi.py",
}
NO_NAMES_YET = {"utils", "util", "helpers", "helper", "manager", "managers", "service", "services"}
# Written in two parts, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
ELSEWHERE = ("DEVELOPERS" + ".md", ".." + "/shared", "/work" + "/main", "/work" + "/shared")
TEXTS = {".py", ".html", ".css", ".js", ".md", ".yaml", ".toml", ".txt", ".sql", ".mako", ".ini", ".po", ""}
# Browsers of 2020 still stand in county offices; each of these leaves them a broken page.
TOO_NEW_CSS = re.compile(
    r"color-mix\(|oklch\(|light-dark\(|:has\(|@layer\b|@container\b|(?<![-\w])inset\s*:|aspect-ratio", re.IGNORECASE
)
FURNITURE = ("model", "commands", "forms", "machine", "views", "jobs")


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file of the project, by its path from the top: what git knows, and what it would take in."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({Path(name) for name in names if name and (HOUSE / name).is_file()}))


def vendored(path: Path) -> bool:
    """Whether ``path`` is somebody else's file that we carry."""
    return "vendor" in path.parts


def our_files(*suffixes: str, under: str = "") -> list[Path]:
    """Our own files with one of ``suffixes``, in the top-level folder ``under`` or anywhere."""
    return [
        path
        for path in kept_files()
        if path.suffix in suffixes and not vendored(path) and (not under or path.parts[0] == under)
    ]


def lived_in(*suffixes: str) -> list[Path]:
    """Our own files that people go on changing: a migration is written once."""
    return [path for path in our_files(*suffixes) if path.parts[0] != "migrations"]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one of our modules."""
    return ast.parse((HOUSE / path).read_text(encoding="utf-8"), filename=str(path))


def found(check: Callable[[ast.AST], bool], paths: list[Path]) -> list[str]:
    """Where in ``paths`` a node makes ``check`` true, as ``path:line``."""
    nodes = ((path, node) for path in paths for node in ast.walk(tree(path)))
    return [f"{path}:{getattr(node, 'lineno', 0)}" for path, node in nodes if check(node)]


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that ``path`` imports, relative imports resolved."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(path.parts[: -node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def test_functions_are_short() -> None:
    def too_long(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno is not None
            and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION_LINES
        )

    assert found(too_long, lived_in(".py")) == []


def test_files_are_short() -> None:
    lengths = {
        str(path): len((HOUSE / path).read_text(encoding="utf-8").splitlines()) for path in lived_in(".py", ".html")
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_lines_are_short() -> None:
    lines = {path: (HOUSE / path).read_text(encoding="utf-8").splitlines() for path in lived_in(".py")}
    long = {
        path: [number for number, line in enumerate(rows, 1) if len(line) > LONGEST_LINE_CHARACTERS]
        for path, rows in lines.items()
    }
    assert {str(path): numbers for path, numbers in long.items() if numbers} == {}


def test_governance_knows_no_float() -> None:
    def is_float(node: ast.AST) -> bool:
        calls = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
        return calls or (isinstance(node, ast.Constant) and isinstance(node.value, float))

    assert found(is_float, our_files(".py", under="governance")) == []


def test_governance_needs_only_the_standard_library_and_yaml() -> None:
    allowed = (sys.stdlib_module_names - {"time", "sqlite3", "socket", "random"}) | {"governance", "yaml"}
    paths = our_files(".py", under="governance")
    assert [f"{path}: {name}" for path in paths for name in imported(path) if name.split(".")[0] not in allowed] == []


def reads_clock(node: ast.AST) -> bool:
    """``anything.now()``, ``.today()``, ``.utcnow()`` and ``time.time()``, but not our own ``clock.now()``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    if owner == "time":
        return node.func.attr in {"time", "time_ns", "localtime", "gmtime"}
    return node.func.attr in {"now", "today", "utcnow"} and owner != "clock"


def test_only_the_clock_reads_the_clock() -> None:
    paths = [*our_files(".py", under="workflow"), *our_files(".py", under="governance")]
    assert found(reads_clock, [path for path in paths if path != Path("workflow/clock.py")]) == []


def assigns_state(node: ast.AST) -> bool:
    """``x.state = …``, also among others, ``setattr(x, "state", …)`` and ``update(…)….values(state=…)``."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = (part for target in targets for part in ast.walk(target) if isinstance(part, ast.Attribute))
        return any(part.attr == "state" and isinstance(part.ctx, ast.Store) for part in parts)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name) and node.func.id == "setattr":
        return any(isinstance(part, ast.Constant) and part.value == "state" for part in node.args)
    is_values = isinstance(node.func, ast.Attribute) and node.func.attr == "values"
    return is_values and any(word.arg == "state" for word in node.keywords) and starts_with_update(node)


def inside_constructors(module: ast.Module) -> Iterator[ast.AST]:
    """What stands in a ``__init__``: there an object is given its first state, not a new one."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            yield from ast.walk(node)


def starts_with_update(node: ast.AST) -> bool:
    """Whether a chain of calls holds ``update(…)`` or ``.update()``."""
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr == "update":
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id == "update"


def test_only_the_lifecycle_changes_a_state() -> None:
    paths = [path for path in our_files(".py", under="workflow") if path != Path("workflow/lifecycle.py")]
    born = {node for path in paths for node in inside_constructors(tree(path))}
    assert found(lambda node: assigns_state(node) and node not in born, paths) == []


@pytest.mark.parametrize(
    "line",
    ["case.state = 'filed'", "setattr(case, 'state', 1)", "update(case).where(a).values(state=1)",
     "case.update().values(state=1)", "case.definition, case.state = 2, 'filed'"],
)  # fmt: skip
def test_a_state_assignment_is_recognised(line: str) -> None:
    assert any(assigns_state(node) for node in ast.walk(ast.parse(line)))


@pytest.mark.parametrize("line", ["insert(case).values(state=1)", "case.state == 1", "state = case.state"])
def test_reading_or_opening_is_no_state_assignment(line: str) -> None:
    assert not any(assigns_state(node) for node in ast.walk(ast.parse(line)))


def test_a_stage_reads_only_inward() -> None:
    """Inside a stage: jobs, views → machine → forms, commands → model; the table names the commands it runs."""
    wrong = []
    for path in our_files(".py", under="workflow"):
        if len(path.parts) != 3 or path.stem not in FURNITURE:
            continue
        outer = FURNITURE[FURNITURE.index(path.stem) + 1 :]
        names = {f"workflow.{path.parts[1]}.{name}" for name in outer}
        wrong += [f"{path} imports {name}" for name in sorted(names & set(imported(path)))]
    assert wrong == []


def test_nothing_is_left_unfinished() -> None:
    assert speaks_of(lambda text: UNFINISHED.search(text) is not None) == []


def test_nothing_speaks_of_things_outside_the_project() -> None:
    assert speaks_of(lambda text: any(word in text for word in ELSEWHERE)) == []


def speaks_of(check: Callable[[str], bool]) -> list[str]:
    """Which of our text files have a line for which ``check`` is true."""
    return [str(path) for path in our_files(*TEXTS) if check((HOUSE / path).read_text(encoding="utf-8"))]


def test_every_module_has_a_name_of_its_own() -> None:
    assert [str(path) for path in our_files(".py") if {path.stem, path.parent.name} & NO_NAMES_YET] == []


def test_the_top_level_holds_what_it_should() -> None:
    assert {path.parts[0] for path in kept_files()} - TOP_LEVEL == set()


def test_style_sheets_work_in_old_browsers() -> None:
    sheets = {path: (HOUSE / path).read_text(encoding="utf-8") for path in kept_files() if path.suffix == ".css"}
    bare = {path: re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for path, text in sheets.items()}
    wrong = {str(path): TOO_NEW_CSS.findall(text) for path, text in bare.items() if path.parts[0] == "workflow"}
    assert {path: words for path, words in wrong.items() if words} == {}


@pytest.mark.parametrize("rule", ["a{inset: 0}", "a{color:oklch(1 0 0)}", "a:has(b){}", "@layer x{}"])
def test_css_that_is_too_new_is_recognised(rule: str) -> None:
    assert TOO_NEW_CSS.search(rule)


def test_vendored_files_are_what_they_say() -> None:
    """Each ``VENDOR.toml`` states the SHA-256 of every file beside and below it, and of nothing else."""
    stated = {
        sha256
        for path in kept_files()
        if path.name == "VENDOR.toml"
        for sha256 in re.findall(r"\b[0-9a-f]{64}\b", (HOUSE / path).read_text(encoding="utf-8"))
    }
    carried = [path for path in kept_files() if vendored(path) and path.name != "VENDOR.toml"]
    actual = {
        hashlib.sha256((HOUSE / path).read_bytes()).hexdigest(): str(path)
        for path in carried
        if not path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE"))
    }
    assert {path for sha256, path in actual.items() if sha256 not in stated} == set()
    assert stated - actual.keys() == set()


def test_the_carried_pip_is_the_one_that_was_checked() -> None:
    (stated,) = (HOUSE / ".ci").glob("pip-*.whl.sha256")
    sha256, name = stated.read_text(encoding="utf-8").split()
    assert hashlib.sha256((stated.parent / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("lock", ["requirements.txt", "tests/requirements.txt"])
def test_every_requirement_is_pinned_with_a_hash(lock: str) -> None:
    text = re.sub(r"\\\n", " ", (HOUSE / lock).read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+.*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_what_runs_and_what_is_tested_are_the_same_versions() -> None:
    def pins(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (HOUSE / lock).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.txt").items() <= pins("tests/requirements.txt").items()
