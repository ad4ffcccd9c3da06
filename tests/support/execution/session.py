"""A random session: verdicts, market steps, refusals, silence, repeats and restarts, under the watchman's eyes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.domain.account import AccountReport, Trade
from shared.domain.exchange import ExchangeRequests
from shared.domain.message import Message
from shared.domain.orders import Order, VerdictBundle
from tests.support.execution.desk import BTC, ETH, INSTRUMENTS, KEY, MINUTE, bundle, intent
from tests.support.execution.exchange import FakeExchange, Happening, Outcome
from tests.support.execution.watch import Watch

SETTINGS = ExecutionSettings()


@dataclass
class Session:
    """``outside``: others act on the account too. ``restarts``: the core is now and then replaced by its own snapshot."""

    draw: random.Random
    make: Callable[[], ExecutionCore] = lambda: ExecutionCore(INSTRUMENTS, SETTINGS, KEY)
    outside: bool = True
    restarts: bool = True
    mischief: float = 0.3
    closed: list[Trade] = field(default_factory=list)
    past: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = self.make()
        self.exchange = FakeExchange(self._decide)
        self.watch = Watch(self.exchange, patience=12 if self.outside else 0)

    def play(self, steps: int) -> Watch:
        for n in range(1, steps + 1):
            self._give(self.exchange.step(n * MINUTE, self._happenings()))
            self.watch.settled()
            self._give(self._verdicts(n))
            self.watch.settled()
        return self.watch

    def _give(self, first: Message) -> None:
        inbox, rounds = [first], 0
        while inbox:
            rounds += 1
            assert rounds < 300, "requests and replies never come to rest"
            message = inbox.pop(0)
            self.past.append(message)
            inbox += self._deliver(message, repeated=False)
            if self.draw.random() < 0.2:
                inbox += self._deliver(self.draw.choice([message, *self.past[-20:]]), repeated=True)

    def _deliver(self, message: Message, *, repeated: bool) -> list[Message]:
        before = self.core.snapshot() if repeated else b""
        outputs = list(self.core.handle(message))
        if repeated and self.core.snapshot() != before:
            self.watch.violations.append(f"{message.message_id} was repeated and changed the state")
        self.watch.hear(message, outputs, repeated=repeated)
        for output in outputs:
            if isinstance(output, AccountReport):
                self.closed += output.closed_trades
        if self.restarts and self.draw.random() < 0.2:
            snapshot, self.core = self.core.snapshot(), self.make()
            self.core.restore(snapshot)
            assert self.core.snapshot() == snapshot
        return [self.exchange.answer(output) for output in outputs if isinstance(output, ExchangeRequests)]

    def _decide(self, order: Order) -> Outcome:
        good: Outcome = "fill" if order.type == "MARKET" else "accept"
        if self.draw.random() > self.mischief:
            return good
        if order.reduce_only:
            return self.draw.choice(["reject", "expire", "drop", "fill_half_then_expire"])
        if order.close_position:
            return self.draw.choice(["reject", "expire", "drop", "accept_unreported"])
        return self.draw.choice(
            [
                "reject",
                "expire",
                "drop",
                "accept_unreported",
                "fill_half",
                "fill_half_then_expire",
            ]
        )

    def _happenings(self) -> list[Happening]:
        happenings: list[Happening] = []
        names = [order.client_id for symbol in (BTC, ETH) for order in self.exchange.resting(symbol)]
        for name in names:
            if self.draw.random() < 0.35:
                happenings.append((self.draw.choice(["trigger", "trigger", "trigger", "part", "lose"]), name))
        for symbol in (BTC, ETH):
            if self.draw.random() < 0.2:
                happenings.append(("fund", symbol))
            if self.draw.random() < 0.05:
                happenings.append((self.draw.choice(["liquidate", "foreign"]), symbol))
            if self.outside and self.draw.random() < 0.03:
                happenings.append(("outside_close", symbol))
        self.draw.shuffle(happenings)
        return happenings

    def _verdicts(self, n: int) -> VerdictBundle:
        close_time = n * MINUTE
        intents = [
            intent(
                f"{symbol}-{n}-{k}",
                symbol,
                close_time,
                side=self.draw.choice(["BUY", "SELL"]),
                expires_at=close_time + 3 * MINUTE,
            )
            for symbol in (BTC, ETH)
            for k in range(self.draw.choice([0, 1, 1, 2]))
        ]
        key = KEY if self.draw.random() > 0.05 else "another key"
        return bundle(*intents, close_time=close_time, key=key)

    @property
    def results(self) -> Decimal:
        """What the trades say they made: reported, about to be, and still live."""
        live = [trade.report() for trade in self.core.state.trades.values()]
        return sum((trade.result for trade in [*self.closed, *self.core.state.closed, *live]), Decimal(0))
