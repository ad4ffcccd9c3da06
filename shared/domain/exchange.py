"""The exchange port as messages: requests go in, events come out.

Execution's core never calls an exchange: it emits ``ExchangeRequests`` and consumes ``ExchangeEvents``. Whatever answers
(the simulated exchange or the gateway) must treat a request id or client order id that it has seen before as a *query*:
answer with the known state, never act twice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from shared.domain.account import AccountState
from shared.domain.candles import RawCandle
from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.orders import Fill, Order


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, tag="place"):
    """Place an order under ``order.client_id``."""

    order: Order


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Cancel the order with this client id."""

    symbol: Symbol
    client_id: str


ExchangeRequest = PlaceOrder | CancelOrder


class ExchangeRequests(Message, frozen=True, kw_only=True):
    """Requests that are sent together, in order. ``id`` is derived from the message that caused them; ``time``: UTC ms."""

    TYPE: ClassVar[str] = "exchange_requests"
    id: str
    time: Milliseconds
    requests: tuple[ExchangeRequest, ...]

    @property
    def topic(self) -> str:
        return "exchange.request"

    @property
    def message_id(self) -> str:
        return f"request:{self.id}"


class FundingPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A funding payment of one symbol. ``rate``: fraction of the notional; ``amount``: USDT, positive = received."""

    symbol: Symbol
    time: Milliseconds
    rate: Decimal
    amount: Decimal


class ExchangeEvents(Message, frozen=True, kw_only=True):
    """The exchange's answer to requests, or what happened there without one.

    reply_to: id of the requests; empty when these events answer none. orders: their states after the events, in the order of
    the events. fills: in order. account: the account after all of them.
    """

    TYPE: ClassVar[str] = "exchange_events"
    time: Milliseconds
    reply_to: str
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    funding: tuple[FundingPayment, ...]
    account: AccountState

    @property
    def topic(self) -> str:
        return "exchange.event"

    @property
    def message_id(self) -> str:
        return f"event:{self.reply_to}" if self.reply_to else f"event:step:{self.time}"


class MarketStep(Message, frozen=True, kw_only=True):
    """The market reached ``close_time`` (UTC ms): the simulator matches resting orders along these 1m candles.

    ``funding_rates``: symbol → rate, for those symbols that have a funding time at ``close_time``.
    """

    TYPE: ClassVar[str] = "market_step"
    close_time: Milliseconds
    candles: tuple[RawCandle, ...]
    funding_rates: dict[Symbol, Decimal] = msgspec.field(default_factory=dict)

    @property
    def topic(self) -> str:
        return "market.step"

    @property
    def message_id(self) -> str:
        return f"market:{self.close_time}"
