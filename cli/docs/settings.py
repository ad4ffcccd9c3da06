"""Writes docs/settings.md: every setting with its default, what is allowed, and its meaning; basic settings first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cli.docs.markdown import code, page, table
from cli.settings import Settings
from shared.config.fields import Setting, of_field
from shared.config.server_url import ServerUrl

#: The columns of a table of settings.
HEADER = ("setting", "default", "allowed", "meaning")
_INTRODUCTION = (
    "A file sets what differs from the default: `risk: {max_positions: 1}`. An environment variable wins over a file: "
    "`ICT_RISK__MAX_POSITIONS=1`. `ict check --config FILE` reports every error at once, `ict config show --origin` prints every "
    "value in force and where it comes from. `config/` has a short file for each mode to copy. An unknown setting is an error."
)


def render() -> str:
    """Return the whole page: the basic settings of all sections in one table, then the advanced ones section by section."""
    basic: list[tuple[str, ...]] = []
    roots: list[tuple[str, ...]] = []
    sections: list[str] = []
    for name, field in Settings.model_fields.items():
        found = list(rows(name, field))
        basic += [row for setting, row in found if setting.basic]
        advanced = [row for setting, row in found if not setting.basic]
        setting = of_field(field)
        if not _section(setting):
            roots += advanced
        elif advanced:
            sections += [f"### {name}", f"{setting.description}.", table(HEADER, advanced)]
    return page(
        "Settings",
        _INTRODUCTION,
        "## Basic",
        "What most users decide.",
        table(HEADER, basic),
        "## Advanced",
        "Whose defaults are meant to stay. Without a section:",
        table(HEADER, roots),
        *sections,
    )


def _section(setting: Setting) -> bool:
    return setting.model is not None and not setting.nullable


def rows(path: str, field: FieldInfo) -> Iterator[tuple[Setting, tuple[str, ...]]]:
    """Yield a setting, or those of a section, each with its row of the table under ``HEADER``."""
    setting = of_field(field)
    if setting.model is None or not _section(setting):
        yield setting, (code(path), _default(field, setting), setting.allowed(), setting.description)
        return
    for name, inner in setting.model.model_fields.items():
        yield from rows(f"{path}.{name}", inner)


def _default(field: FieldInfo, setting: Setting) -> str:
    if field.is_required():
        return "(must be given)"
    if setting.secret:
        default = field.get_default(call_default_factory=True)
        return code(str(default)) if isinstance(default, ServerUrl) else "(secret)"
    if field.default_factory is not None and field.annotation is str:
        return "(made by each process)"  # it differs between processes: written down, the page would never be up to date
    return code(plain(field.get_default(call_default_factory=True)))


def plain(value: object) -> str:
    """Write a value as a configuration file has it, on one line."""
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
