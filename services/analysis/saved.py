"""What snapshots hold of analysis, of an engine and of pairs, in plain values."""

from __future__ import annotations

from typing import Any

import msgspec


class EngineState(msgspec.Struct):
    """All that an engine knows. ``layout``: fingerprint of the detectors and attributes it was saved from.

    ``last_open``: open time of the last candle seen, -1 before the first.
    """

    layout: str
    last_open: int
    window: list[Any]
    atr: list[Any]
    detectors: dict[str, list[Any]]


class PairsState(msgspec.Struct):
    """``layout``: fingerprint of what a pair holds; ``pairs``: name → plain values."""

    layout: str
    pairs: dict[str, list[Any]]


class AnalysisState(msgspec.Struct):
    """``last_close``: close time (ms) of the last bundle handled, -1 before the first; engines by symbol; pairs by name."""

    last_close: int
    engines: dict[str, EngineState]
    pairs: PairsState
