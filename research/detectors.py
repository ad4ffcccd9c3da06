"""What ``ict lookahead`` can be pointed at: named sets of detectors, and any function of one's own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from research.columns import of_candles
from research.compat_smc import events as compat
from research.events import replay
from research.lookahead import Replay, Statement
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle

#: Name → what it is.
KNOWN: Final = {
    "engine": "the live engine, with the settings given",
    "smc": "the rules of smartmoneyconcepts, each event at the close at which it truly became knowable",
    "smc-drawn": "the same rules, each event at the candle on which that library draws it: known to look ahead",
}


class NoSuchDetectors(Exception):
    """The name is none of KNOWN and no importable function; the text says what can be written."""


def detectors(name: str, settings: AnalysisSettings) -> Replay:
    """The set called ``name``, or the function ``package.module:function``. Raises NoSuchDetectors.

    An own function takes a list of ``shared.domain.candles.Candle`` and gives a list of ``research.lookahead.Statement``.
    """
    if name == "engine":
        return partial(_engine, settings)
    if name == "smc":
        return partial(_smc, settings.swing_length)
    if name == "smc-drawn":
        return partial(_smc_as_drawn, settings.swing_length)
    module, colon, function = name.partition(":")
    if not colon:
        raise NoSuchDetectors(f"{name}: write {', '.join(KNOWN)}, or package.module:function for one of your own")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise NoSuchDetectors(f"{name}: {error}; is the module in this directory or installed?") from error
    if not callable(found):
        raise NoSuchDetectors(f"{name}: {function} is no function")
    own: Replay = found
    return own


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
