"""The live market for a simulated exchange: closed live candles become its market steps (mode paper).

One step a minute, when the 1m bundles of all partitions are in. Partitions speak in order of time: one that has spoken of a
later minute will not speak of this one any more, and nobody waits for it. What the quality gate disputed moves no order.
Fundings that passed since the last step are paid at the next one, at its closes.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.candles import Candle, CandleBundle, RawCandle
from shared.domain.control import FundingDue
from shared.domain.exchange import MarketStep
from shared.domain.message import Message
from shared.domain.timeframes import FINEST


class PaperState(msgspec.Struct, kw_only=True):
    """``pending``: close time → partition → candles. ``newest``: partition → its newest close. ``fundings``: symbol → (time,
    rate) of the one that is still to be paid; ``funded``: symbol → time of the last one heard."""

    stepped_until: int = -1
    newest: dict[int, int] = msgspec.field(default_factory=dict)
    pending: dict[int, dict[int, tuple[RawCandle, ...]]] = msgspec.field(default_factory=dict)
    fundings: dict[str, tuple[int, Decimal]] = msgspec.field(default_factory=dict)
    funded: dict[str, int] = msgspec.field(default_factory=dict)


class PaperMarket:
    """Turns live 1m bundles into market steps. ``max_pending``: most steps that wait for a silent partition."""

    def __init__(self, partitions: int, max_pending: int) -> None:
        self._partitions = range(partitions)
        self._max_pending = max_pending
        self._state = PaperState()

    def handle(self, message: Message) -> list[Message]:
        """A 1m bundle may complete steps; a funding waits for the next step; anything else gives nothing."""
        if isinstance(message, FundingDue):
            self._fund(message)
        elif isinstance(message, CandleBundle) and message.timeframe == FINEST and not message.warmup:
            return self._take(message)
        return []

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self._state)

    def restore(self, data: bytes) -> None:
        self._state = msgspec.msgpack.decode(data, type=PaperState)

    def _fund(self, due: FundingDue) -> None:
        state = self._state
        if due.time > state.funded.get(due.symbol, -1):
            state.funded[due.symbol] = due.time
            state.fundings[due.symbol] = (due.time, due.rate)

    def _take(self, bundle: CandleBundle) -> list[Message]:
        state, at = self._state, bundle.close_time
        if at <= state.stepped_until or bundle.partition not in self._partitions:
            return []
        state.newest[bundle.partition] = max(at, state.newest.get(bundle.partition, -1))
        candles = tuple(_raw(candle) for candle in bundle.candles if candle.state != "disputed")
        state.pending.setdefault(at, {}).setdefault(bundle.partition, candles)
        steps: list[Message] = []
        while state.pending and self._complete(min(state.pending)):
            steps.append(self._step(min(state.pending)))
        return steps

    def _complete(self, at: int) -> bool:
        state = self._state
        heard = state.pending[at]
        awaited = [part for part in self._partitions if part not in heard and state.newest.get(part, -1) < at]
        return not awaited or len(state.pending) > self._max_pending

    def _step(self, at: int) -> MarketStep:
        state = self._state
        parts = state.pending.pop(at)
        state.stepped_until = at
        due = {symbol: rate for symbol, (time, rate) in state.fundings.items() if time <= at}
        for symbol in due:
            del state.fundings[symbol]
        candles = tuple(candle for part in sorted(parts) for candle in parts[part])
        return MarketStep(close_time=at, candles=candles, funding_rates=due)


def _raw(candle: Candle) -> RawCandle:
    return RawCandle(
        symbol=candle.symbol,
        open_time=candle.open_time,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        backfilled=candle.state == "backfilled",
    )
