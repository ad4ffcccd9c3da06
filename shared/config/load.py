"""Loads a configuration. Precedence: options > environment > secret files > YAML files, later over earlier > defaults.

All errors are reported together, each with its place, the value and what is allowed. An unknown setting is an error.
YAML mappings merge key by key across files; lists and single values of a later source replace.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared.config.environment import read_environment, read_secrets
from shared.config.errors import ConfigInvalid, Fault
from shared.config.explain import explain, shown
from shared.config.fields import known_paths, setting_at, suggestion
from shared.config.tree import Path, Tree, dotted
from shared.config.yaml import read_yaml
from shared.domain.incoherent import Incoherent

__all__ = ["COMMAND_LINE", "ConfigInvalid", "Fault", "Incoherent", "Loaded", "load"]

Model = TypeVar("Model", bound=BaseModel)

#: The place of a value that an option gave.
COMMAND_LINE: Final = "command line"


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Model]):
    """Validated settings, and the place where each was written."""

    settings: Model
    _tree: Tree = field(repr=False)

    def origin(self, path: str) -> str:
        """``origin("account.leverage")`` → ``config/sim.yaml:12``, ``environment ICT_ACCOUNT__LEVERAGE``, …, ``default``.

        Raises KeyError for a setting that does not exist.
        """
        parts: Path = tuple(int(part) if part.isdigit() else part for part in path.split("."))
        if parts not in self._tree.places and setting_at(type(self.settings), parts) is None:
            raise KeyError(f"no setting {path}{self.suggestion(path)}")
        return self.origin_of(parts)

    def origin_of(self, path: Path) -> str:
        """Return the place where the value at this path was written; ``default`` if nowhere."""
        return self._tree.places.get(path, "default")

    def suggestion(self, path: str) -> str:
        """Return ``; did you mean risk.max_positions?`` for an unknown dotted path; empty if no setting resembles it."""
        return suggestion(path, [dotted(known) for known in known_paths(type(self.settings))])


def load(
    model: type[Model],
    files: Sequence[FilePath],
    environ: Mapping[str, str],
    secrets_dir: FilePath | None,
    overrides: Mapping[str, object] = MappingProxyType({}),
) -> Loaded[Model]:
    """Read all sources, merge them, validate. Raises ConfigInvalid with every error."""
    tree, faults = Tree(), list[Fault]()
    sources = [read_yaml(file) for file in files]
    if secrets_dir is not None:
        sources.append(read_secrets(model, secrets_dir))
    sources.append(read_environment(model, environ))
    sources.append((Tree.of(overrides, COMMAND_LINE), []))
    for source, found in sources:
        tree.put(source)
        faults += found
    _drop_empty_sections(model, tree)
    unfit = {fault.path: fault for fault in _unfit(tree.values, (), model, tree)}
    faults += unfit.values()
    try:
        settings = model.model_validate(tree.values)
    except ValidationError as error:
        raise ConfigInvalid([*faults, *(each for each in explain(error, model, tree) if each.path not in unfit)]) from None
    if faults:
        raise ConfigInvalid(faults)
    return Loaded(settings, tree)


def _drop_empty_sections(model: type[BaseModel], tree: Tree) -> None:
    """Remove sections that are null: ``risk:`` with every line under it commented out sets nothing."""
    for path in known_paths(model):
        setting = setting_at(model, path)
        if setting is not None and setting.model is not None and not setting.nullable and path in tree.places:
            value: object = tree.values
            for part in path:
                value = value.get(part, ...) if isinstance(value, dict) else ...
            if value is None:
                tree.drop(path)


def _unfit(value: object, path: Path, model: type[BaseModel], tree: Tree) -> Iterator[Fault]:
    """Find values that pydantic accepts but no user means: true for the number 1, NaN, infinity."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unfit(inner, (*path, key), model, tree)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _unfit(inner, (*path, index), model, tree)
    elif (setting := setting_at(model, path)) is not None and setting.numeric:
        if isinstance(value, bool):
            if bool not in setting.kinds:
                yield Fault(tree.place(path), dotted(path), f"must be {setting.allowed()}", str(value).lower())
        elif isinstance(value, float | str | Decimal) and not _finite(value):
            yield Fault(tree.place(path), dotted(path), f"must be {setting.allowed()}, and finite", shown(value))


def _finite(value: float | str | Decimal) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return True  # not a number at all: pydantic says so
