"""Whatever the market does and whatever is asked of the exchange: the books balance and nothing leaves its table.

The auditor (tests/support/simulator/core_audit.py) is itself tested: each specimen below is an exchange with one fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from shared.config.account import AccountSettings
from shared.domain.transitions import IllegalTransition
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin import funding
from simulator.core.model.events import AlgoUpdate, CoreEvent, Liquidation, MarginCall, OrderUpdate
from simulator.core.model.requests import Amendment
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import RestingOrder, SymbolBook
from simulator.settings import SimulatorSettings
from tests.support.simulator.core_audit import CoreAudit, Objection
from tests.support.simulator.core_trader import BRACKETS, BTC, ETH, FILTERS, D, algo, filters, limit, market

HIGH = AccountSettings(leverage=50)
SETTINGS = SimulatorSettings(half_spread_bps=D(2), layer_slippage_bps=D(5), max_layers=4)
#: One with every bound of exchangeInfo, one with none.
TWO = {
    BTC: filters(
        BTC, multiplier_up=D("1.05"), multiplier_down=D("0.95"), trigger_protect=D("0.02"), market_take_bound=D("0.03"),
        liquidation_fee=D("0.0125"), max_orders=8,
    ),
    ETH: FILTERS[ETH],
}  # fmt: skip
Call = Callable[[ExchangeCore], object]


def core(*, touch: bool = False) -> ExchangeCore:
    return ExchangeCore(SETTINGS.model_copy(update={"limit_fills": "touch"}) if touch else SETTINGS, TWO, BRACKETS, HIGH)


def session(seed: int, length: int) -> list[Call]:
    """A wandering market and a busy client, in either position mode, crossed or isolated: calls to make one by one."""
    dice = random.Random(seed)
    ticks = {BTC: 10_000, ETH: 10_000}
    hedge, isolated = seed % 2 == 1, seed % 3 == 1
    calls: list[Call] = [lambda v: v.set_hedge_mode(hedge, 1)]
    for symbol in (BTC, ETH):
        calls.append(
            partial(ExchangeCore.set_margin_type, symbol=symbol, margin_type="ISOLATED" if isolated else "CROSSED", time=1)
        )
        calls.append(partial(ExchangeCore.on_trade, symbol=symbol, price=D(1_000), time=1))
    for now in range(2, length):
        symbol = dice.choice((BTC, ETH))
        what = dice.random()
        if what < 0.55:
            ticks[symbol] = max(2_000, ticks[symbol] + dice.choice((dice.randint(-20, 20), 0, dice.randint(-250, 250))))
            calls.append(_event(dice, symbol, ticks[symbol], now))
        elif what < 0.9:
            calls.append(_request(dice, symbol, ticks[symbol], now, hedge=hedge))
        else:
            calls.append(_change(dice, symbol, now))
    return calls


def _event(dice: random.Random, symbol: str, ticks: int, now: int) -> Call:
    price = D(ticks) / 10
    kind = dice.random()
    if kind < 0.5:
        size = dice.choice((None, D("0.5"), D(100)))
        return partial(ExchangeCore.on_trade, symbol=symbol, price=price, time=now, quantity=size)
    if kind < 0.7:
        size = dice.choice((None, D("0.5"), D(100)))
        return partial(
            ExchangeCore.on_quote,
            symbol=symbol,
            bid=price,
            ask=price + D("0.1"),
            time=now,
            bid_quantity=size,
            ask_quantity=size,
        )
    if kind < 0.95:
        return partial(ExchangeCore.on_mark, symbol=symbol, price=price + D(dice.randint(-9, 9)) / 10, time=now)
    return partial(ExchangeCore.on_funding, symbol=symbol, rate=D(dice.randint(-30, 30)) / 10_000, time=now)


def _request(dice: random.Random, symbol: str, ticks: int, now: int, *, hedge: bool) -> Call:
    side = dice.choice(("BUY", "SELL"))
    leg = dice.choice(("LONG", "SHORT")) if hedge else "BOTH"
    quantity = str(D(dice.choice((20, 200, 2_000, dice.randint(1, 60_000)))) / 1_000)
    level = D(ticks + dice.randint(-200, 200)) / 10
    changes: dict[str, Any] = {"symbol": symbol, "position_side": leg}
    if not hedge and dice.random() < 0.3:
        changes["reduce_only"] = True
    kind = dice.random()
    if kind < 0.3:
        return partial(ExchangeCore.place, request=market(side, quantity, **changes), time=now)
    if kind < 0.6:
        changes["self_trade_prevention"] = dice.choice(("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"))
        changes["time_in_force"] = force = dice.choice(("GTC", "GTC", "GTC", "IOC", "FOK", "GTX", "GTD"))
        changes["good_till"] = now + 600_000 + dice.randint(1, 100) if force == "GTD" else 0
        return partial(ExchangeCore.place, request=limit(side, quantity, level, **changes), time=now)
    kind_of = dice.choice(("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"))
    changes["working_type"] = dice.choice(("CONTRACT_PRICE", "MARK_PRICE"))
    changes["price_protect"] = dice.random() < 0.2
    if kind_of == "TRAILING_STOP_MARKET":
        changes |= {"callback_rate": dice.choice(("0.1", "1", "5")), "activate_price": dice.choice((None, level))}
        return partial(ExchangeCore.place_algo, request=algo(side, kind_of, quantity, **changes), time=now)
    if kind_of in ("STOP", "TAKE_PROFIT"):
        return partial(
            ExchangeCore.place_algo, request=algo(side, kind_of, quantity, at=level, price=level, **changes), time=now
        )
    closes = dice.random() < 0.4
    if closes:
        changes.pop("reduce_only", None)
    return partial(
        ExchangeCore.place_algo, request=algo(side, kind_of, None if closes else quantity, at=level, **changes), time=now
    )


def _change(dice: random.Random, symbol: str, now: int) -> Call:
    number, amount = dice.randint(1, 60), D(dice.randint(-200, 300))
    calls: list[Call] = [
        partial(_cancel, symbol=symbol, number=number, now=now),
        partial(_cancel_algo, number=number, now=now),
        partial(ExchangeCore.cancel_all, symbol=symbol, time=now),
        partial(ExchangeCore.cancel_all_algos, symbol=symbol, time=now),
        partial(ExchangeCore.countdown, symbol=symbol, duration=dice.choice((0, 5, 50)), time=now),
        partial(ExchangeCore.set_leverage, symbol=symbol, leverage=dice.choice((5, 20, 50, 200)), time=now),
        partial(ExchangeCore.transfer, amount=amount, time=now),
        partial(ExchangeCore.move_margin, symbol=symbol, amount=amount / 10, time=now, position_side=dice.choice(_SIDES)),
        partial(_amend, number=number, now=now),
        partial(ExchangeCore.on_time, time=now + 700_000 if number == 1 else now),
    ]
    return dice.choice(calls)


_SIDES = ("BOTH", "LONG", "SHORT")


def _cancel(at: ExchangeCore, symbol: str, number: int, now: int) -> object:
    """Cancel one of all orders, open or not, by its id."""
    found = at.orders()
    return at.cancel(symbol, now, order_id=found[number % len(found)].order_id if found else number)


def _cancel_algo(at: ExchangeCore, number: int, now: int) -> object:
    """Cancel one of all conditional orders, waiting or not, by its id."""
    found = at.algo_orders()
    return at.cancel_algo(now, algo_id=found[number % len(found)].algo_id if found else number)


def _amend(at: ExchangeCore, number: int, now: int) -> object:
    """Move whichever order that is open by a tick, and change its quantity."""
    for order in at.open_orders():
        if order.order_id % 60 == number % 60:
            return at.amend(
                Amendment(
                    symbol=order.symbol, side=order.side, quantity=order.quantity + D(number - 30) / 100,
                    price=order.price + D("0.1"), order_id=order.order_id,
                ),
                now,
            )  # fmt: skip
    return None


def audited(at: ExchangeCore, calls: list[Call]) -> list[CoreEvent]:
    audit = CoreAudit(at, SETTINGS.starting_wallet)
    told: list[CoreEvent] = []
    for call in calls:
        call(at)
        events = at.take_events()
        audit.look(events)
        told += events
    return told


def audited_all(seeds: int) -> list[CoreEvent]:
    return [events for seed in range(seeds) for events in audited(core(), session(seed, 300))]


#: What must have happened in sessions that are worth auditing.
_EXECUTIONS = {"NEW", "TRADE", "CANCELED", "EXPIRED", "CALCULATED", "AMENDMENT"}
_ALGO_STATUSES = {"NEW", "TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "REJECTED", "EXPIRED"}


def test_the_books_balance_over_sessions_in_which_everything_happens() -> None:
    """BT-1, EXEC-1, EXEC-4: margin balance = money in - money out + worth, exactly; tables obeyed; legs as traded."""
    events = audited_all(12)
    assert {each.execution for each in events if isinstance(each, OrderUpdate)} == _EXECUTIONS
    assert {each.algo.status for each in events if isinstance(each, AlgoUpdate)} == _ALGO_STATUSES
    assert {each.order.status for each in events if isinstance(each, OrderUpdate)} >= {
        "EXPIRED_IN_MATCH",
        "PARTIALLY_FILLED",
    }
    assert any(isinstance(each, MarginCall) for each in events)
    assert sum(isinstance(each, Liquidation) for each in events) > 3


def _tell(at: ExchangeCore, call: Call) -> tuple[object, list[CoreEvent]]:
    return call(at), at.take_events()


@pytest.mark.parametrize("seed", range(12))
def test_a_restart_at_any_point_changes_nothing(seed: int) -> None:
    """EXEC-2: a core restored from a snapshot gives the answers, events and next snapshot of the original."""
    calls = session(seed, 220)
    at = random.Random(seed).randint(1, len(calls) - 1)
    original, copy = core(), core()
    for call in calls[:at]:
        _tell(original, call)
    copy.restore(original.snapshot())
    for call in calls[at:]:
        assert _tell(copy, call) == _tell(original, call)
    assert copy.snapshot() == original.snapshot()


@pytest.mark.parametrize("seed", range(24))
def test_the_quiet_band_changes_nothing(seed: int) -> None:
    """BT-1: a core that looks at every order and margin at every event gives the same answers and events."""
    quick, slow = core(touch=seed % 4 == 0), core(touch=seed % 4 == 0)
    for number, call in enumerate(session(seed, 250)):
        for book in slow.state.books.values():
            book.quiet_band = None
        slow.state.margin_bands = None
        assert _tell(quick, call) == _tell(slow, call), number
    assert quick.snapshot() == slow.snapshot()


def test_the_same_calls_give_the_same_bytes() -> None:
    """Invariant 2: ids, times and order of events are the calls'."""
    snapshots, events = [], []
    for _ in range(2):
        at = core()
        events.append([_tell(at, call) for call in session(5, 300)])
        snapshots.append(at.snapshot())
    assert events[0] == events[1]
    assert snapshots[0] == snapshots[1]


def _no_fee(self: ExchangeState, resting: RestingOrder, *given: Decimal, **more: Any) -> None:
    _FILL(self, resting, *given, **more)
    self.saved.wallet += resting.trades[-1].commission


def _keeps_funding(state: ExchangeState, book: SymbolBook, rate: Decimal) -> None:
    wallet = state.saved.wallet
    _FUND(state, book, rate)
    state.saved.wallet = wallet


def _opens_with_reduce_only(self: SymbolBook, side: str, position_side: str) -> Decimal:
    return D(30)


def _forgets_to_close(self: ExchangeState, resting: RestingOrder) -> None:
    self.publish_account("ORDER")


_FILL, _FUND = ExchangeState.fill, funding.pay_funding


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (ExchangeState, "fill", _no_fee),
        (funding, "pay_funding", _keeps_funding),
        (SymbolBook, "reducible", _opens_with_reduce_only),
        (ExchangeState, "settle", _forgets_to_close),
    ],
)
def test_the_auditor_catches_an_exchange_with_a_fault(
    place: object, name: str, fault: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BT-1: the specimens of fees, funding, reduce-only and of an order that stays in the book when it is closed."""
    monkeypatch.setattr(place, name, fault)
    with pytest.raises((Objection, IllegalTransition)):
        audited_all(8)
