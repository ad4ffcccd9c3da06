"""The causality harness for facts: research's look-ahead analysis, with its findings in words (BT-5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from research.lookahead import Leak, Statement, prefix_leaks, scramble_leaks
from shared.domain.candles import Candle
from shared.domain.facts import Fact

Replay = Callable[[Sequence[Candle]], list[Fact]]


def known_by(facts: Iterable[Fact], time: int) -> list[Fact]:
    """What claims to have been known at ``time`` (ms), in order."""
    return [fact for fact in facts if fact.changed_at <= time]


def prefix_violations(replay: Replay, candles: Sequence[Candle], cuts: Iterable[int]) -> list[str]:
    """Replay the first ``cut`` candles alone: they must give what the full run dates up to there, in order."""
    return [_told(leak) for leak in prefix_leaks(_stated(replay), candles, list(cuts))]


def scramble_violations(replay: Replay, candles: Sequence[Candle], cuts: Iterable[int], seed: int) -> list[str]:
    """Another future after ``cut``: nothing dated before may change."""
    return [_told(leak) for leak in scramble_leaks(_stated(replay), candles, list(cuts), seed)]


def _stated(replay: Replay) -> Callable[[Sequence[Candle]], list[Statement]]:
    return lambda candles: [Statement(fact.changed_at, fact) for fact in replay(candles)]


def _told(leak: Leak) -> str:
    what = "prefix of" if leak.check == "prefix" else "future scrambled after"
    return f"{what} {leak.cut}: fact {leak.place} is {leak.then}, in the full run {leak.full}"
