"""Moves the market of the drill: still at each close, so that entries fill, then to a stop or a target, and back."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Final

from cli.chaos.exchange import ExchangeFailed, SimulatedExchange
from cli.chaos.symbols import SYMBOLS, price_of
from shared.domain.timeframes import MINUTE

#: Shares of a minute of the candles: when prices leave, and when they are back.
_LEAVE, _BACK = 0.5, 0.86
#: How far they go, fraction: beyond stop and target of the drill.
_FAR: Final = Decimal("0.005")
_LOOK_S: Final = 0.05
_MEASURE_S: Final = 1.0


class Mover:
    """Prices of ``orders`` in time with the minutes of ``candles``, whose market seconds a second are ``speed``."""

    def __init__(self, orders: SimulatedExchange, candles: SimulatedExchange, speed: float, seed: int) -> None:
        self._orders, self._candles, self._speed, self._seed = orders, candles, speed, seed
        self._away = False
        self._at, self._measured = 0, -_MEASURE_S

    async def run(self) -> None:
        """Move prices until cancelled."""
        while True:
            minute, share = divmod(await self.minutes(), 1)
            if not self._away and _LEAVE <= share < _BACK:
                await self.leave(int(minute))
            elif self._away and not _LEAVE <= share < _BACK:
                await self.come_back()
            await asyncio.sleep(_LOOK_S)

    async def minutes(self) -> float:
        """The clock of the candles, in minutes; it is asked for once a second."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._measured >= _MEASURE_S:
            self._at, self._measured = await self._candles.time(), loop.time()
        return (self._at + (loop.time() - self._measured) * 1000 * self._speed) / MINUTE

    async def reach(self, share: float) -> None:
        """Wait until so much of a minute has passed."""
        now = await self.minutes()
        await asyncio.sleep((share - now) % 1 * 60 / self._speed)

    async def leave(self, number: int) -> None:
        """Send every symbol up or down, as ``number`` and the seed say."""
        self._away = True
        chance = random.Random(f"moves {self._seed} {number}")  # noqa: S311  a drill, no secret
        for symbol in SYMBOLS:
            await self._put(symbol, price_of(symbol) * (1 + chance.choice((1, -1)) * _FAR))

    async def come_back(self) -> None:
        """Return every symbol to its price."""
        self._away = False
        for symbol in SYMBOLS:
            await self._put(symbol, price_of(symbol))

    async def _put(self, symbol: str, price: Decimal) -> None:
        try:
            await self._orders.ask("price", "POST", {"symbol": symbol, "price": str(price)})
        except ExchangeFailed:
            return  # a symbol that a fault has taken away has no price
