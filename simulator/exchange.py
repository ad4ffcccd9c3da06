"""The simulated exchange behind the exchange port: a pure core (EXEC-2, BT-1).

Every new MarketStep and every ExchangeRequests gives exactly one ExchangeEvents. Sim, paper and backtest use this very core.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, localcontext
from typing import Final

import msgspec

from shared.domain.exchange import ExchangeEvents, ExchangeRequests, MarketStep
from shared.domain.instruments import Instrument
from shared.domain.message import Message
from shared.domain.orders import Fill, Order
from simulator.matching import is_plausible, match
from simulator.placement import answer
from simulator.settings import SimulatorSettings
from simulator.venue import Venue, VenueState

#: Wide enough that sums and products of bounded prices, quantities and rates are exact, whatever the process has set.
_EXACT: Final = Context(prec=60)


class Answered(msgspec.Struct, frozen=True):
    """What a request got: its orders as they were then, and the fills that it produced."""

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]


class ExchangeState(msgspec.Struct):
    """``answered``: the last requests by id, oldest first."""

    venue: VenueState
    answered: dict[str, Answered]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(ExchangeState)


class SimulatedExchange:
    """One account on one exchange: USDT wallet, one-way mode, cross margin. The mark price is the last close seen.

    Time is that of the last market step: requests are answered at it, with market orders filled from its closes.

    What came before is never done again. A MarketStep at or before the last one gives nothing. A request id that is known
    is a query: its orders as they are now, the fills that it produced then, the account now. So is a client order id that
    is known, in a request of any id: the order as it is, and no fills. "Known" reaches back as far as the windows of the
    settings.
    """

    def __init__(self, settings: SimulatorSettings, instruments: Mapping[str, Instrument]) -> None:
        self._settings = settings
        self._max_price = float(settings.max_price)
        self._venue = Venue(settings, instruments)
        self._answered: dict[str, Answered] = {}

    def handle(self, message: Message) -> list[Message]:
        """A new MarketStep or an ExchangeRequests gives one ExchangeEvents; anything else gives nothing."""
        with localcontext(_EXACT):
            if isinstance(message, MarketStep):
                return self._step(message) if message.close_time > self._venue.time else []
            if isinstance(message, ExchangeRequests):
                return [self._answer(message)]
            return []

    def snapshot(self) -> bytes:
        """The whole state in msgpack."""
        return _ENCODER.encode(ExchangeState(self._venue.state(), self._answered))

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError for bytes that are not one."""
        state = _DECODER.decode(data)
        self._venue.restore(state.venue)
        self._answered = state.answered

    @property
    def skipped(self) -> dict[str, int]:
        """Candles ignored so far, by symbol: not plausible, or a second one of its symbol in a step."""
        return dict(self._venue.skipped)

    def _step(self, step: MarketStep) -> list[Message]:
        """Candles in symbol order, then funding at the closes, then whoever is under water at the closes."""
        venue = self._venue
        venue.begin()
        venue.time = step.close_time
        last = ""
        for candle in sorted(step.candles, key=lambda candle: candle.symbol):
            if candle.symbol not in venue.instruments:  # not traded here
                continue
            if candle.symbol == last or not is_plausible(candle, self._max_price):
                venue.skipped[candle.symbol] = venue.skipped.get(candle.symbol, 0) + 1
                continue
            last = candle.symbol
            match(candle, venue)
        rates = step.funding_rates
        funding = [
            venue.fund(symbol, rates[symbol])
            for symbol in sorted(rates)
            if symbol in venue.account.holdings and rates[symbol].is_finite()
        ]
        for symbol in sorted(venue.account.holdings):
            if venue.underwater():
                venue.autoclose(symbol)
        return [
            ExchangeEvents(
                time=venue.time,
                reply_to="",
                orders=tuple(venue.orders),
                fills=tuple(venue.fills),
                funding=tuple(funding),
                account=venue.account_state(),
            )
        ]

    def _answer(self, asked: ExchangeRequests) -> ExchangeEvents:
        venue = self._venue
        known = self._answered.get(asked.id)
        if known is None:
            venue.begin()
            answers = [answer(request, venue) for request in asked.requests]
            # One line an order, in its final state, where it was first named.
            orders = tuple({order.client_id: order for order in map(self._now, answers)}.values())
            known = self._answered[asked.id] = Answered(orders, tuple(venue.fills))
            if len(self._answered) > self._settings.requests_remembered:
                del self._answered[next(iter(self._answered))]
        return ExchangeEvents(
            time=venue.time,
            reply_to=asked.id,
            orders=tuple(map(self._now, known.orders)),
            fills=known.fills,
            funding=(),
            account=venue.account_state(),
        )

    def _now(self, order: Order) -> Order:
        """The order as it is now; as it was answered then, when the venue does not know it (any more)."""
        return self._venue.known(order.client_id) or order
