"""Whatever the market does and whatever is ordered: the books balance, repeats do nothing, restarts change nothing.

The auditor (tests/support/simulator/exchange_audit.py) is itself tested: every specimen below is an exchange with
one fault, and each must be caught.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simulator.core.matching.intrabar_path
from services.execution.requests import CancelOrder, PlaceOrder
from shared.config.account import AccountSettings
from shared.domain.candles import RawCandle
from shared.domain.market_step import MarketStep
from shared.domain.order_words import Side
from shared.domain.timeframes import MINUTE
from shared.exchange.model.orders import NewOrder
from simulator.core.margin import funding
from simulator.core.matching import candles
from simulator.core.matching.intrabar_path import Standing, low_first
from simulator.core.model.events import FundingPaid
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import RestingOrder, SymbolBook
from simulator.matching_driver import MatchingDriver
from simulator.settings import SimulatorSettings
from tests.support.simulator.exchange_audit import Audit, Objection
from tests.support.simulator.simulated_trader import (
    BTC,
    ETH,
    INSTRUMENTS,
    D,
    Desk,
    Requests,
    Told,
    cancel,
    candle,
    limit,
    market,
    stop,
    target,
)

#: Thin liquidity and high leverage, so that layers, partial fills, margin and liquidation all happen.
HIGH = AccountSettings(leverage=50)
ROUGH = SimulatorSettings(half_spread_bps=D(2), layer_slippage_bps=D(5), max_layers=4)


def rough_exchange() -> Desk:
    return Desk(MatchingDriver(ROUGH, INSTRUMENTS, account=HIGH))


Input = MarketStep | Requests

prices = st.integers(900, 1_100).map(lambda ticks: ticks / 10)
symbols = st.sampled_from((BTC, ETH))
sides: st.SearchStrategy[Side] = st.sampled_from(("BUY", "SELL"))
quantities = st.integers(1, 3_000_000).map(lambda steps: str(D(steps) / 1_000)) | st.sampled_from(("1", "10", "0"))


@st.composite
def rows(draw: st.DrawFn) -> tuple[float, float, float, float]:
    low, first, second, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
    return (first, high, low, second) if draw(st.booleans()) else (second, high, low, first)


KINDS = ("market", "limit", "stop", "target", "close-stop", "close-target", "STOP", "TAKE_PROFIT", "TRAIL")


@st.composite
def orders(draw: st.DrawFn) -> NewOrder:
    symbol, side, kind = draw(symbols), draw(sides), draw(st.sampled_from(KINDS))
    quantity, level, reduces = draw(quantities), draw(prices), draw(st.booleans())
    prefix = "o" if kind in ("market", "limit") else "c"  # each book has ids of its own
    client_id = f"{prefix}{draw(st.integers(1, 10**9))}"
    if kind == "market":
        return market(client_id, side, quantity, symbol=symbol, reduce_only=reduces)
    if kind == "limit":
        return limit(client_id, side, quantity, level, symbol=symbol, reduce_only=reduces)
    if kind == "TRAIL":
        fields = {"type": "TRAILING_STOP_MARKET", "trigger": None, "callback_rate": draw(st.sampled_from((D(1), D("0.1"))))}
        activation = draw(st.none() | st.just(D(str(level))))
        return msgspec.structs.replace(
            stop(client_id, side, level, quantity, symbol=symbol, reduce_only=reduces),
            activation=activation, close_position=False, **fields,
        )  # fmt: skip
    if kind in ("STOP", "TAKE_PROFIT"):
        force = draw(st.sampled_from((None, "GTC", "IOC", "FOK", "GTX")))
        return msgspec.structs.replace(
            stop(client_id, side, level, quantity, symbol=symbol, reduce_only=reduces),
            type=kind, price=D(str(draw(prices))), time_in_force=force, close_position=False,
        )  # fmt: skip
    build = stop if "stop" in kind else target
    if kind.startswith("close"):
        return build(client_id, side, level, symbol=symbol)
    return build(client_id, side, level, quantity, symbol=symbol, reduce_only=reduces)


@st.composite
def sessions(draw: st.DrawFn) -> list[Input]:
    """A minute of market, a request, a minute of market … of two symbols, either of which may be missing.

    Each order has an id of its own: the auditor, like execution, tells orders apart by it.
    """
    messages: list[Input] = []
    used: set[str] = set()
    for minute in range(1, draw(st.integers(2, 8)) + 1):
        chosen = draw(st.sets(symbols, min_size=1 if minute > 1 else 2))
        volume = draw(st.sampled_from((0.0, 50.0, 2_000.0, 1e6)))
        rates = draw(st.dictionaries(symbols, st.integers(-30, 30).map(lambda bps: D(bps) / 10_000), max_size=1))
        candles = tuple(candle(draw(rows()), minute, symbol=symbol, volume=volume) for symbol in sorted(chosen))
        messages.append(MarketStep(close_time=minute * MINUTE, candles=candles, funding_rates=rates))
        cancels = st.builds(
            lambda number, symbol, book: cancel(f"{'o' if book == 'plain' else 'c'}{number}", symbol=symbol, book=book),
            st.integers(1, 40), symbols, st.sampled_from(("plain", "algo")),
        )  # fmt: skip
        requests = draw(st.lists(orders().map(PlaceOrder) | cancels, max_size=5))
        kept = []
        for each in requests:
            if isinstance(each, PlaceOrder):
                if each.order.client_id in used:
                    continue
                used.add(each.order.client_id)
            kept.append(each)
        messages.append(Requests(tuple(kept)))
    return messages


def audited(exchange: Desk, messages: Sequence[Input]) -> list[Told]:
    audit = Audit(exchange, ROUGH.starting_wallet)
    return [audit.send(message) for message in messages]


@given(sessions())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_books_balance_whatever_happens(messages: list[Input]) -> None:
    """BT-1, EXEC-2, EXEC-4: equity change = price moves - fees + funding, exactly; reduce-only only reduces; fills sum to
    filled; statuses follow the table; the stop wins; every message twice acts once."""
    audited(rough_exchange(), messages)


def test_an_order_is_told_twice_in_one_step_with_another_between() -> None:
    """BT-1: its stop-limit triggers and rests, the other is filled, and then it is filled too: both lines are right."""

    def rising(symbol: str, time: int, high: float, volume: float) -> RawCandle:
        return RawCandle(
            symbol=symbol, open_time=time, open=90.0, high=high, low=90.0, close=90.0, volume=volume, backfilled=False
        )

    market_stop = NewOrder(
        client_id="o2", symbol="ETHUSDT", side="BUY", type="STOP_MARKET", quantity=Decimal(1), trigger=Decimal("90.2")
    )
    limit_stop = NewOrder(
        client_id="o1", symbol="ETHUSDT", side="BUY", type="STOP", quantity=Decimal("0.056"), price=Decimal("90.1"),
        trigger=Decimal("90.1"),
    )  # fmt: skip
    quiet = tuple(rising(symbol, 240_000, 90.0, 0.0) for symbol in ("BTCUSDT", "ETHUSDT"))
    requests = (PlaceOrder(market_stop), PlaceOrder(limit_stop))
    told = audited(
        rough_exchange(),
        [
            MarketStep(close_time=300_000, candles=quiet, funding_rates={}),
            Requests(requests),
            MarketStep(close_time=360_000, candles=(rising("ETHUSDT", 300_000, 90.2, 50.0),), funding_rates={}),
        ],
    )
    assert [(order.client_id, order.status) for order in told[-1].orders] == [
        ("o1", "NEW"),
        ("o2", "FILLED"),
        ("o1", "FILLED"),
    ]


@given(sessions(), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_restart_at_any_point_changes_nothing(messages: list[Input], data: st.DataObject) -> None:
    """EXEC-2: an exchange restored from the snapshot cannot be told from the original."""
    original = rough_exchange()
    at = data.draw(st.integers(0, len(messages)))
    for message in messages[:at]:
        original.handle(message)
    copy = rough_exchange()
    copy.restore(original.snapshot())
    copy.now, copy.placed = original.now, original.placed  # what the desk knows, not the exchange
    assert [copy.handle(message) for message in messages[at:]] == [original.handle(message) for message in messages[at:]]
    assert copy.snapshot() == original.snapshot()
    assert all(copy.handle(message) is None for message in messages if isinstance(message, MarketStep))


@given(sessions())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_short_cut_for_quiet_candles_changes_nothing(messages: list[Input]) -> None:
    """BT-1: skipping the walk where no level is reached gives what the walk gives."""
    fast = [Desk.handle(core, m) for core in (rough_exchange(),) for m in messages]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candles, "quiet", lambda *_: False)
        slow = [Desk.handle(core, m) for core in (rough_exchange(),) for m in messages]
    assert fast == slow


def walk(seed: int, minutes: int) -> list[Input]:
    """A long session around a wandering price: entries, brackets, ladders, oversized orders and cancels."""
    dice = random.Random(seed)
    price = {BTC: 1_000, ETH: 1_000}  # ticks
    messages: list[Input] = []
    placed: list[NewOrder] = [market("o0", "BUY", 1)]
    for minute in range(1, minutes + 1):
        candles = []
        for symbol, opened in price.items():
            if minute > 1 and dice.random() < 0.1:
                continue
            opened = max(200, opened + dice.choice((0, 0, 0, dice.randint(-30, 30))))  # a gap now and then
            close = max(200, opened + dice.randint(-12, 12) * dice.choice((1, 1, 1, 4)))
            high, low = max(opened, close) + dice.randint(0, 12), min(opened, close) - dice.randint(0, 12)
            price[symbol] = close
            row = (opened / 10, high / 10, low / 10, close / 10)
            candles.append(candle(row, minute, symbol=symbol, volume=dice.choice((0.0, 40.0, 400.0, 4e4))))
        rates = {BTC: D(dice.randint(-30, 30)) / 10_000} if minute % 7 == 0 else {}
        messages.append(MarketStep(close_time=minute * MINUTE, candles=tuple(candles), funding_rates=rates))
        requests: list[PlaceOrder | CancelOrder] = []
        for _ in range(dice.randint(0, 4)):
            if dice.random() < 0.15:
                old = dice.choice(placed)
                requests.append(cancel(old.client_id, symbol=old.symbol, book=old.book))
                continue
            symbol, side = dice.choice((BTC, ETH)), dice.choice(_SIDES)
            quantity = str(D(dice.choice((900, 9_000, 90_000, dice.randint(1, 5_000_000)))) / 1_000)
            level = (price[symbol] + dice.randint(-30, 30)) / 10
            name, reduces = f"o{len(placed)}", dice.random() < 0.4
            build = dice.choice((stop, target))
            placed.append(
                dice.choice((
                    market(name, side, quantity, symbol=symbol, reduce_only=reduces),
                    limit(name, side, quantity, level, symbol=symbol, reduce_only=reduces),
                    build(name, side, level, symbol=symbol),
                    build(name, side, level, quantity, symbol=symbol, reduce_only=reduces),
                ))
            )  # fmt: skip
            requests.append(PlaceOrder(placed[-1]))
        messages.append(Requests(tuple(requests)))
    return messages


_SIDES: tuple[Side, ...] = ("BUY", "SELL")
#: What must have happened in a session that is worth auditing: (type, status, code).
_EVERYTHING = {
    *(
        (kind, status, 0)
        for kind in ("MARKET", "LIMIT", "STOP_MARKET", "TAKE_PROFIT_MARKET")
        for status in ("FILLED", "EXPIRED")
    ),
    *((kind, status, 0) for kind in ("LIMIT", "STOP_MARKET", "TAKE_PROFIT_MARKET") for status in ("NEW", "CANCELED")),
    ("LIMIT", "PARTIALLY_FILLED", 0),
    *((kind, "REJECTED", -2019) for kind in ("MARKET", "LIMIT")),
    *((kind, "REJECTED", -2021) for kind in ("STOP_MARKET", "TAKE_PROFIT_MARKET")),
    *((kind, "EXPIRED", code) for kind in ("STOP_MARKET", "TAKE_PROFIT_MARKET") for code in (-2019, -2022)),
    *((kind, "REJECTED", -2022) for kind in ("MARKET", "LIMIT")),
}


def test_the_books_balance_over_long_sessions_in_which_everything_happens() -> None:
    """BT-1, EXEC-2: twenty-five accounts, two hundred minutes each, liquidations included."""
    happened: set[tuple[str, str, int]] = set()
    liquidations = partial_exits = 0
    for seed in range(25):
        for events in audited(rough_exchange(), walk(seed, 200)):
            happened |= {(changed.type, changed.status, changed.reject_code) for changed in events.orders}
            liquidations += sum(changed.client_id.startswith("autoclose-") for changed in events.orders)
            partial_exits += sum(fill.realized != 0 and fill.maker for fill in events.fills)
    assert happened >= _EVERYTHING, sorted(_EVERYTHING - happened)
    assert liquidations
    assert partial_exits


def bracket_session() -> list[Input]:
    """In at 100, a partial exit, stop and target both in the next candle, a reduce-only turned loose, a resting entry."""
    return [
        MarketStep(close_time=MINUTE, candles=(candle((100, 100, 100, 100)),)),
        Requests(
            tuple(
                PlaceOrder(placed)
                for placed in (
                    market("in", "BUY", "0.7"),
                    market("part", "SELL", "0.3"),
                    stop("stop", "SELL", 95),
                    target("target", "SELL", 105),
                    limit("exit", "SELL", 3, 107, reduce_only=True),
                )
            ),
        ),
        MarketStep(close_time=2 * MINUTE, candles=(candle((100, 101, 99, 101)),), funding_rates={BTC: D("0.0001")}),
        MarketStep(close_time=3 * MINUTE, candles=(candle((100, 106, 94, 101)),)),
        Requests((PlaceOrder(market("in2", "BUY", 1)),)),
        MarketStep(close_time=4 * MINUTE, candles=(candle((101, 110, 100, 109)),)),
        Requests((PlaceOrder(limit("rest", "BUY", "0.1", 60)),)),
    ]


def test_the_session_of_the_specimens_passes_with_a_right_exchange() -> None:
    """The counterpart of every specimen below."""
    events = audited(rough_exchange(), bracket_session())
    assert [fill.client_id for answer_ in events for fill in answer_.fills] == ["in", "part", "stop", "in2", "exit"]
    assert [payment.amount for one in events for payment in one.funding] == [D("-0.00404")]


class ActsTwice(Desk):
    """Specimen: forgets which client ids are in use."""

    def handle(self, message: Input) -> Told | None:
        if isinstance(message, Requests):
            state = self.exchange.core._state
            state.by_client.clear()
            state.by_algo_client.clear()
        return super().handle(message)


class RepeatsSteps(Desk):
    """Specimen: takes a duplicate market step for a new one."""

    def handle(self, message: Input) -> Told | None:
        if isinstance(message, MarketStep):
            message = msgspec.structs.replace(message, close_time=self.exchange.stepped_until + 1)
        return super().handle(message)


class LosesFills(Desk):
    """Specimen: states fewer fills than there were."""

    def handle(self, message: Input) -> Told | None:
        told = super().handle(message)
        if told is not None:
            told.fills = told.fills[:-1]
        return told


@pytest.mark.parametrize("specimen", [ActsTwice, RepeatsSteps, LosesFills])
def test_the_auditor_catches_an_exchange_that_repeats_or_hides(specimen: type[Desk]) -> None:
    """EXEC-2: the specimens of idempotence and of complete statements."""
    with pytest.raises(Objection):
        audited(specimen(MatchingDriver(ROUGH, INSTRUMENTS)), bracket_session())


def _target_first(standing: Standing, rising: bool) -> bool:
    return not low_first(standing, rising)


def _no_fee(
    self: ExchangeState, resting: RestingOrder, quantity: Decimal, price: Decimal, fee_rate: Decimal, *, maker: bool
) -> None:
    _FILL(self, resting, quantity, price, fee_rate, maker=maker)
    self.saved.wallet += resting.trades[-1].commission


def _short_pays(state: ExchangeState, book: SymbolBook, rate: Decimal) -> None:
    _FUND(state, book, -rate)
    state.events[:] = [
        msgspec.structs.replace(each, rate=rate) if isinstance(each, FundingPaid) else each for each in state.events
    ]


def _opens_with_reduce_only(self: SymbolBook, side: str, position_side: str) -> Decimal:
    return D(3)


_FILL, _FUND = ExchangeState.fill, funding.pay_funding


@pytest.mark.parametrize(
    ("place", "name", "fault"),
    [
        (simulator.core.matching.intrabar_path, "low_first", _target_first),
        (ExchangeState, "fill", _no_fee),
        (funding, "pay_funding", _short_pays),
        (SymbolBook, "reducible", _opens_with_reduce_only),
    ],
)
def test_the_auditor_catches_wrong_money_wrong_paths_and_loose_exits(
    place: object, name: str, fault: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BT-1: the specimens of the path (a target that wins), of fees, of funding, of reduce-only."""
    monkeypatch.setattr(place, name, fault)
    with pytest.raises(Objection):
        audited(rough_exchange(), bracket_session())
