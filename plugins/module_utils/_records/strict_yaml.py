# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML that means one thing only: no key twice, no anchors, no tags, and every scalar is the text that stands there.

YAML 1.1 makes ``no`` False, ``1:30`` ninety, and the last of two equal keys silently wins.
"""

from __future__ import annotations

import typing as t

from .._model.errors import AiopsError

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

_LARGEST: t.Final = 256 * 1024


def strict_yaml(content: bytes, where: str) -> object:
    """Dictionaries, lists and text; an AiopsError where the document could be read in two ways."""
    if not HAS_YAML:
        raise AiopsError(
            f"{where} can't be read: PyYAML is missing. Install it for the interpreter that runs the modules."
        )
    if len(content) > _LARGEST:
        raise AiopsError(f"{where} is larger than {_LARGEST // 1024} kB.")
    try:
        node = _compose(content.decode(), where)
        return _plain(node, where)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        raise AiopsError(f"{where} is no YAML: {' '.join(str(exc).split())}.") from exc


def _compose(text: str, where: str) -> t.Any:
    event: t.Any  # the stubs know a mark that may be None
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise AiopsError(f"{where}: line {event.start_mark.line + 1}: anchors and aliases are not allowed.")
        if getattr(event, "tag", None):
            raise AiopsError(f"{where}: line {event.start_mark.line + 1}: tags are not allowed.")
    return yaml.compose(text, Loader=yaml.BaseLoader)


def _plain(node: t.Any, where: str) -> object:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, where) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return getattr(node, "value", None)
    found: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value in found or key.value == "<<":
            raise AiopsError(f"{where}: line {line}: this key stands twice or is none.")
        found[key.value] = _plain(value, where)
    return found
