"""One input costs what it concerns: with a hundred trades and thousands of orders remembered, news of one look at one."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec
import pytest

from services.execution.core import ExecutionCore
from services.execution.inputs import News
from services.execution.oms.order import LiveOrder
from services.execution.plans.plan import Plan
from services.execution.settings import ExecutionSettings
from shared.domain.control import ClockTick
from shared.domain.instruments import Instrument
from shared.domain.intents import ExitRung
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.model.user_events import AlgoUpdate
from tests.support.approval.pairs import CREDULOUS, CREDULOUS_RISK_ORDERS
from tests.support.execution.desk import INSTRUMENTS, LINEAGE, START, Desk, bundle, intent

D = Decimal
HUNDRED = [f"S{n}USDT" for n in range(100)]


class Many(Desk):
    """A hundred open trades, each with a stop and a target, and 4,000 orders of trades that are over."""

    def __init__(self) -> None:
        super().__init__()
        one = next(iter(INSTRUMENTS.values()))
        instruments = {name: _named(one, name) for name in HUNDRED}
        core = ExecutionCore(
            instruments,
            ExecutionSettings(entries_per_minute=1_000, trades_remembered=2_000),
            lambda intent, signature: True,
            commands=CREDULOUS,
            risk_orders=CREDULOUS_RISK_ORDERS,
            lineage=LINEAGE,
            validity_ms=1_500,
        )
        core.restore(self.core.snapshot())
        self.driver.core = core
        self.exchange.price |= dict.fromkeys(HUNDRED, D(100))
        self.driver.give(bundle(*(intent(f"i{name}", START, name) for name in HUNDRED), close_time=START))
        state, pattern = core.state, self.plan(HUNDRED[0])
        assert pattern is not None
        assert len(state.plans) == 100
        entry = pattern.of(state.orders, "entry")[0]
        for n in range(1_000):
            past = Plan(intent=intent(f"past{n}"), stop=D(95), state="failed")
            for m in range(4):
                order = LiveOrder(
                    request=_request(entry, f"old{n}-{m}"), purpose="entry", intent_id=past.id, status="EXPIRED"
                )
                state.orders[order.client_id] = order
                past.note(order)
            state.past[past.id] = past
        core.restore(core.snapshot())
        self.driver.give(ClockTick(time=self.now))


def _named(instrument: Instrument, name: str) -> Instrument:
    return msgspec.structs.replace(instrument, symbol=name)


def _request(order: LiveOrder, client_id: str) -> NewOrder:
    return msgspec.structs.replace(order.request, client_id=client_id)


@pytest.fixture(name="looks")
def count_looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often orders of a trade were gone through, by the trade."""
    looks: Counter[str] = Counter()
    of, traded = Plan.of, Plan._traded

    def counted(self: Plan, orders, *purposes):  # type: ignore[no-untyped-def]  # as the original
        looks[self.id] += 1
        return of(self, orders, *purposes)

    def summed(self: Plan, orders, purposes):  # type: ignore[no-untyped-def]  # as the original
        looks[self.id] += 1
        return traded(self, orders, purposes)

    monkeypatch.setattr(Plan, "of", counted)
    monkeypatch.setattr(Plan, "_traded", summed)
    return looks


def test_news_of_one_order_look_at_its_trade_only(looks: Counter[str]) -> None:
    """Invariant 6: tens of microseconds, whatever else lives or is remembered."""
    desk = Many()
    looks.clear()
    stop = desk.stop(HUNDRED[7])
    assert isinstance(stop, ExchangeOrder)
    desk.core.handle(News(event=AlgoUpdate(time=desk.now, order=stop)), desk.now)
    assert set(looks) == {f"i{HUNDRED[7]}"}
    assert looks.total() <= 60


def test_a_tick_passes_over_trades_that_the_clock_does_not_change(looks: Counter[str]) -> None:
    """Invariant 6."""
    desk = Many()
    desk.run(200)
    looks.clear()
    desk.core.handle(ClockTick(time=desk.now + 100), desk.now + 100)
    assert looks.total() == 0
    desk.core.handle(ClockTick(time=desk.now + 301_000), desk.now + 301_000)
    assert len(looks) == 100


def test_an_order_is_forgotten_with_its_trade_and_never_while_that_lives() -> None:
    """Invariant 6: also when the living trade's entry is older than everything else."""
    desk = Desk(settings=ExecutionSettings(ids_remembered=64))
    desk.enter("old", symbol="ETHUSDT")
    for n in range(60):
        desk.price(100)
        desk.enter(f"t{n}", close_time=desk.now)
        desk.price(95)
        desk.run(100)
        desk.driver.core.state.sent_at.clear()
    state = desk.core.state
    assert len(state.orders) <= 70
    old = desk.plan("ETHUSDT")
    assert old is not None
    assert old.remaining(state.orders) == 2
    assert set(state.orders) >= {client_id for ids in old.orders.values() for client_id in ids}


def test_a_trade_whose_stop_is_moved_all_day_remembers_the_last_ones_only() -> None:
    """Invariant 6."""
    desk = Desk()
    desk.enter(stop=D(85), risk_budget=D(0), exits=(ExitRung(price=D(120)),))
    for n in range(100):
        one = intent(f"m{n}", START + 1 + n, purpose="move_stop", about="i1", stop=D(86) + D(n) / 10)
        desk.approve(one)
        desk.run(400)
    plan, stop = desk.plan(), desk.stop()
    assert plan is not None
    assert stop is not None
    assert (stop.trigger, desk.state, desk.held()) == (D("95.9"), "open", D(2))
    assert len(desk.core.state.orders) <= 110
