"""A settings model → the YAML file that documents it: every setting with its meaning, what is allowed, and its default."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePath

import yaml
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from shared.config.fields import Setting, of_field


def document(model: type[BaseModel], title: str, width: int = 120, values: Mapping[str, object] | None = None) -> str:
    """The whole file, ready to be loaded: it sets every default, so that a reader changes a value and needs nothing else.

    Secrets, and settings whose default differs from process to process, stand there commented out. ``values``: what this
    file says instead of the default, by dotted path (``ingest.live.depth``).
    """
    lines = [f"# {line}" for line in textwrap.wrap(title, width - 2)]
    for name, field in model.model_fields.items():
        lines += ["", *_setting(name, field, "", width, name, values or {})]
    return "\n".join(lines) + "\n"


def _setting(name: str, field: FieldInfo, indent: str, width: int, path: str, values: Mapping[str, object]) -> Iterator[str]:
    setting = of_field(field)
    section = setting.model if not setting.nullable else None
    allowed = "" if section is not None else f". Allowed: {setting.allowed()}"
    for line in textwrap.wrap(f"{(setting.description or name).rstrip('.')}{allowed}.", width - len(indent) - 2):
        yield f"{indent}# {line}"
    if section is not None:
        yield f"{indent}{name}:"
        for inner, inner_field in section.model_fields.items():
            yield from _setting(inner, inner_field, indent + "  ", width, f"{path}.{inner}", values)
        return
    if _changes(field):
        yield f"{indent}# {name}: (made by each process)"
        return
    off = "# " if setting.secret else ""
    value = values[path] if path in values else field.get_default(call_default_factory=True)
    yield from _value(name, value, setting, indent + off)


def _changes(field: FieldInfo) -> bool:
    """True for a default that is made anew in each process: writing one down would freeze it."""
    return field.default_factory is not None and field.annotation is str


def _value(name: str, value: object, setting: Setting, indent: str) -> Iterator[str]:
    plain = _plain(value)
    if isinstance(plain, dict) and plain:
        yield f"{indent}{name}:"
        for key, inner in plain.items():
            yield f"{indent}  {key}: {_flow(inner)}"
        return
    yield f"{indent}{name}: {_flow(plain)}"


def _flow(plain: object) -> str:
    text = yaml.dump(plain, Dumper=_Dumper, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...").replace("\n...", "")


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, SecretStr | SecretBytes | PurePath):
        return str(value)
    return value


class _Dumper(yaml.SafeDumper):
    """Writes Decimals as the plain numbers that people type."""


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    whole = value == value.to_integral_value() and value.as_tuple().exponent == 0
    return dumper.represent_scalar("tag:yaml.org,2002:int" if whole else "tag:yaml.org,2002:float", f"{value:f}")


_Dumper.add_representer(Decimal, _decimal)
