"""The engine of one symbol and timeframe: closed candles in, findings, facts and Analysis out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from services.analysis.base.finding import Finding, messages, unchanged
from services.analysis.detectors.roster import BadCandle, Roster
from services.analysis.explain import fact_of
from services.analysis.fvg_fill import FillForecast, load_model
from services.analysis.saved import EngineState
from services.analysis.settings import AnalysisSettings
from services.analysis.state import layout, load, save
from shared.core import StaleSnapshot
from shared.domain.candles import Candle
from shared.domain.facts import ALL_KINDS, Analysis, Fact, FactKind
from shared.domain.timeframes import DURATION, Timeframe, next_boundary

__all__ = ["BadCandle", "Engine", "EngineState", "StaleSnapshot"]


class Engine:
    """Runs the detectors over a stream of closed candles; every fact is knowable at the close at which it is published.

    The order of work is the ``Roster``'s. Cost does not grow with history, memory neither.

    A missing or disputed candle, or a jump in ``open_time``, is a gap: the columns start anew, so that no pattern spans it;
    swings, zones, trend and ATR live on, and ages go on counting in time.

    ``published``: the kinds that ``update`` puts into the Analysis; detectors that have no part in them do not work.
    ``found``: every finding of the last close, also of kinds that others are made from.
    """

    def __init__(
        self, symbol: str, timeframe: Timeframe, settings: AnalysisSettings, published: frozenset[FactKind] = ALL_KINDS
    ) -> None:
        self.symbol = symbol
        self.timeframe: Timeframe = timeframe
        duration = DURATION[timeframe]
        self._roster = Roster(
            f"engine {symbol} {timeframe}", duration, next_boundary(0, timeframe) % duration, settings, published
        )
        gaps = settings.fvg
        self._forecast = FillForecast(
            load_model(gaps.fill_model_file), gaps.max_age_candles, gaps.filled_at, gaps.fill_base_rate
        )
        self._published = published
        self._active: tuple[Fact, ...] = ()
        self.found: list[Finding] = []

    def update(self, candle: Candle) -> Analysis:
        """Take the next closed candle. Raises BadCandle for one that is foreign, impossible, or not newer than the last."""
        if candle.symbol != self.symbol or candle.timeframe != self.timeframe:
            raise BadCandle(
                f"engine {self.symbol} {self.timeframe} was given a candle of {candle.symbol} {candle.timeframe}: "
                "give it to its own engine"
            )
        roster = self._roster
        if candle.state == "disputed":
            if candle.open_time <= roster.last_open:
                raise BadCandle(f"engine {self.symbol} {self.timeframe} has seen {roster.last_open}; this is not newer")
            roster.skip(candle.open_time)
            self.found = []
            return self._analysis(candle, ())
        self.found = roster.step(candle.open_time, candle.open, candle.high, candle.low, candle.close, candle.volume)
        if not self.found:
            return self._analysis(candle, ())
        events = self.facts(self._of_published(self.found))
        # Of any finding: a change of character, say, ends the break of structure that stood.
        self._active = unchanged(self._active, self.facts(self._of_published(roster.active())))
        return self._analysis(candle, events)

    def run(
        self,
        open_times: Sequence[int],
        opens: Sequence[float],
        highs: Sequence[float],
        lows: Sequence[float],
        closes: Sequence[float],
        volumes: Sequence[float],
    ) -> list[Finding]:
        """Take columns of closed candles, oldest first; every finding in order. ``update`` may go on where this ends.

        Raises BadCandle at the first bad candle, naming it; those before it are taken in. Use ``facts`` for messages.
        """
        columns = (opens, highs, lows, closes, volumes)
        if any(len(column) != len(open_times) for column in columns):
            raise BadCandle(f"engine {self.symbol} {self.timeframe}: the columns differ in length")
        found = self._roster.run(_ints(open_times), *(_floats(column) for column in columns))
        self._active = self.facts(self._of_published(self._roster.active()))
        return found

    def facts(self, findings: list[Finding]) -> tuple[Fact, ...]:
        """The messages of findings of this engine; the same object for the same finding."""
        return cast("tuple[Fact, ...]", tuple(messages(findings, self._fact)))

    def active(self) -> list[Finding]:
        """All that is alive, of every kind, detector by detector, oldest first."""
        return self._roster.active()

    def gap(self) -> None:
        """A candle of this symbol is missing: what comes next does not follow on what came before."""
        self._roster.now.break_run()

    def state(self) -> EngineState:
        """A copy of all that it knows."""
        roster = self._roster
        roster.now.trim()
        return EngineState(
            layout=self._layout(),
            last_open=roster.last_open,
            window=save(roster.now),
            atr=save(roster.atr),
            detectors={name: save(detector) for name, detector in roster.at_work},
        )

    def restore(self, state: EngineState) -> None:
        """Continue from ``state``. Raises StaleSnapshot when another version, or other settings of what is on, saved it."""
        roster = self._roster
        if state.layout != self._layout():
            raise StaleSnapshot(
                f"engine {self.symbol} {self.timeframe}: the snapshot was saved by other detectors ({state.layout}, these "
                f"are {self._layout()}); start without it and warm up from candles"
            )
        load(roster.now, state.window)
        load(roster.atr, state.atr)
        for name, detector in roster.at_work:
            load(detector, state.detectors[name])
        roster.last_open = state.last_open
        self._active = self.facts(self._of_published(roster.active()))
        self.found = []

    def _of_published(self, findings: list[Finding]) -> list[Finding]:
        published = self._published
        return [finding for finding in findings if finding.kind in published]

    def _fact(self, finding: Finding) -> Fact:
        return fact_of(finding, self.symbol, self.timeframe, self._forecast)

    def _layout(self) -> str:
        roster = self._roster
        return layout([("window", roster.now), ("atr", roster.atr), *roster.at_work])

    def _analysis(self, candle: Candle, events: tuple[Fact, ...]) -> Analysis:
        return Analysis(
            symbol=self.symbol,
            timeframe=self.timeframe,
            candle=candle,
            trend=self._roster.structure.trend,
            atr=self._roster.atr.value,
            events=events,
            active=self._active,
        )


def _ints(column: Sequence[int]) -> list[int]:
    """Arrays give plain numbers with ``tolist``; a list passes as it is."""
    return column if isinstance(column, list) else list(map(int, column))


def _floats(column: Sequence[float]) -> list[float]:
    return column if isinstance(column, list) else list(map(float, column))
