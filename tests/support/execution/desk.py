"""A desk for execution's scenarios: intents, a core with shipped settings at the model exchange, short words for both."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.execution.core import ExecutionCore
from services.execution.plans.plan import Plan
from services.execution.requests import CancelOrder, PlaceOrder
from services.execution.settings import ExecutionSettings
from services.execution.state import leg_key
from shared.domain.account import AccountStatement, Trade
from shared.domain.client_ids import client_order_id, lineage
from shared.domain.control import Alert, Control
from shared.domain.instruments import Instrument
from shared.domain.intents import ExitRung, OrderIntent, RiskOrder, Verdict, VerdictBundle
from shared.domain.order_words import PositionSide
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from tests.support.approval.pairs import CREDULOUS, CREDULOUS_RISK_ORDERS
from tests.support.execution.driver import VALIDITY_MS, ModelDriver, Weather
from tests.support.execution.exchange import ModelExchange

D = Decimal
BTC, ETH = "BTCUSDT", "ETHUSDT"
START = 1_000_000
LINEAGE = lineage("sim", "tests")
INSTRUMENTS: Mapping[str, Instrument] = {
    symbol: Instrument(
        symbol=symbol, tick_size=D("0.1"), step_size=D("0.001"), min_quantity=D("0.001"), min_notional=D(5)
    )
    for symbol in (BTC, ETH)
}  # fmt: skip


#: The kind of core that desks are made with: a specimen's tests put theirs here.
KIND: type[ExecutionCore] = ExecutionCore


def core(kind: type[ExecutionCore] | None = None, settings: ExecutionSettings | None = None, **more: Any) -> ExecutionCore:
    """A core that takes the signature ``good``."""
    return (kind or KIND)(
        INSTRUMENTS,
        settings or ExecutionSettings(),
        lambda intent, signature: signature == "good",
        commands=CREDULOUS,
        lineage=LINEAGE,
        validity_ms=VALIDITY_MS,
        **{"risk_orders": CREDULOUS_RISK_ORDERS} | more,
    )


def intent(name: str = "i1", now: int = START, symbol: str = BTC, **changes: Any) -> OrderIntent:
    """A long of 2 at 100 with bound 100.5, stop 95 and one exit at 110; ``side="SELL"`` mirrors it."""
    long = changes.get("side", "BUY") == "BUY"
    fields: dict[str, Any] = {
        "side": "BUY",
        "quantity": D(2),
        "price": D(100),
        "bound": D("100.5") if long else D("99.5"),
        "stop": D(95) if long else D(105),
        "exits": (ExitRung(price=D(110) if long else D(90)),),
        "close_time": now,
        "decided_at": now,
        "valid_until": now + 5_000,
        "risk_amount": D(10),
        "risk_budget": D(12),
    }
    return OrderIntent(id=name, signal_id=f"s-{name}", symbol=symbol, **{**fields, **changes})


def bundle(*intents: OrderIntent, signature: str = "good", close_time: int | None = None) -> VerdictBundle:
    """Risk's verdicts at a close."""
    verdicts = tuple(Verdict(decision_id=f"d-{i.id}", symbol=i.symbol, intent=i, signature=signature) for i in intents)
    return VerdictBundle(close_time=intents[0].close_time if close_time is None else close_time, verdicts=verdicts)


def control(command: Any, name: str = "c1", **changes: Any) -> Control:
    """A command with the signature that a desk's core takes."""
    fields: dict[str, Any] = {"by": "me", "reason": "a test", "signature": "good", **changes}
    return Control(id=name, command=command, **fields)


def order(name: str = "f1", sent_at: int = START, **changes: Any) -> RiskOrder:
    """An order of risk, to flatten unless ``changes`` say otherwise, with the signature that a desk's core takes."""
    fields: dict[str, Any] = {"kind": "flatten", "reason": "a drawdown", "decided_at": START, "signature": "good", **changes}
    return RiskOrder(id=name, sent_at=sent_at, **fields)


def operators(role: Any, name: str = "x") -> str:
    """A client id of the guardian (``g``) or an operator (``o``)."""
    return client_order_id(role, LINEAGE, name)


class Desk:
    """A core at the model exchange, at ``START``, with a first statement."""

    def __init__(self, kind: type[ExecutionCore] | None = None, weather: Weather | None = None, **more: Any) -> None:
        self.exchange = ModelExchange(time=START, price={BTC: D(100), ETH: D(100)})
        self.driver = ModelDriver(
            make=lambda: core(kind, **more), exchange=self.exchange, weather=weather or Weather(), now=START
        )
        self.driver.state_account()
        self.run(0)

    # -- what is done -------------------------------------------------------------------------------------------------

    def run(self, ms: int, step: int = 100) -> None:
        self.driver.run(ms, step) if ms else self.driver._work()

    def approve(self, *intents: OrderIntent, **more: Any) -> None:
        self.driver.give(bundle(*intents, **more))

    def enter(self, name: str = "i1", **changes: Any) -> Plan | None:
        """Approve an intent now; returns its trade."""
        one = intent(name, self.now, **changes)
        self.approve(one)
        return self.plan(one.symbol)

    def price(self, price: str | int, symbol: str = BTC) -> None:
        self.driver.happen(lambda: self.exchange.move(symbol, D(price)))

    def person(self, signed: str | int, symbol: str = BTC, client_id: str = "web_1") -> None:
        """Somebody trades at the market, in the app."""
        self.driver.happen(lambda: self.exchange.market(symbol, D(signed), client_id))

    def person_cancels(self, order: ExchangeOrder | None) -> None:
        assert order is not None, "it stands"
        self.driver.happen(lambda: self.exchange.cancel(OrderRef(symbol=order.symbol, id=order.id, book=order.book)))

    def person_stop(self, trigger: str | int, client_id: str = "web_stop", side: Any = "SELL", symbol: str = BTC) -> None:
        order = NewOrder(
            client_id=client_id, symbol=symbol, side=side, type="STOP_MARKET", trigger=D(trigger), close_position=True
        )
        self.driver.happen(lambda: self.exchange.place(order))

    # -- what is seen -------------------------------------------------------------------------------------------------

    @property
    def core(self) -> ExecutionCore:
        return self.driver.core

    @property
    def now(self) -> int:
        return self.driver.now

    def plan(self, symbol: str = BTC, leg: PositionSide = "BOTH") -> Plan | None:
        return self.core.state.plans.get(leg_key(symbol, leg))

    @property
    def state(self) -> str:
        """Of the one trade that lives, else of the last that was over."""
        plan = self.plan() or next(reversed(self.core.state.past.values()), None)
        return plan.state if plan is not None else ""

    def held(self, name: str = BTC) -> Decimal:
        """Of a symbol, or of a leg of hedge mode (``shares.leg_name``)."""
        return self.exchange.position.get(name, D(0))

    def stop(self, symbol: str = BTC, side: str = "SELL") -> ExchangeOrder | None:
        return self.exchange.standing(symbol, side)

    def rungs(self, symbol: str = BTC) -> list[tuple[Decimal, Decimal]]:
        """(trigger, quantity) of the targets that live, nearest first."""
        living = [each for each in self.exchange.living(symbol) if each.type == "TAKE_PROFIT_MARKET"]
        return sorted((each.trigger, each.quantity) for each in living)

    def resting(self, symbol: str = BTC) -> list[ExchangeOrder]:
        return self.exchange.living(symbol)

    def entries(self) -> list[NewOrder]:
        """Orders of ours that reached the exchange and may increase a position."""
        return [each for each in self.exchange.arrived if not each.protects and each.client_id.startswith("icte")]

    def placed(self, kind: str) -> list[NewOrder]:
        return [each for each in self.exchange.arrived if each.type == kind]

    @property
    def requests(self) -> list[Any]:
        return [each for _, _, each in self.driver.trail if isinstance(each, PlaceOrder | CancelOrder)]

    @property
    def alerts(self) -> list[str]:
        """What the keys begin with."""
        return [each.key.partition(".")[0] for each in self.driver.messages if isinstance(each, Alert)]

    @property
    def trades(self) -> list[Trade]:
        """Those that were told to be closed."""
        told = [each for each in self.driver.messages if isinstance(each, AccountStatement)]
        return [trade for each in told for trade in each.closed_trades]

    @property
    def frozen(self) -> dict[str, str]:
        return {symbol: freeze.reason for symbol, freeze in self.core.state.frozen.items()}
