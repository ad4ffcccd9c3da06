"""Spans of time, ms of the market's clock: joined, and taken from one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From ``begin``, included, to ``end``."""

    begin: int
    end: int

    @property
    def ms(self) -> int:
        """Return its length."""
        return self.end - self.begin


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same times as spans in order that neither touch nor overlap; empty ones are dropped."""
    found: list[Span] = []
    for each in sorted(spans):
        if each.end <= each.begin:
            continue
        if found and each.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, each.end))
        else:
            found.append(each)
    return found


def without(span: Span, others: Sequence[Span]) -> list[Span]:
    """Return what is left of ``span`` outside ``others``, which are joined."""
    left, begin = [], span.begin
    for each in others:
        if each.end <= begin or each.begin >= span.end:
            continue
        if each.begin > begin:
            left.append(Span(begin, each.begin))
        begin = max(begin, each.end)
    if begin < span.end:
        left.append(Span(begin, span.end))
    return left


def common(span: Span, others: Sequence[Span]) -> list[Span]:
    """Return what of ``span`` lies in ``others``, which are joined."""
    cut = [Span(max(span.begin, each.begin), min(span.end, each.end)) for each in others]
    return [each for each in cut if each.ms > 0]


def outside(spans: Sequence[Span], whole: Span) -> list[Span]:
    """Return the rest of ``whole`` outside ``spans``, which are joined."""
    return without(whole, spans)
