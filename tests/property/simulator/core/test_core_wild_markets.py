"""However wild the market is: nobody owes the exchange, fills stay where trades were, and the books balance (BT-1).

Each check has a specimen below, a core with an older or a broken rule, which it must catch.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from shared.config.account import AccountSettings
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin import insurance, liquidation
from simulator.core.matching import matching
from simulator.core.matching.matching import Hit
from simulator.core.model.events import CoreEvent, InsurancePaid, Liquidation, OrderUpdate
from simulator.core.model.orders import ExecutedTrade, Order
from simulator.core.state.symbol_book import ConditionalOrder
from simulator.settings import SimulatorSettings
from tests.support.simulator.core_audit import CoreAudit, Objection, require
from tests.support.simulator.core_trader import BTC, FREE, D, algo, market
from tests.support.simulator.wild_markets import (
    TICK,
    Minute,
    Play,
    World,
    as_candles,
    as_ticks,
    as_trades,
    worlds,
)

WILD = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lived(world: World, play: Play) -> list[CoreEvent]:
    """Live through the minutes, audited after every call; return what was told."""
    core, told = world.core(), list[CoreEvent]()
    audit = CoreAudit(core, world.settings.starting_wallet)

    def looked() -> list[CoreEvent]:
        events = core.take_events()
        audit.look(events)
        told.extend(events)
        return events

    closes: dict[str, Decimal] = {}
    for minute in world.minutes:
        play(core, minute, closes)
        events = looked()
        if play is as_candles:
            for trade, order in executions(events):
                _within(world, minute.candles.get(trade.symbol), closes, trade, order, events)
        closes |= {symbol: D(repr(candle.close)) for symbol, candle in minute.candles.items()}
        core.on_fundings(minute.rates, minute.close_time)
        looked()
        for request in minute.requests:
            place: Callable[..., object] = core.place_algo if hasattr(request, "trigger_price") else core.place
            place(request, minute.close_time)
            events = looked()
            if play is as_candles:
                for trade, order in executions(events):
                    _within(world, None, closes, trade, order, events)
    return told


def executions(events: list[CoreEvent]) -> list[tuple[ExecutedTrade, Order]]:
    return [(each.trade, each.order) for each in events if isinstance(each, OrderUpdate) and each.trade is not None]


def _within(
    world: World,
    candle: RawCandle | None,
    closes: dict[str, Decimal],
    trade: ExecutedTrade,
    order: Order,
    events: list[CoreEvent],
) -> None:
    """docs/matching.md: a maker at its own price; a taker within the minute's range and the slippage of the settings.

    What the insurance fund paid for closed at the bankruptcy price. A leg liquidated for another symbol's loss stands at
    its last price, which may be the last minute's.
    """
    if trade.maker:
        require(trade.price == order.price, f"{trade} rested at {order.price}")
        return
    if any(isinstance(each, InsurancePaid) and each.order_id == order.order_id for each in events):
        return
    prices = [closes[trade.symbol]] if candle is None else [D(repr(candle.low)), D(repr(candle.high))]
    if order.type == "LIQUIDATION" and trade.symbol in closes:
        prices.append(closes[trade.symbol])
    lowest, highest = min(prices) * (1 - world.slippage) - TICK, max(prices) * (1 + world.slippage) + TICK
    require(lowest <= trade.price <= highest, f"{trade} is not within {lowest} to {highest}")


@given(worlds())
@WILD
def test_candles(world: World) -> None:
    """BT-1: margin balance >= 0 after every call, fills within what was traded, books and fund balance."""
    lived(world, as_candles)


@given(worlds())
@WILD
def test_trades_that_the_mark_price_follows(world: World) -> None:
    """BT-1: the same."""
    lived(world, as_trades)


@given(worlds())
@WILD
def test_ticks_with_a_mark_price_of_its_own(world: World) -> None:
    """BT-1: the same, although last and mark price disagree."""
    lived(world, as_ticks)


@given(worlds())
@WILD
def test_a_market_of_jumps_gives_the_same_in_every_lane(world: World) -> None:
    """BT-1: with one price a minute a candle says what a trade says, and as what a mark price and a trade say."""
    world.settings = FREE
    for minute in world.minutes:
        minute.candles = {symbol: flat(candle) for symbol, candle in minute.candles.items()}
    candles, trades = lived(world, as_candles), lived(world, once)
    assert outcome(candles) == outcome(trades)


def flat(candle: RawCandle) -> RawCandle:
    price = candle.open
    return RawCandle(
        symbol=candle.symbol, open_time=candle.open_time, open=price, high=price, low=price, close=price, volume=1e12
    )  # fmt: skip


def once(core: ExchangeCore, minute: Minute, before: dict[str, Decimal]) -> None:
    """One trade of endless quantity a symbol."""
    for symbol in sorted(minute.candles):
        core.on_trade(symbol, D(repr(minute.candles[symbol].close)), minute.close_time)


def outcome(events: list[CoreEvent]) -> list[tuple[str, str, Decimal, Decimal, Decimal]]:
    return [
        (trade.symbol, order.original_type, trade.price, trade.quantity, trade.commission)
        for trade, order in executions(events)
    ]


# ---- specimens -------------------------------------------------------------------------------------------------------


def gap(after: float) -> World:
    """A long of ten times the wallet with its stop 5 % below, and an open 15 % down (or wherever)."""

    def candle(number: int, price: float) -> RawCandle:
        return RawCandle(
            symbol=BTC, open_time=number * MINUTE, open=price, high=price, low=price, close=price, volume=1e6
        )  # fmt: skip

    first = Minute(MINUTE, {BTC: candle(0, 100)}, {}, [market("BUY", 900), algo("SELL", "STOP_MARKET", at=95)])
    return World(
        SimulatorSettings(), AccountSettings(leverage=10), False, [first, Minute(2 * MINUTE, {BTC: candle(1, after)}, {})]
    )


@pytest.mark.parametrize("play", [as_candles, as_trades, as_ticks])
def test_the_gap_of_the_specimens_liquidates_with_a_right_core(play: Play) -> None:
    """BT-1: the counterpart of the specimens, in every lane."""
    told = lived(gap(85), play)
    assert [type(each) for each in told].count(Liquidation) == 1
    assert [order.type for _, order in executions(told)][1:] == ["LIQUIDATION"] * (len(executions(told)) - 1)


_NEXT_HIT = matching.next_hit


def _stop_first(state: Any, book: Any, point: Decimal, target: Decimal, kind: Any) -> Hit | None:
    """Specimen: the old rule, what the price would have passed first goes first, whatever the leg still has."""
    hit = _NEXT_HIT(state, book, point, target, kind)
    if hit is None or not isinstance(hit.what, str):
        return hit
    passed: list[ConditionalOrder] = [
        each for each in book.conditional_orders if (hit.price <= each.level if each.falls else hit.price >= each.level)
    ]
    return Hit(passed[0], hit.price) if passed else hit


def _at_the_market(state: Any, book: Any, side: str) -> Decimal:
    """Specimen: a leg closes at any price."""
    return TICK if book.leg(side).quantity > 0 else D(10**9)


def _fills_at_its_trigger(state: Any, book: Any, conditional: ConditionalOrder, price: Decimal) -> None:
    """Specimen: a gapped order fills at its trigger, which was not traded."""
    _TRIGGER(state, book, conditional, conditional.level)


_TRIGGER = matching.trigger


def test_a_core_in_which_the_stop_in_a_gap_comes_first_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """BT-1: with the old rule and no bound at bankruptcy the account owes thousands."""
    monkeypatch.setattr(matching, "next_hit", _stop_first)
    monkeypatch.setattr(insurance, "worst_close", _at_the_market)
    with pytest.raises(Objection, match="the account owes"):
        lived(gap(85), as_candles)


def test_the_old_order_alone_is_caught_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """BT-1: no order of the account closes a leg that is under water at the price after the gap."""
    monkeypatch.setattr(matching, "next_hit", _stop_first)
    with pytest.raises(AssertionError):
        test_the_gap_of_the_specimens_liquidates_with_a_right_core(as_candles)


def test_a_core_that_fills_a_gapped_order_at_its_trigger_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """BT-1: a price that nobody traded."""
    lived(gap(93), as_candles)
    monkeypatch.setattr(matching, "trigger", _fills_at_its_trigger)
    with pytest.raises(Objection, match="is not within"):
        lived(gap(93), as_candles)


def test_a_fund_that_does_not_write_down_what_it_pays_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """BT-1: clearance fees in, shortfalls out."""
    lived(gap(89.3), as_candles)
    monkeypatch.setattr(liquidation.ExchangeState, "fill", _fill_without_fund)
    with pytest.raises(Objection, match="the fund has"):
        lived(gap(89.3), as_candles)


def _fill_without_fund(self: Any, *given: Any, **more: Any) -> None:
    before = self.saved.insurance
    _FILL(self, *given, **more)
    self.saved.insurance = before


_FILL = liquidation.ExchangeState.fill
