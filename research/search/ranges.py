"""What a search may try of a strategy: the ranges that its settings declare."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic import BaseModel
from pydantic.fields import FieldInfo


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried of one setting. path: dotted. choices: these values; else numbers from ``low`` to ``high``.

    whole: only whole numbers.
    """

    path: str
    choices: tuple[str | bool, ...] = ()
    low: float = 0.0
    high: float = 0.0
    whole: bool = False


def declared(settings: type[BaseModel], prefix: str) -> list[Range]:
    """The ranges of a section: Literals of words, bools, and numbers with a lowest and a highest value.

    A setting that may be absent, or has one bound or none, has no range. prefix: dotted path of the section.
    """
    found = (_range(f"{prefix}.{name}", field) for name, field in settings.model_fields.items())
    return [each for each in found if each is not None]


def narrowed(each: Range, text: str) -> Range:
    """The range cut to ``LOW..HIGH``, or to ``A,B,…`` of its choices. Raises ValueError for what leaves it."""
    if each.choices:
        named = tuple(part.strip() for part in text.split(","))
        chosen = tuple(choice for choice in each.choices if str(choice).lower() in {part.lower() for part in named})
        if len(chosen) != len(named):
            raise ValueError(f"{each.path}: choose of {', '.join(map(str, each.choices))}")
        return msgspec.structs.replace(each, choices=chosen)
    first, dots, last = text.partition("..")
    try:
        low, high = float(first), float(last)
    except ValueError:
        dots = ""
    if not dots or not each.low <= low <= high <= each.high:
        raise ValueError(f"{each.path}: write LOW..HIGH within {each.low:g}..{each.high:g}")
    return msgspec.structs.replace(each, low=low, high=high)


def _range(path: str, field: FieldInfo) -> Range | None:
    kind = field.annotation
    if get_origin(kind) is Literal and all(isinstance(each, str) for each in get_args(kind)):
        return Range(path=path, choices=get_args(kind))
    if kind is bool:
        return Range(path=path, choices=(False, True))
    if kind not in (int, float):
        return None
    low, high, above, below = (_bound(field, name) for name in ("ge", "le", "gt", "lt"))
    whole = kind is int
    step = 1.0 if whole else 1e-3  # next to a bound that is itself not allowed
    low = above + step if low is None and above is not None else low
    high = below - step if high is None and below is not None else high
    return None if low is None or high is None or low >= high else Range(path=path, low=low, high=high, whole=whole)


def _bound(field: FieldInfo, name: str) -> float | None:
    found: list[Any] = [getattr(each, name, None) for each in field.metadata]
    stated = [each for each in found if each is not None]
    return float(stated[-1]) if stated else None
