"""A desk for execution's scenarios: intents, a core, a scripted exchange, and a readable trail of what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.domain.account import AccountReport, Trade
from shared.domain.approval import sign
from shared.domain.control import Alert, Control
from shared.domain.exchange import ExchangeRequests, PlaceOrder
from shared.domain.ids import client_order_id
from shared.domain.instruments import Instrument
from shared.domain.message import Message
from shared.domain.orders import Order, OrderIntent, StepReport, Verdict, VerdictBundle
from tests.support.execution.exchange import FakeExchange, Happening, Outcome, converse, normally

KEY = "a key for tests"
MINUTE = 60_000
BTC, ETH = "BTCUSDT", "ETHUSDT"
INSTRUMENTS: Mapping[str, Instrument] = {
    symbol: Instrument(
        symbol=symbol,
        tick_size=Decimal("0.1"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(5),
    )
    for symbol in (BTC, ETH)
}
LEGS = ("entry", "stop", "target", *(f"stop-{n}" for n in range(2, 60)), *(f"close-{n}" for n in range(1, 60)))


def intent(name: str = "i1", symbol: str = BTC, close_time: int = MINUTE, **changes: object) -> OrderIntent:
    """A long of 2 from 100 with stop 95 and target 110; ``side="SELL"`` mirrors it."""
    long = changes.get("side", "BUY") == "BUY"
    fields: dict[str, object] = {
        "side": "BUY",
        "quantity": Decimal(2),
        "entry": Decimal(100),
        "stop": Decimal(95 if long else 105),
        "target": Decimal(110 if long else 90),
        "expires_at": close_time + 15 * MINUTE,
        "risk_amount": Decimal(10),
    }
    return OrderIntent(id=name, signal_id=f"s-{name}", symbol=symbol, close_time=close_time, **{**fields, **changes})


def bundle(*intents: OrderIntent, close_time: int | None = None, key: str = KEY) -> VerdictBundle:
    """Risk's verdicts at a close, signed with ``key``."""
    verdicts = tuple(Verdict(decision_id=f"d-{i.id}", symbol=i.symbol, intent=i, signature=sign(i, key)) for i in intents)
    return VerdictBundle(close_time=intents[0].close_time if close_time is None else close_time, verdicts=verdicts)


def control(command: str, name: str = "c1") -> Control:
    return Control(id=name, command=command, by="me", reason="a test")


def core(settings: ExecutionSettings | None = None) -> ExecutionCore:
    return ExecutionCore(INSTRUMENTS, settings or ExecutionSettings(), KEY)


class Desk:
    """A core at a scripted exchange. ``trail``: one list per ExchangeRequests, ``+leg`` placed, ``-leg`` cancelled."""

    def __init__(self, script: Mapping[str, Outcome] | None = None, settings: ExecutionSettings | None = None) -> None:
        self.script = dict(script or {})
        self.core = ExecutionCore(INSTRUMENTS, settings or ExecutionSettings(), KEY)
        self.exchange = FakeExchange(self._decide)
        self.legs: dict[str, str] = {}
        self.trail: list[list[str]] = []
        self.messages: list[Message] = []
        self.now = 0

    def verdict(self, *intents: OrderIntent, close_time: int | None = None, key: str = KEY) -> None:
        for one in intents:
            self.legs |= {client_order_id(one.id, leg): leg for leg in LEGS}
        self.give(bundle(*intents, close_time=close_time, key=key))

    def step(self, *happenings: Happening) -> None:
        """One market step later; orders are named by leg."""
        self.now = max(self.now + MINUTE, 2 * MINUTE)
        ids = {leg: client_id for client_id, leg in self.legs.items()}
        self.give(self.exchange.step(self.now, [(what, ids.get(name, name)) for what, name in happenings]))

    def give(self, message: Message) -> None:
        converse(self.core, self.exchange, message, self.hear)

    def hear(self, message: Message, outputs: list[Message]) -> None:
        restored = ExecutionCore(INSTRUMENTS, ExecutionSettings(), KEY)
        restored.restore(self.core.snapshot())
        assert restored.state == self.core.state
        self.messages += outputs
        for output in outputs:
            if isinstance(output, ExchangeRequests):
                self.trail.append([self._word(request) for request in output.requests])

    def of(self, kind: type) -> list:
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def alerts(self) -> list[tuple[str, str]]:
        """(severity, what the key begins with)."""
        return [(alert.severity, alert.key.partition(".")[0]) for alert in self.of(Alert)]

    @property
    def closed(self) -> list[Trade]:
        return [trade for report in self.of(AccountReport) for trade in report.closed_trades]

    @property
    def reports(self) -> list[tuple[str, int]]:
        return [
            ("account", m.time) if isinstance(m, AccountReport) else ("step", m.close_time)
            for m in self.messages
            if isinstance(m, AccountReport | StepReport)
        ]

    def _decide(self, order: Order) -> Outcome:
        return self.script.get(self.legs.get(order.client_id, ""), normally(order))

    def _word(self, request: object) -> str:
        if isinstance(request, PlaceOrder):
            return "+" + self.legs[request.order.client_id]
        return "-" + self.legs[request.client_id]


def states(trades: Iterable[Trade]) -> list[str]:
    return [trade.state for trade in trades]


def clone(core: ExecutionCore) -> ExecutionCore:
    """A core restored from this one's snapshot."""
    other = ExecutionCore(INSTRUMENTS, ExecutionSettings(), KEY)
    other.restore(core.snapshot())
    return other


def renamed(order: Order, client_id: str) -> Order:
    return msgspec.structs.replace(order, client_id=client_id)
