"""The market as one strategy sees it at one close: the facts, and questions that read as a trader asks them."""

from __future__ import annotations

from services.signals.view.data import ViewData
from services.signals.view.undeclared import UndeclaredRead
from services.signals.view.zones import ZoneQueries


class MarketView(ZoneQueries):
    """All facts of one symbol, of every timeframe, as they were known at one close; see ``ViewData`` for what it is made of.

    >>> view.order_block("bullish", price, "1h")         # nearest unmitigated order block below, on 1h or higher
    >>> view.swept("bullish", "5m", since=opened)        # were lows swept since the kill zone opened?
    >>> view.displacement_after(sweep, "5m")             # and did price leave with force?
    >>> view.place(price, "1h")                          # premium, discount or equilibrium
    >>> view.targets("BUY", price, "1h")                 # liquidity above, nearest first
    >>> view.delta_share("15m", 4)                       # do takers buy or sell, over the last hour?
    >>> view.divergence("15m", 12)                       # a new low that was not sold?
    >>> view.funding()                                   # the rate that was settled last
    """

    __slots__ = ()

    def other(self, symbol: str) -> MarketView:
        """The same close of another symbol. Raises UndeclaredRead for one that the strategy does not declare."""
        found: ViewData | None = self._others.get(symbol)
        if not isinstance(found, MarketView):
            self.asked.append(f"symbol {symbol}")
            raise UndeclaredRead(f"symbol {symbol}")
        return found
