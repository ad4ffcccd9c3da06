"""Turns live closed candles into market steps of the simulated exchange (mode paper).

There is one step a minute, sent once the 1m bundles of all partitions have arrived. Bundles of one partition arrive in
order of time, so a partition that has sent a later minute is not waited for. Candles that the quality gate disputed are
left out and so fill no order. Fundings since the last step are paid with the next one, at its close prices.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.candles import Candle, CandleBundle, RawCandle
from shared.domain.control import FundingDue
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.timeframes import FINEST


class PaperState(msgspec.Struct, kw_only=True):
    """The part of PaperMarket that a snapshot holds. All times UTC ms.

    stepped_until: close time of the last step sent, -1 before the first. newest: partition → its newest close time.
    pending: close time → partition → candles that wait for a step. fundings: symbol → (time, rate) not paid yet.
    funded: symbol → time of the last funding received.
    """

    stepped_until: int = -1
    newest: dict[int, int] = msgspec.field(default_factory=dict)
    pending: dict[int, dict[int, tuple[RawCandle, ...]]] = msgspec.field(default_factory=dict)
    fundings: dict[str, tuple[int, Decimal]] = msgspec.field(default_factory=dict)
    funded: dict[str, int] = msgspec.field(default_factory=dict)


class PaperMarket:
    """Collects live 1m bundles and sends market steps.

    max_pending: most minutes that wait for a partition that sends nothing; beyond that the oldest is sent without it.
    """

    def __init__(self, partitions: int, max_pending: int) -> None:
        self._partitions = range(partitions)
        self._max_pending = max_pending
        self._state = PaperState()

    def handle(self, message: Message, now: int) -> list[Message]:
        """Take a 1m bundle and return the steps it completes, or keep a funding for the next step; ignore the rest."""
        if isinstance(message, FundingDue):
            self._fund(message)
        elif isinstance(message, CandleBundle) and message.timeframe == FINEST and not message.warmup:
            return self._take(message)
        return []

    def snapshot(self) -> bytes:
        """Return the whole state as msgpack."""
        return msgspec.msgpack.encode(self._state)

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError if ``data`` is no snapshot."""
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
        arrived = state.pending[at]
        awaited = [part for part in self._partitions if part not in arrived and state.newest.get(part, -1) < at]
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
