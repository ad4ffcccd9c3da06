"""Order management as it must not be: each specimen has one fault that the watchman must see."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.execution.core import ExecutionCore
from shared.domain.account import AccountReport
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequests, PlaceOrder
from shared.domain.message import Message
from shared.domain.orders import Order, VerdictBundle


class DoubleSender(ExecutionCore):
    """Takes a redelivered verdict for a new one, and numbers its entries instead of deriving their ids."""

    count = 0

    def handle(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, VerdictBundle) or message.close_time > self.state.decided_until:
            return super().handle(message)
        entries = tuple(self._entry(verdict.intent) for verdict in message.verdicts if verdict.intent is not None)
        return [ExchangeRequests(id=f"again-{self.count}", time=message.close_time, requests=entries)] if entries else []

    def _entry(self, intent) -> PlaceOrder:
        self.count += 1
        return PlaceOrder(
            order=Order(
                client_id=f"entry-{self.count}", symbol=intent.symbol, side=intent.side, type="MARKET",
                quantity=intent.quantity,
            )
        )  # fmt: skip


class Trusting(ExecutionCore):
    """Believes that a stop it sent is a stop it has: a refused one is heard as accepted."""

    def handle(self, message: Message) -> Sequence[Message]:
        if isinstance(message, ExchangeEvents):
            orders = tuple(self._believed(order) for order in message.orders)
            message = msgspec.structs.replace(message, orders=orders)
        return super().handle(message)

    @staticmethod
    def _believed(order: Order) -> Order:
        refused = order.type == "STOP_MARKET" and order.status in ("REJECTED", "EXPIRED") and not order.filled
        return msgspec.structs.replace(order, status="NEW") if refused else order


class Untidy(ExecutionCore):
    """Never takes the other exit away: its cancels are not sent."""

    def handle(self, message: Message) -> Sequence[Message]:
        return [self._without_cancels(output) for output in super().handle(message)]

    @staticmethod
    def _without_cancels(output: Message) -> Message:
        if not isinstance(output, ExchangeRequests):
            return output
        kept = tuple(request for request in output.requests if not isinstance(request, CancelOrder))
        return msgspec.structs.replace(output, requests=kept)


class Chatty(ExecutionCore):
    """Reports the account with every answer, not once a step."""

    def handle(self, message: Message) -> Sequence[Message]:
        outputs = list(super().handle(message))
        if isinstance(message, ExchangeEvents) and message.reply_to and outputs:
            outputs.append(AccountReport(time=message.time, account=message.account))
        return outputs


class Reusing(ExecutionCore):
    """Gives both exits one client id."""

    def handle(self, message: Message) -> Sequence[Message]:
        return [self._merged(output) for output in super().handle(message)]

    @staticmethod
    def _merged(output: Message) -> Message:
        if not isinstance(output, ExchangeRequests):
            return output
        requests = tuple(
            PlaceOrder(order=msgspec.structs.replace(request.order, client_id=f"exit-{request.order.symbol}"))
            if isinstance(request, PlaceOrder) and request.order.close_position
            else request
            for request in output.requests
        )
        return msgspec.structs.replace(output, requests=requests)
