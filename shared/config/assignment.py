"""Finds the partitions and timeframes that this process handles, by the globs of section ``take``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from shared.bus.topology import partition_of
from shared.domain.timeframes import Timeframe


def symbols_of(partition: int, symbols: Sequence[str], partitions: int, pinned: Mapping[str, int]) -> tuple[str, ...]:
    """Return the symbols of one partition, sorted."""
    return tuple(sorted(symbol for symbol in symbols if partition_of(symbol, partitions, pinned) == partition))


def assigned_partitions(
    globs: Sequence[str], symbols: Sequence[str], partitions: int, pinned: Mapping[str, int]
) -> tuple[int, ...]:
    """Return the partitions whose symbols match. A partition is taken whole or not at all.

    ``["*"]`` takes all of them, also those without a symbol (they still publish an empty bundle at every close).
    Raises ValueError when a glob would cut a partition in two, or matches nothing.
    """
    if "*" in globs:
        return tuple(range(partitions))
    taken = []
    for partition in range(partitions):
        members = symbols_of(partition, symbols, partitions, pinned)
        matching = [symbol for symbol in members if any(fnmatchcase(symbol, glob) for glob in globs)]
        if matching and len(matching) < len(members):
            other = next(symbol for symbol in members if symbol not in matching)
            raise ValueError(
                f"take.symbols: {matching[0]} and {other} share partition {partition}, and a partition is taken whole; "
                f"pin them to different partitions (partitions.pinned) or take both"
            )
        if matching:
            taken.append(partition)
    if not taken:
        raise ValueError(f"take.symbols: {list(globs)} matches none of {list(symbols)}")
    return tuple(taken)


def assigned_timeframes(globs: Sequence[str], timeframes: Sequence[Timeframe]) -> tuple[Timeframe, ...]:
    """Return the timeframes that match, finest first. Raises ValueError when none does."""
    taken = tuple(timeframe for timeframe in timeframes if any(fnmatchcase(timeframe, glob) for glob in globs))
    if not taken:
        raise ValueError(f"take.timeframes: {list(globs)} matches none of {list(timeframes)}")
    return taken
