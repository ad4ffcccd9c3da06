"""Ingest's core: one feed step in; one candle bundle for every timeframe that closes then, and alerts (DATA-2, DATA-3)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from services.ingest.aggregator import Aggregator
from services.ingest.alerts import IngestAlerts, minute
from services.ingest.quality import (
    RefusalReason,
    candle_of,
    is_sound_flow,
    is_sound_funding,
    judge,
    number_fault,
    time_fault,
)
from services.ingest.saved import IngestState, SymbolState, Trust
from services.ingest.settings import IngestSettings
from shared.domain.candles import Candle, CandleBundle, FeedHistory, FeedStep, RawCandle
from shared.domain.message import Message
from shared.domain.timeframes import DURATION, FINEST, MINUTE, TIMEFRAMES, Timeframe, is_boundary


class IngestCore:
    """The core of one partition. ``symbols`` may be empty: a partition without symbols still says that a minute passed.

    Out of a step come first the alerts, then the bundles, finest timeframe first; after a jump in time those of every
    minute in between, in order. Only the configured ``timeframes`` are published; one-minute candles are always taken in.
    """

    def __init__(
        self, partition: int, symbols: tuple[str, ...], timeframes: tuple[Timeframe, ...], settings: IngestSettings
    ) -> None:
        if len(set(symbols)) != len(symbols):
            raise ValueError(f"a symbol stands twice in partition {partition}: {', '.join(symbols)}")
        if not timeframes or not set(timeframes) <= set(TIMEFRAMES):
            raise ValueError(f"timeframes {timeframes}: name at least one of {', '.join(TIMEFRAMES)}, and nothing else")
        self._partition = partition
        self._symbols = symbols
        self._place = {symbol: place for place, symbol in enumerate(symbols)}
        self._settings = settings
        self._finest = FINEST in timeframes
        self._aggregator = Aggregator(symbols, timeframes)
        self._last = -1
        self._states = [SymbolState(trust=Trust()) for _ in symbols]
        self._alerts = IngestAlerts(partition, settings.alert_window_minutes)

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each refusal and each condition occurred since the session began, for metrics; alerted or not."""
        return self._alerts.counts

    def handle(self, message: Message, now: int) -> list[Message]:
        """A step gives its alerts and bundles; one at or before the last close gives nothing; other messages nothing.

        A history gives a bundle for each of its closes that is after the last step's, marked as warm-up.
        """
        if isinstance(message, FeedHistory):
            return self._warm_up(message)
        if not isinstance(message, FeedStep):
            return []
        at = message.close_time
        if at <= self._last:
            return []
        if message.partition != self._partition or at % MINUTE:
            self._alerts.tell(
                "step_refused",
                "",
                at,
                f"step {message.message_id} is not for partition {self._partition}"
                " or not on a whole minute: its source is misconfigured",
            )
            return self._alerts.take()
        bundles = self._catch_up(at)
        self._last = at
        candles = self._admit(message)
        bundles += self._publish(at, candles)
        return self._alerts.take() + bundles if self._alerts.waiting else bundles

    def snapshot(self) -> bytes:
        state = IngestState(
            last=self._last,
            symbols=self._symbols,
            states=self._states,
            aggregation=self._aggregator.state,
            alerted=self._alerts.alerted,
            counts=self._alerts.counts,
        )
        return msgspec.msgpack.encode(state)

    def restore(self, data: bytes) -> None:
        """Raises ValueError when the snapshot was made for other symbols or timeframes."""
        state = msgspec.msgpack.decode(data, type=IngestState)
        if state.symbols != self._symbols:
            raise ValueError(
                f"the snapshot has {', '.join(state.symbols)}, this partition {', '.join(self._symbols)}; "
                "after a change of symbols begin without a snapshot"
            )
        self._aggregator.state = state.aggregation
        self._last, self._states = state.last, state.states
        self._alerts.alerted, self._alerts.counts = state.alerted, state.counts

    def _warm_up(self, history: FeedHistory) -> list[Message]:
        """Return the bundles of a history, in order of time.

        Candles that the gate refuses are counted, alerted once, and missing.
        """
        timeframe, duration = history.timeframe, DURATION[history.timeframe]
        closes: dict[int, dict[str, Candle]] = {}
        for raw in history.candles:
            at = raw.open_time + duration
            if raw.symbol not in self._place or at <= self._last:
                continue
            fault: RefusalReason | None = number_fault(raw)
            if not is_boundary(raw.open_time, timeframe):
                fault = "off_minute"
            if fault is not None:
                self._alerts.count(fault)
                self._alerts.tell(
                    "candle_refused", raw.symbol, at, f"the {timeframe} candle closing {minute(at)} was refused: {fault}"
                )
                continue
            closes.setdefault(at, {})[raw.symbol] = candle_of(raw, "backfilled", timeframe)
        bundles: list[Message] = [
            CandleBundle(
                partition=self._partition,
                timeframe=timeframe,
                close_time=at,
                candles=tuple(candles[symbol] for symbol in self._symbols if symbol in candles),
                missing=tuple(symbol for symbol in self._symbols if symbol not in candles),
                warmup=True,
            )
            for at, candles in sorted(closes.items())
        ]
        return self._alerts.take() + bundles if self._alerts.waiting else bundles

    def _catch_up(self, at: int) -> list[Message]:
        """Bundles of the minutes between the last step and the one that closes at ``at``."""
        last = self._last
        if last < 0:
            self._aggregator.begin(at - MINUTE)
            return []
        lost = (at - last) // MINUTE - 1
        if lost == 0:
            return []
        if lost > self._settings.max_gap_minutes:
            self._alerts.tell(
                "restart",
                "",
                at,
                f"{lost} minutes are missing after {minute(last)}, more than the "
                f"{self._settings.max_gap_minutes} that are made up for: the aggregation begins anew, load the history",
            )
            self._aggregator.begin(at - MINUTE)
            for state in self._states:
                state.trust = Trust()
                state.silent = False
            return []
        self._alerts.tell("gap", "", at, f"{lost} minutes are missing after {minute(last)}: published as missing")
        bundles: list[Message] = []
        nothing: list[Candle | None] = [None] * len(self._symbols)
        for passed in range(last + MINUTE, at, MINUTE):
            bundles += self._publish(passed, nothing)
        return bundles

    def _admit(self, step: FeedStep) -> list[Candle | None]:
        """The gate: a candle or None for each symbol, in the partition's order."""
        at = step.close_time
        last_open = at - 2 * MINUTE
        admitted: list[RawCandle | None] = [None] * len(self._symbols)
        refused: set[int] = set()
        for raw in step.candles:
            place = self._place.get(raw.symbol)
            fault: RefusalReason | None
            if place is None:
                fault = "unknown_symbol"
                self._alerts.tell("unknown_symbol", "", at, f"{raw.symbol} is not a symbol of partition {self._partition}")
            else:
                fault = time_fault(raw, at, last_open) or number_fault(raw)
                if fault is None:
                    earlier = admitted[place]
                    if earlier is not None:
                        self._repeated(earlier, raw, at)
                    admitted[place] = raw
                elif fault != "duplicate":
                    refused.add(place)
                    self._alerts.tell(
                        "candle_refused", raw.symbol, at, f"the candle of {minute(at - MINUTE)} was refused: {fault}"
                    )
            if fault is not None:
                self._alerts.count(fault)
        return [self._judged(place, raw, at, place in refused) for place, raw in enumerate(admitted)]

    def _judged(self, place: int, raw: RawCandle | None, at: int, refused: bool) -> Candle | None:
        state = self._states[place]
        if raw is None:
            if not state.silent and not refused:
                self._alerts.tell("candle_missing", self._symbols[place], at, f"no candle for {minute(at - MINUTE)}")
            state.silent = True
            return None
        state.silent = False
        if not (is_sound_flow(raw.flow, raw.volume) and is_sound_funding(raw.funding, at)):
            text = f"the candle of {minute(raw.open_time)} was published without its order flow, which cannot be"
            self._alerts.tell("flow_refused", raw.symbol, at, text)
        trusted = state.trust.reference
        verdict = judge(raw, state.trust, self._settings.max_move, self._settings.repricing_minutes)
        if verdict == "disputed":
            self._alerts.tell(
                "candle_disputed",
                raw.symbol,
                at,
                f"the candle of {minute(raw.open_time)} reaches from {raw.low} to {raw.high}, "
                f"the last trusted close is {trusted}: no entry rests on it",
            )
        return candle_of(raw, verdict)

    def _repeated(self, earlier: RawCandle, later: RawCandle, at: int) -> None:
        self._alerts.count("duplicate")
        if earlier != later:
            self._alerts.tell(
                "candle_repeated",
                later.symbol,
                at,
                f"{minute(later.open_time)} came twice in one step and differs: the last one was taken",
            )

    def _publish(self, at: int, candles: list[Candle | None]) -> list[Message]:
        bundles: list[Message] = []
        present = []
        for place, candle in enumerate(candles):
            if candle is not None:
                present.append(candle)
                self._aggregator.add(place, candle)
        if self._finest:
            absent: tuple[str, ...] = ()
            if len(present) < len(candles):
                absent = tuple(symbol for symbol, candle in zip(self._symbols, candles, strict=True) if candle is None)
            bundles.append(
                CandleBundle(
                    partition=self._partition, timeframe=FINEST, close_time=at, candles=tuple(present), missing=absent
                )
            )
        for closed in self._aggregator.close(at):
            bundles.append(
                CandleBundle(
                    partition=self._partition,
                    timeframe=closed.timeframe,
                    close_time=at,
                    candles=closed.candles,
                    missing=closed.missing,
                )
            )
        return bundles
