"""Which exchange a configuration means. Nothing else constructs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.exchange.settings import Endpoint, ExchangeSettings
from shared.store.port import StateStore

if TYPE_CHECKING:
    from shared.exchange.port import Exchange


def make_exchange(endpoint: Endpoint, settings: ExchangeSettings, store: StateStore | None) -> Exchange:
    """The exchange, not yet started: await ``start`` before use and ``close`` after. Build it inside the running loop.

    ``store``: where the rate limits are shared with the other processes; None = this process counts alone.
    """
    from shared.exchange.binance.exchange import BinanceExchange  # heavy; whoever has no exchange does not pay for it

    return BinanceExchange(endpoint, settings, store)
