"""The causality harness: catches whatever says something earlier than it could be known, or takes it back (BT-5).

It looks at a detector from outside, as ``candles in, facts out``, so that engines, other libraries and deliberately broken
specimens are judged alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

import msgspec

from shared.domain.candles import Candle
from shared.domain.facts import Fact

Replay = Callable[[Sequence[Candle]], list[Fact]]


def known_by(facts: Iterable[Fact], time: int) -> list[Fact]:
    """What claims to have been known at ``time`` (ms), in order."""
    return [fact for fact in facts if fact.changed_at <= time]


def prefix_violations(replay: Replay, candles: Sequence[Candle], cuts: Iterable[int]) -> list[str]:
    """Replay the first ``cut`` candles alone: they must give what the full run dates up to there, in order."""
    full = replay(candles)
    found = []
    for cut in cuts:
        end = candles[cut - 1].close_time
        found += _difference(f"prefix of {cut}", replay(candles[:cut]), known_by(full, end))
    return found


def scramble_violations(replay: Replay, candles: Sequence[Candle], cuts: Iterable[int], seed: int) -> list[str]:
    """Another future after ``cut``: nothing dated before may change."""
    full = replay(candles)
    draw = random.Random(seed)
    found = []
    for cut in cuts:
        end = candles[cut - 1].close_time
        found += _difference(
            f"future scrambled after {cut}", known_by(replay(_scrambled(candles, cut, draw)), end), known_by(full, end)
        )
    return found


def _scrambled(candles: Sequence[Candle], cut: int, draw: random.Random) -> list[Candle]:
    """The candles from ``cut`` on in another order, on the same times."""
    shapes = list(candles[cut:])
    draw.shuffle(shapes)
    later = [msgspec.structs.replace(shape, open_time=at.open_time) for shape, at in zip(shapes, candles[cut:], strict=True)]
    return [*candles[:cut], *later]


def _difference(what: str, got: Sequence[Fact], expected: Sequence[Fact]) -> list[str]:
    if list(got) == list(expected):
        return []
    for position, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            return [f"{what}: fact {position} is {one}, in the full run {other}"]
    return [f"{what}: {len(got)} facts, {len(expected)} in the full run"]
