"""Builds the exchange adapter that the configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.exchange.limits.parts import Part
from shared.exchange.settings import Endpoint, ExchangeSettings
from shared.store.port import StateStore

if TYPE_CHECKING:
    from shared.exchange.binance.exchange import BinanceExchange
    from shared.exchange.port import Exchange


def make_exchange(endpoint: Endpoint, settings: ExchangeSettings, store: StateStore | None, part: Part) -> Exchange:
    """Build the exchange adapter; await ``start`` before the first call and ``close`` after the last.

    Call it inside the running event loop: python-binance opens its HTTP session in its constructor.

    store: where the processes of a deployment share the count of the rate limits; None = this process counts alone.
    part: of which kind this process is, which decides how much of the address's request weight it may use.
    """
    # Imported here because python-binance is slow to import, and processes without an exchange do not need it.
    from shared.exchange.binance.exchange import BinanceExchange

    return BinanceExchange(endpoint, settings, store, part)


def make_guarded(endpoint: Endpoint, settings: ExchangeSettings) -> BinanceExchange:
    """Build the guardian's adapter, which shares no count with anybody and keeps to the guardian's share of the weight."""
    from shared.exchange.binance.exchange import BinanceExchange

    return BinanceExchange(endpoint, settings, None, "guardian")
