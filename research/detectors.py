"""What ``ict lookahead`` can be pointed at: named sets of detectors, and any function of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from research.columns import of_candles
from research.compat_smc import events as compat
from research.events import replay
from research.lookahead import Replay, Statement
from research.own_detectors import NoSuchDetectors, own_detectors
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle

#: Name → what it is.
KNOWN: Final = {
    "engine": "the live engine, with the settings given",
    "smc": "the rules of smartmoneyconcepts, each event at the close at which it truly became knowable",
    "smc-drawn": "the same rules, each event at the candle on which that library draws it: known to look ahead",
}


def detectors(name: str, settings: AnalysisSettings) -> Replay:
    """The set called ``name``, or the own function ``package.module:function``. Raises NoSuchDetectors."""
    if name == "engine":
        return partial(_engine, settings)
    if name == "smc":
        return partial(_smc, settings.swing_length)
    if name == "smc-drawn":
        return partial(_smc_as_drawn, settings.swing_length)
    if ":" not in name:
        raise NoSuchDetectors(f"{name}: write {', '.join(KNOWN)}, or package.module:function for one of your own")
    return own_detectors(name)


def _engine(settings: AnalysisSettings, candles: Sequence[Candle]) -> list[Statement]:
    return [Statement(fact.changed_at, fact) for fact in replay(candles, settings)]


def _smc(swing_length: int, candles: Sequence[Candle]) -> list[Statement]:
    return [
        Statement(event.confirmed_at, event)
        for event in compat.events(of_candles(candles), swing_length)
        if not event.frame_end
    ]


def _smc_as_drawn(swing_length: int, candles: Sequence[Candle]) -> list[Statement]:
    """Each row counts as known at the close of its own candle, invented swings too: so a reader of the columns takes it."""
    drawn = [
        Statement(
            event.formed_at + candles[0].close_time - candles[0].open_time,
            {"kind": event.kind, "drawn_at": event.formed_at, "top": event.top, "bottom": event.bottom},
        )
        for event in compat.events(of_candles(candles), swing_length)
        if event.state in ("made", "final")
    ]
    return sorted(drawn, key=lambda each: each.known_at)
