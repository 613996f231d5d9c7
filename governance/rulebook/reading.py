"""Strict YAML: duplicate keys, unquoted numbers, aliases and anything but plain data are findings, never guesses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from .findings import BadRules, Findings, Where

_TAG = "tag:yaml.org,2002:"


class _NoAliases(yaml.SafeLoader):
    """An alias would let one number stand in two places, so that changing one changes both unseen."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types here
            raise yaml.composer.ComposerError(None, None, "alias", event.start_mark)
        return super().compose_node(parent, index)


def read_text(text: str, name: str, findings: Findings) -> dict[str, Any]:
    """The mapping in ``text``; scalars are str, bool, date or None. What is wrong goes to ``findings``."""
    where = Where(name)
    try:
        node = yaml.compose(text, Loader=_NoAliases)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        findings.add(where.at(line=line), f"不是可用的 YAML：{error.problem}", f"not usable YAML: {error.problem}")
        return {}
    except yaml.YAMLError as error:
        findings.add(where, f"不是可用的 YAML：{error}", f"not usable YAML: {error}")
        return {}
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        findings.add(where, "最外层应为“规则: 内容”", "the outermost level must be a mapping")
        return {}
    read: dict[str, Any] = _plain(node, where, 0, findings)
    return read


def read_file(path: Path, name: str, findings: Findings) -> dict[str, Any]:
    """As ``read_text``, from a UTF-8 file; raises BadRules when it cannot be read at all."""
    try:
        return read_text(path.read_text(encoding="utf-8"), name, findings)
    except (OSError, UnicodeDecodeError) as error:
        findings.add(Where(name), f"读不出来：{error}", f"cannot be read: {error}")
        raise BadRules(*findings.refusals) from error


def _plain(node: yaml.Node, where: Where, depth: int, findings: Findings) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, where, depth, findings)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where, depth + 1, findings) for item in node.value]
    return _scalar(node, where, findings)


def _mapping(node: yaml.MappingNode, where: Where, depth: int, findings: Findings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        inside = _inside(where, depth, key, key_node)
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _TAG + "merge":
            findings.add(inside.at(line=line), "键应为文字", "a key must be text")
            continue
        if key_node.tag in (_TAG + "int", _TAG + "float"):
            findings.add(inside.at(line=line), f"数字须加引号：{key}", f"numbers must be quoted: {key}")
        if key in found:
            findings.add(inside.at(line=line), f"键重复：{key}", f"duplicate key: {key}")
        found[key] = _plain(value_node, inside, depth + 1, findings)
    return found


def _inside(where: Where, depth: int, key: str, node: yaml.Node) -> Where:
    """The first level names the rule; a date below it names the value."""
    if depth == 0:
        return where.at(rule=key)
    return where.at(day=key) if node.tag == _TAG + "timestamp" else where


def _scalar(node: yaml.Node, where: Where, findings: Findings) -> Any:
    text = str(node.value)
    if node.tag == _TAG + "str":
        return text
    if node.tag == _TAG + "null":
        return None
    if node.tag == _TAG + "bool" and text in ("true", "false"):
        return text == "true"
    if node.tag == _TAG + "timestamp":
        try:
            return date.fromisoformat(text)
        except ValueError:
            findings.add(where, f"日期不对：{text}", f"not a day: {text}")
            return None
    line = node.start_mark.line + 1
    if node.tag in (_TAG + "int", _TAG + "float"):
        findings.add(where.at(line=line), f"数字须加引号：{text}", f"numbers must be quoted: {text}")
    elif node.tag == _TAG + "bool":
        return text
    else:
        findings.add(where.at(line=line), f"不认识的写法：{text}", f"not plain data: {text}")
    return None
