"""Inspects settings models: which settings exist, which are secret or basic, and in words what each allows."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from shared.config.tree import Path
from shared.domain.level import BASIC
from shared.domain.like import Like

_SCALARS: Final[dict[type, str]] = {bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number"}
_SECRET_NAME: Final = re.compile(r"password|passwd|secret|token|api_?key|private_?key|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a model: type, bounds, description, and whether most users decide it (``basic``)."""

    annotation: Any
    metadata: tuple[Any, ...] = ()
    description: str = ""
    basic: bool = False

    @property
    def choices(self) -> tuple[Any, ...]:
        """The types that it may have: ``float | None`` → ``(float, NoneType)``."""
        return tuple(_choices(self.annotation))

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types without the bounds that a choice may carry."""
        return tuple(get_args(each)[0] if get_origin(each) is Annotated else each for each in self.choices)

    @property
    def numeric(self) -> bool:
        return any(kind in self.kinds for kind in (int, float, Decimal))

    @property
    def model(self) -> type[BaseModel] | None:
        """The model, when this is a section."""
        return next((each for each in self.choices if _is(each, BaseModel)), None)

    @property
    def secret(self) -> bool:
        return any(_is(each, (SecretStr, SecretBytes)) for each in self.choices)

    @property
    def structured(self) -> bool:
        """True when it is a section, a mapping or a list: an environment variable then holds JSON."""
        return all(each is types.NoneType or _is(each, BaseModel) or _is_collection(each) for each in self.choices)

    @property
    def nullable(self) -> bool:
        return types.NoneType in self.choices

    def step(self, part: str | int) -> Setting | None:
        """The setting one step further down, or None when there is none of that name."""
        for each in self.choices:
            origin, arguments = get_origin(each), get_args(each)
            if _is(each, BaseModel) and part in each.model_fields:
                return of_field(each.model_fields[part])
            if _is(origin, Mapping) and len(arguments) == 2:
                return Setting(arguments[1])
            if _is_collection(each) and isinstance(part, int) and arguments:
                return Setting(arguments[0])
        return None

    def allowed(self) -> str:
        """What it accepts, in words: ``a whole number from 1 to 125``."""
        return " or ".join(dict.fromkeys(_describe(each, self.metadata) for each in self.choices))


def of_field(field: FieldInfo) -> Setting:
    """Describe a field of a settings model."""
    return Setting(field.annotation, tuple(field.metadata), field.description or "", field.json_schema_extra == BASIC)


def setting_at(model: type[BaseModel], path: Path) -> Setting | None:
    """Return the setting at this path, or None."""
    setting: Setting | None = Setting(model)
    for part in path:
        if setting is None:
            return None
        setting = setting.step(part)
    return setting


def is_secret(model: type[BaseModel], path: Path) -> bool:
    """Return True if the value at this path must never be shown: its type says so, or its name does."""
    for length in range(1, len(path) + 1):
        setting = setting_at(model, path[:length])
        if setting is None or setting.secret or _SECRET_NAME.search(str(path[length - 1])):
            return True  # a setting that does not exist may be a secret with a misspelt name
    return False


def resolve(model: type[BaseModel], words: Sequence[str]) -> Path | None:
    """Return the path that the words of a variable's name mean: settings in any case, keys of mappings as written."""
    path: Path = ()
    setting = Setting(model)
    for word in words:
        part = word if setting.model is None else word.lower()
        below = setting.step(part)
        if below is None:
            return None
        path, setting = (*path, part), below
    return path


def known_paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every section and setting of the model."""
    for name, field in model.model_fields.items():
        here = (*above, name)
        yield here
        section = of_field(field).model
        if section is not None:
            yield from known_paths(section, here)


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean mode?``, else the list of known words when it is short, else nothing."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _is(candidate: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, kind)


def _is_collection(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return _is(kind, (Mapping, list, tuple, set, frozenset)) or (_is(kind, Sequence) and not _is(kind, (str, bytes)))


def _choices(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        for each in _choices(get_args(annotation)[0]):
            yield Annotated[each, *annotation.__metadata__] if _bounded(each) else each
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _choices(each)
    else:
        yield annotation


def _bounded(annotation: Any) -> bool:
    return annotation is str or annotation in _SCALARS


def _describe(annotation: Any, metadata: Sequence[Any]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe(arguments[0], annotation.__metadata__)
    if annotation is types.NoneType:
        return "null"
    if origin is Literal:
        return ("one of " if len(arguments) > 1 else "") + ", ".join(str(each) for each in arguments)
    if annotation in _SCALARS:
        return _SCALARS[annotation] + _numeric_bounds(metadata)
    if _is(annotation, BaseModel):
        return f"a section with the keys {', '.join(annotation.model_fields)}"
    if _is(origin or annotation, Mapping):
        inner = f" of {Setting(arguments[0]).allowed()} to {Setting(arguments[1]).allowed()}" if len(arguments) == 2 else ""
        return f"a mapping{inner}"
    if _is_collection(annotation):
        items = [each for each in arguments if each is not Ellipsis]
        inner = f" of {Setting(items[0]).allowed()}" if items else ""
        return f"a list{inner}{_length_bounds(metadata, 'item')}"
    if _is(annotation, PurePath):
        return "a path"
    return f"text{_pattern(metadata)}{_length_bounds(metadata, 'character')}"


def _flat(metadata: Sequence[Any]) -> Iterator[Any]:
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from each.metadata
        elif isinstance(each, annotated_types.GroupedMetadata):
            yield from each
        else:
            yield each


def _numeric_bounds(metadata: Sequence[Any]) -> str:
    lowest = highest = ""
    for each in _flat(metadata):
        if isinstance(each, annotated_types.Ge):
            lowest = f"from {each.ge}"
        elif isinstance(each, annotated_types.Gt):
            lowest = f"above {each.gt}"
        elif isinstance(each, annotated_types.Le):
            highest = f"to {each.le}" if lowest.startswith("from") else f"at most {each.le}"
        elif isinstance(each, annotated_types.Lt):
            highest = f"below {each.lt}"
    joint = " " if highest.startswith("to") else " and "
    bounds = joint.join(part for part in (lowest, highest) if part)
    return f" {bounds}" if bounds else ""


def _length_bounds(metadata: Sequence[Any], unit: str) -> str:
    bounds, last = [], 1
    for each in _flat(metadata):
        if isinstance(each, annotated_types.MinLen) and each.min_length > 0:
            last = each.min_length
            bounds.append(f"at least {last}")
        elif isinstance(each, annotated_types.MaxLen):
            last = each.max_length
            bounds.append(f"at most {last}")
    return f", {' and '.join(bounds)} {unit}{'s' if last != 1 else ''}" if bounds else ""


def _pattern(metadata: Sequence[Any]) -> str:
    for each in metadata:
        if isinstance(each, Like):
            return f" like {each.words}"
    patterns = [each.pattern for each in _flat(metadata) if getattr(each, "pattern", None)]
    return f" matching {patterns[0]}" if patterns else ""
