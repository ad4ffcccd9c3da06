"""Holds configuration values before validation, each with the place (file:line, variable) where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The path of a value: keys of mappings, indexes of lists.
Path = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """``("symbols", 0)`` → ``symbols.0``."""
    return ".".join(str(part) for part in path)


@dataclass(slots=True)
class Tree:
    """Nested plain values, and the place where the value at each path was written."""

    values: dict[str, object] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path, value: object, place: str) -> Tree:
        """Make a tree of one value at ``path``, written at ``place``."""
        tree = cls()
        inner = tree.values
        for depth, part in enumerate(path[:-1]):
            tree.places[path[: depth + 1]] = place
            section: dict[str, object] = {}
            inner[str(part)] = section
            inner = section
        inner[str(path[-1])] = value
        _spread(tree.places, path, value, place)
        return tree

    @classmethod
    def of(cls, values: Mapping[str, object], place: str) -> Tree:
        """Make a tree of nested values, all written at ``place``."""
        tree = cls(_plain(values))
        for key, value in tree.values.items():
            _spread(tree.places, (key,), value, place)
        return tree

    def put(self, over: Tree) -> None:
        """Merge ``over`` into this tree: mappings key by key; anything else, lists too, replaces what was there."""
        self._merge(self.values, over.values, (), over.places)

    def drop(self, path: Path) -> None:
        """Remove a value and the places beneath it."""
        inner = self.values
        for part in path[:-1]:
            section = inner[str(part)]
            assert isinstance(section, dict), "a path leads through mappings"
            inner = section
        del inner[str(path[-1])]
        self._forget(path)

    def place(self, path: Path) -> str:
        """Return where the value, or else the nearest section around it, was written; empty if nowhere."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return ""

    def _merge(self, base: dict[str, object], over: dict[str, object], path: Path, places: Mapping[Path, str]) -> None:
        for key, value in over.items():
            here = (*path, key)
            below = base.get(key)
            if isinstance(value, dict) and isinstance(below, dict):
                self.places[here] = places[here]
                self._merge(below, value, here, places)
                continue
            self._forget(here)
            base[key] = _plain(value) if isinstance(value, dict) else value
            self.places |= {at: place for at, place in places.items() if at[: len(here)] == here}

    def _forget(self, path: Path) -> None:
        for at in [at for at in self.places if at[: len(path)] == path]:
            del self.places[at]


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _plain(value) if isinstance(value, Mapping) else value for key, value in values.items()}


def _spread(places: dict[Path, str], path: Path, value: object, place: str) -> None:
    places[path] = place
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _spread(places, (*path, str(key)), inner, place)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _spread(places, (*path, index), inner, place)
