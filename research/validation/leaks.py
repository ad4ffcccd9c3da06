"""Finds splits in which training knows something of the test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from research.validation.walk_forward import Span, Split


class Leak(NamedTuple):
    """What is wrong with a split. split: its place, from 0. text: in words, times in UTC ms."""

    split: int
    text: str


def leaks(
    splits: Sequence[Split],
    *,
    span: Span | None = None,
    longest_holding: int = 0,
    embargo: int = 0,
    holdings: Iterable[tuple[int, int]] = (),
) -> list[Leak]:
    """Everything by which a result on the tests could know of the training, or count twice; empty = nothing found.

    span: what there is of data. longest_holding, embargo: ms that have to lie between training and test. holdings: (opened,
    closed) in UTC ms of trades as they were, which may have been held longer than was planned.
    """
    trades = list(holdings)
    found: list[Leak] = []
    for place, split in enumerate(splits):
        texts = [*_spans(split, span), *_distance(split, longest_holding, embargo), *_trades(split, trades)]
        found += [Leak(place, text) for text in texts]
    return found + _tests(splits)


def _spans(split: Split, span: Span | None) -> Iterable[str]:
    for name, part in (("training", split.train), ("test", split.test)):
        if part.end <= part.start:
            yield f"{name} from {part.start} to {part.end} has no length"
        if span is not None and (part.start < span.start or part.end > span.end):
            yield f"{name} from {part.start} to {part.end} leaves the data, {span.start} to {span.end}"


def _distance(split: Split, longest_holding: int, embargo: int) -> Iterable[str]:
    gap = split.test.start - split.train.end
    if gap < 0:
        yield f"training until {split.train.end} reaches into or behind the test from {split.test.start}"
    elif gap < longest_holding + embargo:
        yield f"{gap} ms between training and test; the longest holding and the embargo are {longest_holding + embargo}"


def _trades(split: Split, trades: Sequence[tuple[int, int]]) -> Iterable[str]:
    over = [
        opened for opened, closed in trades if split.train.start <= opened < split.train.end and closed >= split.test.start
    ]
    if over:
        yield f"{len(over)} trade(s) of the training were open in the test, the first from {min(over)}"


def _tests(splits: Sequence[Split]) -> list[Leak]:
    """Tests that share time with another one: what is joined of them would count it twice."""
    ordered = sorted(range(len(splits)), key=lambda place: splits[place].test)
    found = []
    until: int | None = None
    for place in ordered:
        test = splits[place].test
        if until is not None and test.start < until:
            found.append(Leak(place, f"test from {test.start} begins before another one ended at {until}"))
        until = test.end if until is None else max(until, test.end)
    return found
