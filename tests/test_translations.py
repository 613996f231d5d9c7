"""The English catalogue is complete, keeps every placeholder, and is compiled from what is committed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

HOUSE = Path(__file__).parent.parent
CATALOGUE = HOUSE / "workflow" / "translations" / "en" / "LC_MESSAGES"
UPDATE = "run `flask --app wsgi translations update`, translate what is empty, then `translations compile`"
WORD_CALLS = {"_", "lazy", "gettext", "lazy_gettext", "ngettext"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")

Key = str | tuple[str, ...]


def key(message: Message) -> Key:
    """What identifies a message: its words, or its singular and plural."""
    return message.id if isinstance(message.id, str) else tuple(message.id)


def texts(words: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """The one text, or the singular and plural, of a message."""
    return (words or "",) if isinstance(words, str | None) else tuple(words)


def words_of(catalogue: Catalog) -> dict[Key, tuple[str, ...]]:
    """Every message with its translations, the header left out."""
    return {key(message): texts(message.string) for message in catalogue if message.id}


@pytest.fixture(scope="module")
def english() -> Catalog:
    """The catalogue people edit."""
    with (CATALOGUE / "messages.po").open("rb") as source:
        return read_po(source, locale="en")


@pytest.fixture(scope="module")
def in_the_sources(tmp_path_factory: pytest.TempPathFactory) -> set[Key]:
    """Every message that extraction finds in the sources now."""
    template = tmp_path_factory.mktemp("translations") / "messages.pot"
    options = ["-q", "extract", "-F", "pyproject.toml", "-k", "lazy", "-o", str(template), "."]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(HOUSE)
        CommandLineInterface().run(["pybabel", *options])
    with template.open("rb") as source:
        return {key(message) for message in read_po(source) if message.id}


def test_no_message_is_missing(english: Catalog, in_the_sources: set[Key]) -> None:
    assert len(in_the_sources) > 1000, "extraction did not see the sources"
    assert sorted(map(str, in_the_sources - words_of(english).keys())) == [], UPDATE


def test_every_message_is_translated(english: Catalog) -> None:
    assert [words for words, said in words_of(english).items() if not all(text.strip() for text in said)] == [], UPDATE
    assert [message.id for message in english if message.id and message.fuzzy] == [], UPDATE


def test_both_numbers_are_given_where_a_message_counts(english: Catalog) -> None:
    assert [words for words, said in words_of(english).items() if len(said) != len(texts(words))] == []


def test_placeholders_are_kept(english: Catalog) -> None:
    def used(text: str) -> Counter[str]:
        return Counter(PLACEHOLDER.findall(text))

    changed = [
        f"{texts(words)[0]} → {text}"
        for words, said in words_of(english).items()
        for text in said
        if used(text) != used(texts(words)[0])
    ]
    assert changed == []


def test_compiled_catalogue_says_what_the_source_says(english: Catalog) -> None:
    with (CATALOGUE / "messages.mo").open("rb") as source:
        compiled = words_of(read_mo(source))
    assert compiled == words_of(english), "run `flask --app wsgi translations compile` and commit messages.mo"


def test_header_names_no_person() -> None:
    header = (CATALOGUE / "messages.po").read_text(encoding="utf-8").split("\n\n", 1)[0]
    assert "Language: en" in header
    assert [word for word in ("@", "FULL NAME", "FIRST AUTHOR", "YEAR", "PROJECT") if word in header] == []


def is_word_call(node: ast.AST) -> bool:
    """Whether ``node`` asks for a message in the reader's language."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORD_CALLS


def is_literal(node: ast.AST) -> bool:
    """Whether ``node`` is words that extraction can read."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_messages_are_plain_words_outside_f_strings() -> None:
    """Extraction reads neither inside an f-string nor a computed text: such words would stay Chinese."""
    unseen = []
    for path in sorted((HOUSE / "workflow").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            if not isinstance(node, ast.expr):
                continue
            hidden = isinstance(node, ast.JoinedStr) and any(map(is_word_call, ast.walk(node)))
            computed = isinstance(node, ast.Call) and is_word_call(node) and not any(map(is_literal, node.args[:1]))
            if hidden or computed:
                unseen.append(f"{path.relative_to(HOUSE)}:{node.lineno}")
    assert unseen == []
