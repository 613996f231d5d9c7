"""A rule's value as people write it: a number as it stands, a table as YAML or JSON; every scalar stays a text."""

from __future__ import annotations

from typing import Any

import yaml

from governance.refusal import Refused
from workflow.attempt import refuse
from workflow.i18n import lazy as _

_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
LONGEST = 20_000


def value_of(text: str) -> Any:
    """The value written in ``text`` as rule data; raises ``Refused`` naming what cannot be read.

    Numbers keep their digits: nothing is ever a float. ``null`` says that the place no longer answers.
    """
    if len(text) > LONGEST:
        raise _unreadable(_("内容太长"))
    try:
        if any(isinstance(one, yaml.AliasToken | yaml.AnchorToken) for one in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise _unreadable(_("不能引用别处的内容"))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise _unreadable(_("没有内容"))
        return _plain(node)
    except (yaml.YAMLError, RecursionError) as error:
        raise _unreadable(_("既不是一个数或词，也不是“项目: 内容”的表")) from error


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, inner in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE:
                raise _unreadable(_("项目名应为文字"))
            if key_node.value in found:
                raise _unreadable(_("“%(key)s”写了两次", key=key_node.value))
            found[str(key_node.value)] = _plain(inner)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(inner) for inner in node.value]
    return None if node.tag == _NULL else str(node.value)


def text_of(value: Any) -> str:
    """The text from which the same value is read again."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return value if value not in ("", "null", "~") else f'"{value}"'
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=None, width=1000).strip()


def _unreadable(why: Any) -> Refused:
    return refuse(_("规则的值看不懂：%(why)s", why=why), who=_("规则管理"), field="value")
