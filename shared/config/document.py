"""Writes a loaded configuration as YAML: every value in force, secrets masked, and the origin of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import Final

import yaml
from pydantic import BaseModel, SecretBytes, SecretStr

from shared.config.fields import is_secret
from shared.config.masking import without_password
from shared.config.tree import Path, dotted

_HIDDEN: Final = "**********"


def values(settings: BaseModel, path: Path = ()) -> object:
    """Return the values at ``path`` as plain values (mappings, lists, numbers, text), secrets masked.

    Raises KeyError when nothing of that name is in force.
    """
    found: object = settings
    for part in path:
        below = dict(_entries(found))
        if part not in below:
            raise KeyError(dotted(path))
        found = below[part]
    return _plain(found, path, type(settings))


def document(settings: BaseModel, path: Path = (), origin: Callable[[Path], str] | None = None) -> str:
    """Write the values at ``path`` as YAML that starts at the root. Raises KeyError when nothing of that name is in force.

    ``origin``: path → the place that the value comes from, written behind each value as a comment.
    """
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(path[:-1])]
    found: object = values(settings, path)
    if path:
        return "\n".join([*lines, *_lines(path, found, "  " * (len(path) - 1), origin)]) + "\n"
    assert isinstance(found, Mapping), "the root is a mapping"
    for name, value in found.items():
        lines += _lines((name,), value, "", origin)
    return "\n".join(lines) + "\n"


def leaves(found: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every single value and every list of ``values``, with its path."""
    if isinstance(found, Mapping) and found:
        for name, value in found.items():
            yield from leaves(value, (*path, name))
    else:
        yield path, found


def _lines(path: Path, value: object, indent: str, origin: Callable[[Path], str] | None) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{indent}{_flow(path[-1])}:"
        for name, inner in value.items():
            yield from _lines((*path, name), inner, indent + "  ", origin)
        return
    yield f"{indent}{_flow(path[-1])}: {_flow(value)}" + (f"  # {origin(path)}" if origin else "")


def _entries(found: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(found, BaseModel):
        yield from ((name, getattr(found, name)) for name in type(found).model_fields)
    elif isinstance(found, Mapping):
        yield from found.items()


def _plain(value: object, path: Path, root: type[BaseModel]) -> object:
    if isinstance(value, BaseModel | Mapping):
        return {name: _plain(inner, (*path, name), root) for name, inner in _entries(value)}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(inner, (*path, index), root) for index, inner in enumerate(value)]
    if isinstance(value, SecretStr | SecretBytes):
        return str(value)  # an address shows its server; anything else is masked, or empty when it is
    if isinstance(value, str) and value:
        return _HIDDEN if is_secret(root, path) else without_password(value)
    return str(value) if isinstance(value, PurePath) else value


def _flow(plain: object) -> str:
    text = yaml.dump(plain, Dumper=_Dumper, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...").replace("\n...", "")


class _Dumper(yaml.SafeDumper):
    """Writes Decimals as the plain numbers that people type."""


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    whole = value == value.to_integral_value() and value.as_tuple().exponent == 0
    return dumper.represent_scalar("tag:yaml.org,2002:int" if whole else "tag:yaml.org,2002:float", f"{value:f}")


_Dumper.add_representer(Decimal, _decimal)
