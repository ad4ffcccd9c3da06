"""Compose files as the engine would read them together: variables filled in, overrides merged, profiles left out.

What ``docker compose config`` does, as far as our files use it, for tests that need no engine.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_VARIABLE: re.Pattern[str] = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}")
#: Lists that a later file replaces; other lists grow.
_REPLACED = frozenset({"command", "entrypoint", "test"})


class Unset(Exception):
    """A variable that must be set is not; the text is the file's own."""


def read(files: Sequence[Path], environ: Mapping[str, str]) -> dict[str, Any]:
    """The project of ``-f first -f second …``. Raises Unset."""
    project: dict[str, Any] = {}
    for file in files:
        project = merged(project, copy.deepcopy(_plain(yaml.safe_load(file.read_text()), environ)))
    for service in project["services"].values():
        passed = {
            name: environ.get(name) if value is None else value for name, value in service.get("environment", {}).items()
        }
        if passed:
            service["environment"] = {name: value for name, value in passed.items() if value is not None}
    project["services"] = {name: service for name, service in project["services"].items() if "profiles" not in service}
    return project


def merged(base: Any, over: Any, key: str = "") -> Any:
    """The base with an override upon it."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{name: merged(base[name], over[name], name) if name in base else over[name] for name in over}}
    if isinstance(base, list) and isinstance(over, list) and key not in _REPLACED:
        return base + [each for each in over if each not in base]
    return over


def filled(text: str, environ: Mapping[str, str]) -> str:
    """``${A:-${B}}`` and the like, from the inside out. Raises Unset."""
    while found := _VARIABLE.search(text):
        name, kind, rest = found.groups()
        value = environ.get(name, "")
        if not value and kind == ":?":
            raise Unset(f"{name}: {rest}")
        text = text[: found.start()] + (value or (rest if kind == ":-" else "")) + text[found.end() :]
    return text


def _plain(node: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _plain(value, environ) for name, value in node.items()}
    if isinstance(node, list):
        return [_plain(each, environ) for each in node]
    return filled(node, environ) if isinstance(node, str) else node
