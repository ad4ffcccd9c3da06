"""The engine of one symbol and timeframe: one closed candle in, one Analysis out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from services.analysis.close import CandleClose, Window
from services.analysis.detectors.atr import AtrState, AverageTrueRange
from services.analysis.detectors.fvg import FairValueGaps, FvgState
from services.analysis.detectors.order_blocks import OrderBlocks, OrderBlockState
from services.analysis.detectors.structure import Structure, StructureState
from services.analysis.detectors.swings import Swings, SwingState
from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Fact
from shared.domain.timeframes import Timeframe

#: Candles of a fair value gap: the definition, not a choice.
_FVG_CANDLES: Final = 3


class EngineState(msgspec.Struct):
    """All that an engine knows. ``last_open``: open time of the last candle seen, None before the first."""

    last_open: int | None
    window: Window
    atr: AtrState
    swings: SwingState
    structure: StructureState
    fvg: FvgState
    order_blocks: OrderBlockState


class Engine:
    """Runs the detectors over a stream of closed candles; every fact is knowable at the close at which it is published.

    Order of work inside one candle (ict.md 1): zones alive before it; structure against swings confirmed before it; swing
    confirmation; new fair value gap; order block. Cost does not grow with history, memory neither.

    A missing or disputed candle, or a jump in ``open_time``, is a gap: swing, gap and leg windows start anew, so that no
    pattern spans it; swings, zones, trend and ATR live on, and ages go on counting in time.
    """

    __slots__ = (
        "_active", "_atr", "_blocks", "_capacity", "_gaps", "_last_open", "_now", "_structure", "_swings", "_window",
        "symbol", "timeframe",
    )  # fmt: skip

    def __init__(self, symbol: str, timeframe: Timeframe, settings: AnalysisSettings) -> None:
        self.symbol = symbol
        self.timeframe: Timeframe = timeframe
        self._capacity = max(2 * settings.swing_length + 1, _FVG_CANDLES, settings.order_block.leg_candles + 1)
        self._atr = AverageTrueRange(settings.atr_period)
        self._swings = Swings(settings.swing_length)
        self._structure = Structure(settings.structure)
        self._gaps = FairValueGaps(settings.fvg, settings.max_active)
        self._blocks = OrderBlocks(settings.order_block, settings.max_active)
        self._last_open: int | None = None
        self._window = Window()
        self._now = CandleClose(symbol, timeframe, self._window)
        self._active: tuple[Fact, ...] = ()

    def update(self, candle: Candle) -> Analysis:
        """Take the next closed candle. Raises ValueError for a foreign candle or one that is not newer than the last."""
        if candle.symbol != self.symbol or candle.timeframe != self.timeframe:
            raise ValueError(
                f"engine {self.symbol} {self.timeframe} was given a candle of {candle.symbol} {candle.timeframe}: "
                "give it to its own engine"
            )
        last = self._last_open
        if last is not None:
            if candle.open_time <= last:
                raise ValueError(
                    f"engine {self.symbol} {self.timeframe} has seen candle {last}; {candle.open_time} is not newer: "
                    "drop duplicates before"
                )
            if candle.open_time != last + self._now.duration:
                self.gap()
        self._last_open = candle.open_time
        if candle.state == "disputed":
            self.gap()
            return self._analysis(candle, ())
        events = self._detect(candle)
        if events:
            self._active = self._collect()
        return self._analysis(candle, tuple(events))

    def gap(self) -> None:
        """A candle of this symbol is missing: what comes next does not follow on what came before."""
        self._window.clear()
        self._atr.gap()

    def state(self) -> EngineState:
        """The live state; encode it before the next update."""
        return EngineState(
            last_open=self._last_open,
            window=self._window,
            atr=self._atr.state,
            swings=self._swings.state,
            structure=self._structure.state,
            fvg=self._gaps.state,
            order_blocks=self._blocks.state,
        )

    def restore(self, state: EngineState) -> None:
        """Continue from ``state``, which the engine now owns."""
        self._last_open = state.last_open
        self._window = state.window
        self._now = CandleClose(self.symbol, self.timeframe, self._window)
        self._atr.state = state.atr
        self._swings.state = state.swings
        self._structure.state = state.structure
        self._gaps.restore(state.fvg)
        self._blocks.restore(state.order_blocks)
        self._active = self._collect()

    def _detect(self, candle: Candle) -> Sequence[Fact]:
        now = self._now
        self._window.push(candle, self._capacity)
        now.move_to(candle, self._atr.state.value)
        self._atr.update(candle)
        followed: Sequence[Fact] = [*self._gaps.follow(now), *self._blocks.follow(now)]
        breaks = self._structure.update(now, self._swings)
        swings = self._swings.update(now)
        gaps = self._gaps.detect(now)
        blocks = self._blocks.detect(now, breaks[-1] if breaks else None, self._gaps)
        if followed and (gaps or blocks):
            # A zone that changed at this close and then had to make room is told once, by its end: one fact changes at most
            # once a close, so that (id, changed_at) names one event.
            made_room = {fact.id for fact in (*gaps, *blocks) if fact.state == "expired"}
            followed = [fact for fact in followed if fact.id not in made_room]
        return [*followed, *breaks, *swings, *gaps, *blocks]

    def _collect(self) -> tuple[Fact, ...]:
        """Gaps, then blocks (oldest first), the last swing high and low, the last break; only made anew when one changed."""
        swings = self._swings.state
        single = (swings.high, swings.low, self._structure.state.last)
        return (*self._gaps.facts(), *self._blocks.facts(), *(fact for fact in single if fact is not None))

    def _analysis(self, candle: Candle, events: tuple[Fact, ...]) -> Analysis:
        return Analysis(
            symbol=self.symbol,
            timeframe=self.timeframe,
            candle=candle,
            trend=self._structure.state.trend,
            atr=self._atr.state.value,
            events=events,
            active=self._active,
        )
