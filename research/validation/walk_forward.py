"""Walk-forward: choose on a span of time, judge on the one after it, move on.

Purged: nothing opened in training is still open when the test begins. Embargoed: what is remembered of training (the
memory of indicators, days that hang together) has time to fade.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """From ``start`` to before ``end``, UTC ms."""

    start: int
    end: int


class Split(NamedTuple):
    """Choose by ``train``, judge by ``test``."""

    train: Span
    test: Span


def walk_forward(
    span: Span,
    *,
    train: int,
    test: int,
    step: int | None = None,
    purge: int = 0,
    embargo: int = 0,
    anchored: bool = False,
) -> Iterator[Split]:
    """The splits of ``span``, oldest first, as many as fit whole. All lengths in ms.

    step: from one test to the next; None = ``test``, so that tests join. purge: the longest that a trade is held. embargo:
    distance beyond that. Between training and test lie purge + embargo. anchored: every training begins at the start of
    the span and grows; else it has the length ``train`` and rolls. Raises ValueError when a length cannot be, tests would
    overlap, or not one split fits.
    """
    stride = test if step is None else step
    _examine(span, train, test, stride, purge, embargo)
    return _splits(span, train, test, stride, purge + embargo, anchored)


def _examine(span: Span, train: int, test: int, step: int, purge: int, embargo: int) -> None:
    for name, length, least in (("train", train, 1), ("test", test, 1), ("purge", purge, 0), ("embargo", embargo, 0)):
        if length < least:
            raise ValueError(f"{name} is {length} ms: at least {least} is wanted")
    if step < test:
        raise ValueError(
            f"step is {step} ms, shorter than a test of {test} ms: tests would overlap; make it at least as long"
        )
    needed = train + purge + embargo + test
    if span.end - span.start < needed:
        raise ValueError(
            f"from {span.start} to {span.end} are {span.end - span.start} ms; training, purge, embargo and one test need "
            f"{needed}: give a longer range, or shorter ones"
        )


def _splits(span: Span, train: int, test: int, step: int, gap: int, anchored: bool) -> Iterator[Split]:
    begin = span.start + train + gap
    while begin + test <= span.end:
        until = begin - gap
        yield Split(Span(span.start if anchored else until - train, until), Span(begin, begin + test))
        begin += step
