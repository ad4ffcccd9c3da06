"""Detectors to plain values and back, so that a snapshot is possible at any candle.

Whatever has a ``STATE`` is saved as the list of those attributes, in that order. Attributes are plain values, records (see
``_BLANK``), lists and tuples of them, or books, which have a ``STATE`` of their own and are filled where they stand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from services.analysis.base.finding import Finding
from services.analysis.base.levels import Level
from services.analysis.base.zones import Zone
from services.analysis.detectors.equal_levels import Pivot
from services.analysis.detectors.order_blocks import Block
from services.analysis.detectors.span import Span
from services.analysis.detectors.zone_volatility import Share
from shared.core import StaleSnapshot

#: What a snapshot is made of: msgpack knows nothing else.
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


class Persistent(Protocol):
    """An object that can be saved and filled again."""

    @property
    def STATE(self) -> tuple[str, ...]:  # noqa: N802  # it is a constant of the class
        ...


def _nothing() -> Finding:
    return Finding("fvg", "bullish", 1.0, 1.0, 0, 0)


#: How a record of each class is made before its attributes are set. A new record class is named here.
_BLANK: Final[dict[str, Callable[[], object]]] = {
    "Finding": _nothing,
    "Zone": lambda: Zone(_nothing(), 0),
    "Level": lambda: Level(_nothing(), 0),
    "Block": lambda: Block(_nothing(), 0),
    "Pivot": lambda: Pivot(0.0, 0),
    "Span": Span,
    "Share": Share,
}


def layout(owners: Iterable[tuple[str, object]]) -> str:
    """A fingerprint of what a snapshot holds and in which order: it changes when a detector or an attribute does."""
    names = [f"{name}:{_shape(owner)}" for name, owner in owners]
    names += [f"{name}:{_shape(make())}" for name, make in sorted(_BLANK.items())]
    return hashlib.blake2b("\n".join(names).encode(), digest_size=8).hexdigest()


def save(owner: object) -> list[Plain]:
    """The persistent attributes of a detector, a book or a record, in the order of its ``STATE``."""
    return [_plain(getattr(owner, name)) for name in _fields(owner)]


def load(owner: object, data: Plain) -> None:
    """Set them again. Raises StaleSnapshot for data of another shape."""
    names = _fields(owner)
    if not isinstance(data, list) or len(data) != len(names):
        raise StaleSnapshot(f"{type(owner).__name__} has {names}; the snapshot does not fit")
    for name, item in zip(names, data, strict=True):
        before = getattr(owner, name)
        if _fields(before) and type(before).__name__ not in _BLANK:
            load(before, item)
        else:
            setattr(owner, name, _built(item))
    restored = getattr(owner, "restored", None)
    if restored is not None:
        restored()


def _fields(owner: object) -> tuple[str, ...]:
    fields: tuple[str, ...] = getattr(owner, "STATE", ())
    return fields


def _shape(owner: object) -> str:
    parts = []
    for name in _fields(owner):
        value = getattr(owner, name)
        nested = _fields(value) and type(value).__name__ not in _BLANK
        parts.append(f"{name}({_shape(value)})" if nested else name)
    return ",".join(parts)


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    kind = type(value).__name__
    if kind in _BLANK:
        return {kind: save(value)}
    return save(value)


def _built(data: Plain) -> object:
    if isinstance(data, list):
        return [_built(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind, items = next(iter(data.items()), ("", None))
    if len(data) != 1 or not isinstance(items, list):
        raise StaleSnapshot(f"{data!r} is no record: the snapshot does not fit")
    if kind == "tuple":
        return tuple(_built(item) for item in items)
    if kind == "dict":
        return {_built(pair[0]): _built(pair[1]) for pair in items if isinstance(pair, list)}
    if kind not in _BLANK:
        raise StaleSnapshot(f"{kind} is unknown: the snapshot is of another version")
    record = _BLANK[kind]()
    load(record, items)
    return record
