"""Look-ahead analysis: does a detector say something before it could be known, or take it back? (BT-5)

It looks from outside, as ``candles in, statements out``, so that the engine, other libraries and deliberately broken
specimens are judged alike. Two questions: does a *prefix* of the candles alone give what the whole run dates up to its end,
and does *another future* (the later candles in another order) change anything that was said before?
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from shared.domain.candles import Candle


class Statement(NamedTuple):
    """What was said, and the close (UTC ms) from which on it claims to have been known. Equal content compares equal."""

    known_at: int
    said: object


Replay = Callable[[Sequence[Candle]], Sequence[Statement]]


class Leak(NamedTuple):
    """The first difference at one cut: ``cut`` candles were known, the last closed at ``cut_at`` (UTC ms).

    ``then``: what was said with those candles (and, for ``scramble``, another future); ``full``: what the whole run claims
    to have said by then. None where one of them says nothing more.
    """

    check: Literal["prefix", "scramble"]
    cut: int
    cut_at: int
    place: int
    then: object | None
    full: object | None


def leaks(replay: Replay, candles: Sequence[Candle], cuts: Sequence[int], seed: int) -> Iterator[list[Leak]]:
    """For every cut (a number of candles from 1 on) what both checks found there: nothing, one leak or two."""
    full = replay(candles)
    draw = random.Random(seed)  # noqa: S311  cuts and scrambles must be repeatable, not secret
    for cut in cuts:
        both = (_prefix(replay, full, candles, cut), _scramble(replay, full, candles, cut, draw))
        yield [leak for leak in both if leak is not None]


def prefix_leaks(replay: Replay, candles: Sequence[Candle], cuts: Sequence[int]) -> list[Leak]:
    """Only the prefixes."""
    full = replay(candles)
    return [leak for cut in cuts if (leak := _prefix(replay, full, candles, cut)) is not None]


def scramble_leaks(replay: Replay, candles: Sequence[Candle], cuts: Sequence[int], seed: int) -> list[Leak]:
    """Only the other futures."""
    full = replay(candles)
    draw = random.Random(seed)  # noqa: S311  cuts and scrambles must be repeatable, not secret
    return [leak for cut in cuts if (leak := _scramble(replay, full, candles, cut, draw)) is not None]


def cuts_of(count: int, number: int, seed: int) -> list[int]:
    """``number`` different cuts spread over ``count`` candles, each at a random place of its stretch; sorted."""
    draw = random.Random(seed)  # noqa: S311  cuts and scrambles must be repeatable, not secret
    number = min(number, max(count - 1, 0))
    stretch = (count - 1) / number if number else 0.0
    return sorted({1 + int(stretch * place + draw.random() * stretch) for place in range(number)})


def _prefix(replay: Replay, full: Sequence[Statement], candles: Sequence[Candle], cut: int) -> Leak | None:
    return difference("prefix", replay(candles[:cut]), full, cut, candles[cut - 1].close_time)


def _scramble(
    replay: Replay, full: Sequence[Statement], candles: Sequence[Candle], cut: int, draw: random.Random
) -> Leak | None:
    end = candles[cut - 1].close_time
    other = [each for each in replay(scrambled(candles, cut, draw)) if each.known_at <= end]
    return difference("scramble", other, full, cut, end)


def scrambled(candles: Sequence[Candle], cut: int, draw: random.Random) -> list[Candle]:
    """The candles from ``cut`` on in another order, on the same times."""
    shapes = list(candles[cut:])
    draw.shuffle(shapes)
    later = [msgspec.structs.replace(shape, open_time=at.open_time) for shape, at in zip(shapes, candles[cut:], strict=True)]
    return [*candles[:cut], *later]


def difference(
    check: Literal["prefix", "scramble"], then: Sequence[Statement], full: Sequence[Statement], cut: int, end: int
) -> Leak | None:
    """The first difference between what was said then and what the whole run says until ``end`` (UTC ms); None = none."""
    expected = [each for each in full if each.known_at <= end]
    for place in range(max(len(then), len(expected))):
        one = then[place] if place < len(then) else None
        other = expected[place] if place < len(expected) else None
        if one != other:
            return Leak(check, cut, end, place, one and one.said, other and other.said)
    return None
