"""Order flow as context (ICT-14): the newest second of every symbol, and nothing older."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter, Gauge

from shared.domain.control import Micro
from shared.runtime.sink import Received

_RECEIVED: Final = Counter("ict_micro_received_total", "Order-flow seconds received", ["symbol"])
_SPREAD: Final = Gauge("ict_micro_spread_ratio", "Bid-ask spread over mid price, newest second", ["symbol"])
_TIME: Final = Gauge("ict_micro_timestamp_seconds", "Time of the newest order-flow second", ["symbol"])


class FlowSink:
    """Keeps the newest Micro per symbol; older ones that come late change nothing."""

    def __init__(self) -> None:
        self.newest: dict[str, Micro] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, received: Sequence[Received]) -> None:
        messages = [each.message for each in received]
        for message in messages:
            if isinstance(message, Micro):
                _RECEIVED.labels(message.symbol).inc()
                known = self.newest.get(message.symbol)
                if known is None or message.time > known.time:
                    self.newest[message.symbol] = message
        for symbol in {message.symbol for message in messages if isinstance(message, Micro)}:
            micro = self.newest[symbol]
            _SPREAD.labels(symbol).set((micro.ask - micro.bid) / ((micro.ask + micro.bid) / 2))
            _TIME.labels(symbol).set(micro.time / 1000)

    async def close(self) -> None:
        """Nothing to close: what it knew is stale by the time anybody could read it again."""
