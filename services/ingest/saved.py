"""What snapshots of ingest hold: what is believed of each symbol, and the candles that are forming."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.ingest.forming_flow import FormingFlow
from shared.domain.candles import Candle
from shared.domain.order_flow import SettledFunding
from shared.domain.timeframes import Timeframe


class Trust(msgspec.Struct, kw_only=True):
    """What the gate believes of one symbol's price. Zero means: nothing yet.

    ``reference`` is the last close that was not disputed. ``candidate`` is the last disputed close, ``agreeing`` how many
    disputed candles in a row stand at its level.
    """

    reference: float = 0.0
    candidate: float = 0.0
    agreeing: int = 0


class Forming(msgspec.Struct, kw_only=True):
    """A candle that is not closed yet. ``minutes``: how many one-minute candles are in it. ``volume`` is exact.

    flow: of its minutes; funding: as its newest minute knows it.
    """

    open: float
    high: float
    low: float
    close: float
    volume: Decimal
    minutes: int
    disputed: bool
    backfilled: bool
    flow: FormingFlow | None = None
    funding: SettledFunding | None = None


class FormingCandles(msgspec.Struct, kw_only=True):
    """The unclosed candles of one timeframe, one place a symbol; None where no minute came yet."""

    timeframe: Timeframe
    forming: list[Forming | None]


class AggregationState(msgspec.Struct, kw_only=True):
    """State of an Aggregator.

    coarser: a row a timeframe above 1m, finest first. started: open time of the first minute seen, ms; -1 before it.
    """

    coarser: list[FormingCandles]
    started: int = -1


class Closed(msgspec.Struct, frozen=True):
    """All candles of one timeframe that close together, and the symbols without one. Symbols keep the partition's order."""

    timeframe: Timeframe
    candles: tuple[Candle, ...]
    missing: tuple[str, ...]


class SymbolState(msgspec.Struct, kw_only=True):
    """What is kept of one symbol. ``silent``: it had no candle in the last step (said once, not every minute)."""

    trust: Trust
    silent: bool = False


class IngestState(msgspec.Struct, kw_only=True):
    """Everything ``snapshot`` encodes. ``alerted``: alert key → market time (ms) of the last one. ``counts`` for metrics."""

    last: int
    symbols: tuple[str, ...]
    states: list[SymbolState]
    aggregation: AggregationState
    alerted: dict[str, int]
    counts: dict[str, int]
