"""The exchange port on the matching core, with a market that the test moves."""

from __future__ import annotations

import time
from decimal import Decimal

from shared.config.settings import CommonSettings
from simulator.bracket_file import load_brackets
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.filters import Filters
from simulator.settings import SimulatorSettings
from tests.support.exchange.simulated_port import SimulatedPort

SYMBOLS = ("BTCUSDT", "ETHUSDT")
#: A fixed beginning: the core's time is the test's.
EPOCH = 1_780_000_000_000

#: What is offered at the best ask where a test asks for it: less than it wants.
OFFERED = Decimal("0.025")


class MovedPort(SimulatedPort):
    """``move`` sets a price. Its clock runs, and no two calls are at the same time.

    Unrealistic: no wire, no signature, no rate limits, no lost answers; the market moves only when the test moves it.
    """

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        settings = settings or SimulatorSettings()
        table = CommonSettings().instrument_table()
        filters = {
            name: Filters.of_instrument(each, max_price=settings.max_price, max_quantity=settings.max_quantity)
            for name, each in table.items()
        }
        self.time = EPOCH
        self._began = time.monotonic()
        super().__init__(ExchangeCore(settings, filters, load_brackets()), SYMBOLS, self._tick)
        self.move("BTCUSDT", Decimal(100_000))
        self.move("ETHUSDT", Decimal(4_000))

    def _tick(self) -> int:
        self.time = max(self.time + 1, EPOCH + int((time.monotonic() - self._began) * 1000))
        return self.time

    def offer(self, symbol: str, quantity: Decimal) -> Decimal:
        """So much is offered at the best ask, until the market moves; returns that price."""
        price, tick = self.core.mark_price(symbol), self._tick()
        assert price is not None
        self.core.on_quote(symbol, price, price, tick, quantity, quantity)
        return price

    def move(self, symbol: str, price: Decimal, quantity: Decimal | None = None) -> None:
        """A trade at ``price``, the quote around it, and the mark there."""
        tick = Decimal("0.10") if symbol == "BTCUSDT" else Decimal("0.01")
        self.core.on_quote(symbol, price - tick, price + tick, self._tick())
        self.core.on_mark(symbol, price, self._tick())
        self.core.on_trade(symbol, price, self._tick(), quantity)
        self.pump()
