"""Settings that are tried: all combinations of the values that a person names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, Final

import msgspec

#: Combinations at most: each is a backtest in every training.
MOST: Final = 10_000


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One combination. values: dotted path of a setting → its value. settings: the whole of those that decide."""

    values: dict[str, Any]
    settings: dict[str, Any]


def grid(settings: Mapping[str, Any], values: Mapping[str, Sequence[Any]]) -> list[Candidate]:
    """All combinations of ``values`` (dotted path → what to try) in ``settings``; without any, the settings themselves.

    Raises ValueError for a path that the settings do not have, a path without values, more than ``MOST`` combinations.
    """
    count = 1
    for path, tried in values.items():
        if not tried:
            raise ValueError(f"{path}: name at least one value")
        count *= len(tried)
    if count > MOST:
        raise ValueError(f"{count:,} combinations are more than {MOST:,}: name fewer values")
    return [
        candidate(settings, dict(zip(values, combination, strict=True))) for combination in product(*values.values())
    ]  # fmt: skip


def candidate(settings: Mapping[str, Any], values: Mapping[str, Any]) -> Candidate:
    """The settings with ``values`` (dotted path → value) in their place. Raises ValueError for an unknown path."""
    tree = deepcopy(dict(settings))
    for path, value in values.items():
        *way, name = path.split(".")
        place: Any = tree
        for part in way:
            place = place.get(part) if isinstance(place, dict) else None
        if not isinstance(place, dict) or name not in place:
            raise ValueError(f"{path}: there is no such setting")
        place[name] = value
    return Candidate(values=dict(values), settings=tree)
