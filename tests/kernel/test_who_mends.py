"""Who can mend what is refused is somebody, so that a page may say “由…处理”; what to do stands in the reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

CODE = Path(__file__).parents[2]
INSTRUCTIONS = ("由", "请", "在", "等", "下一个工作日")


def who_mends() -> Iterator[tuple[str, str]]:
    """Each Chinese text given as ``who`` of a refusal, with its place."""
    for folder in ("governance", "workflow"):
        for path in sorted((CODE / folder).rglob("*.py")):
            for call in (one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)):
                for keyword in (one for one in call.keywords if one.arg == "who"):
                    for text in ast.walk(keyword.value):
                        if isinstance(text, ast.Constant) and isinstance(text.value, str) and not text.value.isascii():
                            yield f"{path.relative_to(CODE)}:{call.lineno}", text.value


def test_who_mends_is_named_not_told() -> None:
    found = list(who_mends())
    assert len(found) > 100
    wrong = [one for one in found if one[1].startswith(INSTRUCTIONS) or one[1].endswith(("办理", "处理", "解除"))]
    assert wrong == []


def test_no_refusal_names_a_command() -> None:
    assert [one for one in who_mends() if "flask" in one[1]] == []
