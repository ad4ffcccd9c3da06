"""Bounds the memory of what was seen: entries stand in order of arrival, and the oldest are deleted first."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def forget_oldest(memory: MutableMapping[K, V], limit: int) -> None:
    """Delete the oldest entries, in order of insertion, until at most ``limit`` are left.

    To make a known key the youngest again, delete it and insert it anew. Use an OrderedDict where every
    message adds and deletes an entry: a plain dict searches for its first entry past all those deleted before it.
    """
    while len(memory) > limit:
        oldest: Iterator[K] = iter(memory)
        del memory[next(oldest)]
