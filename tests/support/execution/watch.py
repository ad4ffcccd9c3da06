"""The watchman over execution: judges from outside, by what reached the exchange and what it holds.

``Watch`` is given every message that a core took and what came of it, and says what was broken. It knows nothing of the
core's inside, so that the real core and broken specimens are judged alike.
"""

from __future__ import annotations

from collections import Counter

from shared.domain.account import AccountReport
from shared.domain.exchange import ExchangeEvents, ExchangeRequests, PlaceOrder
from shared.domain.message import Message
from shared.domain.orders import Order, StepReport, VerdictBundle
from tests.support.execution.exchange import FakeExchange


class Watch:
    """Collects ``violations``. ``patience``: looks (two a step) at exits that still rest after the position is gone."""

    def __init__(self, exchange: FakeExchange, patience: int) -> None:
        self.exchange = exchange
        self.patience = patience
        self.violations: list[str] = []
        self._known: dict[str, Order] = {}
        self._requests: set[str] = set()
        self._intents: Counter[str] = Counter()
        self._expected: dict[type, list[int]] = {AccountReport: [], StepReport: []}
        self._reported: dict[type, list[int]] = {AccountReport: [], StepReport: []}
        self._orphaned: Counter[str] = Counter()

    def hear(self, message: Message, outputs: list[Message], *, repeated: bool = False) -> None:
        """One message and its outputs. ``repeated``: it was delivered before."""
        if repeated and outputs:
            self.violations.append(f"{message.message_id} was repeated and gave {[type(o).__name__ for o in outputs]}")
        if not repeated:
            self._expect(message)
        for output in outputs:
            if isinstance(output, ExchangeRequests):
                self._sent(output)
            elif isinstance(output, AccountReport):
                self._reported[AccountReport].append(output.time)
            elif isinstance(output, StepReport):
                self._reported[StepReport].append(output.close_time)

    def settled(self) -> None:
        """No request is without an answer: everything due was reported, what is held is protected, what is flat is clear."""
        for kind, expected in self._expected.items():
            if self._reported[kind] != expected:
                self.violations.append(f"{kind.__name__}: {self._reported[kind][-3:]} came, {expected[-3:]} were due")
        exchange = self.exchange
        for symbol in sorted({order.symbol for order in exchange.placed}):
            held = exchange.position.get(symbol, 0)
            resting = [order for order in exchange.resting(symbol) if order.client_id in self._known]
            stops = [order for order in resting if order.type == "STOP_MARKET" and order.close_position]
            refused_closing = (exchange.time, symbol, True) in exchange.refused
            if held and not stops and not refused_closing:
                self.violations.append(f"{symbol}: {held} is held at {exchange.time} without an accepted stop")
            exits = [order.client_id for order in resting if order.close_position or order.reduce_only]
            self._orphaned[symbol] = self._orphaned[symbol] + 1 if exits and not held else 0
            if self._orphaned[symbol] > self.patience:
                self.violations.append(f"{symbol}: flat, and {exits} rest")

    def _expect(self, message: Message) -> None:
        if isinstance(message, VerdictBundle):
            self._expected[StepReport].append(message.close_time)
            for verdict in message.verdicts:
                if verdict.intent is not None:
                    self._intents[verdict.symbol] += 1
        elif isinstance(message, ExchangeEvents) and not message.reply_to:
            self._expected[AccountReport].append(message.time)

    def _sent(self, sent: ExchangeRequests) -> None:
        if sent.id in self._requests:
            self.violations.append(f"request {sent.id} left twice")
        self._requests.add(sent.id)
        for request in sent.requests:
            if not isinstance(request, PlaceOrder):
                continue
            order = request.order
            if self._known.setdefault(order.client_id, order) != order:
                self.violations.append(f"two orders share the client id {order.client_id}")
        entries = Counter(
            order.symbol for order in self._known.values() if not order.reduce_only and not order.close_position
        )
        for symbol, count in entries.items():
            if count > self._intents[symbol]:
                self.violations.append(f"{symbol}: {count} entries for {self._intents[symbol]} intents")
