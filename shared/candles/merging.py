"""Puts rows that are new between those that are stored; what is stored is never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shared.candles.kinds import Chunk, joined, part, rows_of


@dataclass(slots=True)
class Tally:
    """What a merge met. new: rows that were not stored. known: rows that were, alike.

    differing: rows that are stored with other numbers; the stored ones stay. first_differing: time of the first, UTC ms.
    """

    new: int = 0
    known: int = 0
    differing: int = 0
    first_differing: int = -1

    def add(self, other: Tally) -> None:
        """Count what another merge met as well."""
        if self.first_differing < 0:
            self.first_differing = other.first_differing
        self.new += other.new
        self.known += other.known
        self.differing += other.differing


def merged(stored: Iterator[Chunk], added: Iterator[Chunk], tally: Tally, *, fill: bool = False) -> Iterator[Chunk]:
    """Both together in order of time, each time once; of two rows of one time the stored one.

    fill: where the stored row lacks a number (NaN) and the other one, otherwise alike, has it, it is taken.
    Both have rising times, and at most one chunk of each is held. Raises ValueError when the times of ``added`` do not rise.
    """
    before = -1
    old, new = next(stored, None), next(added, None)
    while old is not None or new is not None:
        horizon = min(int(chunk[0][-1]) for chunk in (old, new) if chunk is not None)
        taken: list[Chunk] = []
        if old is not None:
            count = int(np.searchsorted(old[0], horizon, side="right"))
            taken.append(part(old, 0, count))
            old = part(old, count) if count < rows_of(old) else next(stored, None)
        if new is not None:
            if not (np.diff(new[0], prepend=before) > 0).all():
                raise ValueError("the times of the rows to be added do not rise")
            count = int(np.searchsorted(new[0], horizon, side="right"))
            head = part(new, 0, count)
            if count:
                before = int(head[0][-1])
                if fill and taken:
                    taken[0] = _filled(taken[0], head)
                taken.append(_unknown(taken[0], head, tally) if taken else _all_new(head, tally))
            new = part(new, count) if count < rows_of(new) else next(added, None)
        yield _in_order(taken)


def _all_new(chunk: Chunk, tally: Tally) -> Chunk:
    tally.new += rows_of(chunk)
    return chunk


def _unknown(stored: Chunk, added: Chunk, tally: Tally) -> Chunk:
    """The rows of ``added`` whose time ``stored`` does not have; the others are counted."""
    if not rows_of(stored):
        return _all_new(added, tally)
    places = np.minimum(np.searchsorted(stored[0], added[0]), rows_of(stored) - 1)
    again = stored[0][places] == added[0]
    # A number that one of the two does not have (its order flow) is no other number.
    alike = np.logical_and.reduce([~(np.abs(old[places] - new) > 0) for old, new in zip(stored, added, strict=True)])
    differing = again & ~alike
    tally.known += int((again & alike).sum())
    if differing.any():
        tally.differing += int(differing.sum())
        if tally.first_differing < 0:
            tally.first_differing = int(added[0][differing][0])
    return _all_new(tuple(column[~again] for column in added), tally)


def _filled(stored: Chunk, added: Chunk) -> Chunk:
    """The stored rows with the numbers that they lack and the added ones have; not of rows that differ."""
    if not rows_of(stored):
        return stored
    places = np.minimum(np.searchsorted(stored[0], added[0]), rows_of(stored) - 1)
    alike = np.logical_and.reduce([~(np.abs(old[places] - new) > 0) for old, new in zip(stored, added, strict=True)])
    chosen = places[alike]
    found = [stored[0]]
    for old, new in zip(stored[1:], added[1:], strict=True):
        numbers = old.copy()
        numbers[chosen] = np.where(np.isnan(old[chosen]), new[alike], old[chosen])
        found.append(numbers)
    return tuple(found)


def _in_order(taken: list[Chunk]) -> Chunk:
    if len(taken) == 1:
        return taken[0]
    whole = joined(taken)
    order = np.argsort(whole[0], kind="stable")
    return tuple(column[order] for column in whole)
