"""docs/settings.md: every setting with its default, what is allowed, and its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cli.docs.markdown import code, page, table
from cli.settings import Settings
from shared.config.fields import Setting, of_field

_HEADER = ("setting", "default", "allowed", "meaning")


def render() -> str:
    """The whole page: what stands at the root, then a section for each section."""
    roots, sections = [], []
    for name, field in Settings.model_fields.items():
        setting = of_field(field)
        if _section(setting):
            sections += [f"## {name}", sentence(setting.description), table(_HEADER, _rows(name, field))]
        else:
            roots.append(_row(name, field))
    return page(
        "Settings",
        "A file sets what differs from the default: `risk: {leverage: 5}`. An environment variable wins over a file: "
        "`ICT_RISK__LEVERAGE=5`. `ict check --config your.yaml` names every error at once; `config/sim.yaml` is the same "
        "list as a file to begin with. What the file does not know is refused, never ignored.",
        "## At the root",
        table(_HEADER, roots),
        *sections,
    )


def sentence(text: str) -> str:
    """A description as a sentence of its own."""
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _section(setting: Setting) -> bool:
    return setting.model is not None and not setting.nullable


def _rows(path: str, field: FieldInfo) -> Iterator[tuple[str, ...]]:
    model = of_field(field).model
    if model is None:
        raise TypeError(f"{path} is no section")
    for name, inner in model.model_fields.items():
        here = f"{path}.{name}"
        if _section(of_field(inner)):
            yield from _rows(here, inner)
        else:
            yield _row(here, inner)


def _row(path: str, field: FieldInfo) -> tuple[str, ...]:
    setting = of_field(field)
    return code(path), _default(field, setting), setting.allowed(), setting.description.rstrip(".")


def _default(field: FieldInfo, setting: Setting) -> str:
    if field.is_required():
        return "(must be given)"
    if setting.secret:
        return "(secret)"
    if field.default_factory is not None and field.annotation is str:
        return "(made by each process)"  # another one in every process: writing one down would make the page drift
    return code(plain(field.get_default(call_default_factory=True)))


def plain(value: object) -> str:
    """A value as a configuration file has it, on one line."""
    if isinstance(value, BaseModel):
        return plain({name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {plain(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(plain(inner) for inner in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) or '""'
