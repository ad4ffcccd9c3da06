"""Positions, modes, leverage, transfers and liquidation at the exchange (EXEC-1, BT-1, binance.md §5.3, §7.3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.config.account import AccountSettings
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.events import AccountUpdate, LeverageChange, Liquidation, MarginCall, OrderUpdate
from simulator.core.model.filters import Filters
from simulator.core.model.requests import NewOrder, Refusal
from simulator.core.model.statements import Commission, SymbolConfig
from tests.support.simulator.core_trader import (
    BRACKETS,
    BTC,
    ETH,
    FILTERS,
    FREE,
    SOL,
    CoreTrader,
    D,
    algo,
    filters,
    happened,
    limit,
    market,
)


def code(answer: object) -> int:
    """The code of a refusal; 0 for anything else."""
    return int(answer.code) if isinstance(answer, Refusal) else 0


def hedged(**settings: Any) -> CoreTrader:
    trader = CoreTrader(**settings)
    assert trader.core.set_hedge_mode(True, trader.tick()) is None
    return trader


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (market("BUY", 1, symbol="DOGEUSDT"), -1121),
        (market("BUY", 1, client_id="a b"), -4015),
        (market("BUY", 1, client_id="x" * 37), -4015),
        (market("BUY", 1, client_id="autoclose-1"), -4015),
        (market("BUY", 1, client_id="open"), -4116),
        (market("BUY", 1, position_side="LONG"), -4061),
        (market("BUY", 1, price=D(100)), -1106),
        (market("BUY", 1, time_in_force="GTC"), -1106),
        (NewOrder(symbol=BTC, side="BUY", type="MARKET"), -1102),
        (market("BUY", "NaN"), -1102),
        (NewOrder(symbol=BTC, side="BUY", type="LIMIT", quantity=D(1), time_in_force="GTC"), -1102),
        (limit("BUY", 1, 90, time_in_force=None), -1102),
        (limit("BUY", 1, "Infinity"), -1102),
        (market("BUY", 0), -4003),
        (market("BUY", -1), -4003),
        (market("BUY", "0.0015"), -4023),
        (market("BUY", "1E-13"), -1111),
        (market("BUY", "0.002"), -4004),
        (market("BUY", 21), -4005),  # MARKET_LOT_SIZE
        (limit("BUY", 101, 99), -4005),  # LOT_SIZE
        (limit("BUY", 1, "0.5"), -4013),
        (limit("BUY", 1, -1), -4013),
        (limit("BUY", 1, "99.05"), -4014),
        (limit("BUY", 1, "99.0000000000001"), -1111),
        (limit("BUY", 1, 10_000), -4016),
        (limit("BUY", 1, "105.1"), -4016),  # 5 % over the mark
        (limit("SELL", 1, "94.9"), -4024),
        (limit("BUY", "0.04", 99), -4164),
        (market("BUY", "0.04"), -4164),
        (market("BUY", 1, reduce_only=True), -2022),  # long already
        (limit("BUY", 1, 99, time_in_force="GTD"), -5040),
        (limit("BUY", 1, 99, time_in_force="GTD", good_till=600_000), -5040),
        (limit("BUY", 1, 99, good_till=9_999_999), -1106),
        (limit("BUY", 1, 98), -2025),  # the book is full
    ],
)
def test_an_order_that_cannot_be_is_refused_with_binances_code(order: NewOrder, refused: int) -> None:
    """EXEC-6: form, filters of exchangeInfo, state; the code says why, and nothing changed."""
    bounds = filters(
        BTC, min_price=D(1), max_price=D(5_000), min_quantity=D("0.003"), max_quantity=D(100), max_orders=1,
        market_min_quantity=D("0.003"), market_max_quantity=D(20), multiplier_up=D("1.05"), multiplier_down=D("0.95"),
    )  # fmt: skip
    trader = CoreTrader(filters={BTC: bounds})
    trader.buy(1)
    trader.place(limit("BUY", 1, 99, client_id="open"))
    assert trader.refused(order) == refused


def test_nothing_trades_before_the_symbol_has_a_price_and_margin_must_carry_it() -> None:
    """EXEC-6: -2020, -2019, -2027."""
    assert CoreTrader(at=None).refused(market("BUY", 1)) == -2020
    assert CoreTrader(at=None).refused(algo("BUY", "STOP_MARKET", 1, at=110)) == -2020
    assert CoreTrader().refused(market("BUY", 1_001)) == -2019
    assert CoreTrader(leverage=150, starting_wallet=D(10**6)).refused(limit("BUY", 3_001, 99.9 + 0.1)) == -2027
    trader = CoreTrader(leverage=150, starting_wallet=D(10**6))
    trader.place(limit("BUY", 2_000, 99))
    trader.place(limit("SELL", 2_000, 101))  # the other side does not add up
    assert trader.refused(limit("BUY", 1_100, 98)) == -2027


def test_an_order_worse_than_the_mark_must_carry_its_loss_too() -> None:
    """BT-1: what a marketable limit would lose at once is bound beside its margin."""
    trader = CoreTrader()
    assert trader.refused(limit("BUY", 500, 120)) == -2019  # 6,000 margin and 10,000 lost against the mark of 100
    assert trader.place(limit("BUY", 300, 120, client_id="a")).status == "FILLED"


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        # hedge mode: (leg, side, quantity), the leg's quantity after it or the code
        ([("LONG", "BUY", 3, 3), ("SHORT", "SELL", 2, -2)], (3, -2)),
        ([("LONG", "BUY", 3, 3), ("LONG", "SELL", 1, 2)], (2, 0)),
        ([("LONG", "BUY", 3, 3), ("LONG", "SELL", 4, -2022)], (3, 0)),
        ([("LONG", "SELL", 1, -2022)], (0, 0)),
        ([("SHORT", "BUY", 1, -2022)], (0, 0)),
        ([("SHORT", "SELL", 3, -3), ("SHORT", "BUY", 3, 0)], (0, 0)),
        ([("BOTH", "BUY", 1, -4061)], (0, 0)),
    ],
)
def test_hedge_mode_keeps_two_legs(orders: list[tuple[str, str, int, int]], expected: tuple[int, int]) -> None:
    """EXEC-1: SELL closes LONG and opens SHORT; neither leg turns."""
    trader = hedged()
    for leg, side, quantity, result in orders:
        answer = trader.core.place(market(side, quantity, position_side=leg), trader.tick())
        assert code(answer) == (result if result <= -1000 else 0)
        if not code(answer):
            assert trader.quantity(leg) == result
    assert (trader.quantity("LONG"), trader.quantity("SHORT")) == expected


def test_in_hedge_mode_exits_are_known_by_leg_and_side() -> None:
    """EXEC-1: no reduceOnly (-4062); closing limits bind no margin, are exempt from the minimum, and take no more than is
    there; closePosition needs the leg's closing side."""
    trader = hedged()
    trader.buy(2, position_side="LONG")
    assert trader.refused(market("SELL", 1, position_side="LONG", reduce_only=True)) == -4062
    assert trader.refused(algo("BUY", "STOP_MARKET", at=110, position_side="LONG")) == -2022
    trader.place(limit("SELL", 2, 105, position_side="LONG", client_id="exit"))
    trader.place_algo(algo("SELL", "STOP_MARKET", at=95, position_side="LONG", client_algo_id="stop"))
    assert trader.core.account().open_order_initial_margin == 0
    trader.sell(1, position_side="LONG")
    trader.trade(106)
    assert trader.fills("exit") == [("exit", "1", "105")]
    assert trader.order("exit").status == "EXPIRED"
    trader.trade(94)
    assert trader.algo("stop").status == "EXPIRED"
    trader.buy(1, position_side="LONG")
    trader.place(limit("SELL", "0.01", 105, position_side="LONG", client_id="small"))
    assert [each.position_side for each in trader.core.positions()] == ["LONG"]
    trader.buy(1, position_side="LONG")
    assert trader.core.position(BTC, "LONG").bid_notional == 0


def test_reduce_only_orders_in_one_way_mode() -> None:
    """EXEC-1: clipped to the position, the rest expires; a second limit beyond it is -4118; without a position -2022."""
    trader = CoreTrader()
    trader.buy(2)
    assert trader.sell(5, reduce_only=True, client_id="out").status == "EXPIRED"
    assert trader.fills("out") == [("out", "2", "100")]
    assert trader.refused(market("SELL", 1, reduce_only=True)) == -2022
    trader.buy(2)
    trader.place(limit("SELL", 2, 105, reduce_only=True, client_id="exit"))
    assert trader.refused(limit("SELL", 1, 106, reduce_only=True)) == -4118
    trader.sell(1, reduce_only=True)
    trader.trade(106)
    assert (trader.fills("exit"), trader.order("exit").status) == ([("exit", "1", "105")], "EXPIRED")
    trader.buy(1)
    trader.place(limit("SELL", 1, 109, reduce_only=True, client_id="late"))
    trader.sell(1)
    trader.trade(110)
    assert (trader.order("late").status, trader.order("late").code) == ("EXPIRED", -2022)


def test_the_position_mode_changes_only_when_nothing_is_open() -> None:
    """EXEC-6: -4059, -4067, -4068."""
    trader = CoreTrader()
    change = trader.core.set_hedge_mode
    assert code(change(False, trader.tick())) == -4059
    trader.place(limit("BUY", 1, 90))
    assert code(change(True, trader.tick())) == -4067
    trader.core.cancel_all(BTC, trader.tick())
    trader.place_algo(algo("BUY", "STOP_MARKET", 1, at=110))
    assert code(change(True, trader.tick())) == -4067
    trader.core.cancel_all_algos(BTC, trader.tick())
    trader.buy(1)
    assert code(change(True, trader.tick())) == -4068
    trader.sell(1)
    assert (change(True, trader.tick()), trader.core.hedge_mode) == (None, True)
    assert [each.position_side for each in trader.core.positions()] == []


def test_the_margin_type_changes_only_when_the_symbol_is_empty() -> None:
    """EXEC-6: -4046, -4047, -4048; then ACCOUNT_UPDATE with MARGIN_TYPE_CHANGE."""
    trader = CoreTrader()
    change = trader.core.set_margin_type
    assert code(change(BTC, "CROSSED", trader.tick())) == -4046
    assert code(change("DOGEUSDT", "CROSSED", trader.tick())) == -1121
    trader.place(limit("BUY", 1, 90))
    assert code(change(BTC, "ISOLATED", trader.tick())) == -4047
    trader.core.cancel_all(BTC, trader.tick())
    trader.buy(1)
    assert code(change(BTC, "ISOLATED", trader.tick())) == -4048
    trader.sell(1)
    trader.core.take_events()
    assert change(BTC, "ISOLATED", trader.tick()) is None
    (told,) = trader.core.take_events()
    assert isinstance(told, AccountUpdate)
    assert (told.reason, [leg.margin_type for leg in told.positions]) == ("MARGIN_TYPE_CHANGE", ["ISOLATED"])
    assert trader.core.config(BTC).margin_type == "ISOLATED"


def test_leverage_is_bound_by_brackets_positions_and_margin() -> None:
    """EXEC-6: -4028, -2027, -2028, -4161; then ACCOUNT_CONFIG_UPDATE."""
    trader = CoreTrader()
    change = trader.core.set_leverage
    assert [code(change(BTC, leverage, trader.tick())) for leverage in (0, 151)] == [-4028, -4028]
    assert code(change("DOGEUSDT", 5, trader.tick())) == -1121
    told = change(BTC, 20, trader.tick())
    assert told == SymbolConfig(symbol=BTC, margin_type="CROSSED", leverage=20, max_notional=D(100_000_000))
    assert trader.core.take_events()[-1] == LeverageChange(symbol=BTC, leverage=20, time=trader.now)
    change(BTC, 20, trader.tick())
    assert trader.core.take_events() == []
    trader.buy(1_500)  # 150,000 at 20: 7,500
    assert code(change(BTC, 14, trader.tick())) == -2028  # 10,714 > 10,000
    assert code(change(BTC, 15, trader.tick())) == 0
    rich = CoreTrader(starting_wallet=D(10**6))
    rich.buy(4_000)
    assert code(rich.core.set_leverage(BTC, 101, rich.tick())) == -2027
    assert code(rich.core.set_leverage(BTC, 100, rich.tick())) == 0
    isolated = CoreTrader()
    isolated.core.set_margin_type(BTC, "ISOLATED", isolated.tick())
    isolated.buy(1)
    assert code(isolated.core.set_leverage(BTC, 5, isolated.tick())) == -4161
    assert code(isolated.core.set_leverage(BTC, 20, isolated.tick())) == 0


def test_a_snapshot_has_what_was_configured_before_the_first_price() -> None:
    """EXEC-2: leverage, margin type and fees of a symbol that has not traded yet."""
    trader, copy = CoreTrader(at=None), CoreTrader(at=None)
    trader.core.set_leverage(BTC, 7, trader.tick())
    trader.core.set_margin_type(ETH, "ISOLATED", trader.tick())
    trader.core.set_commission(SOL, Commission(maker=D(0), taker=D("0.001")), trader.tick())
    copy.core.restore(trader.core.snapshot())
    assert (copy.core.config(BTC).leverage, copy.core.config(ETH).margin_type) == (7, "ISOLATED")
    assert copy.core.commission(SOL).taker == D("0.001")


def test_isolated_margin_is_added_and_taken_out() -> None:
    """EXEC-6: -4054, -4050, -4051; what stays must carry the position's initial margin."""
    trader = CoreTrader()
    move = trader.core.move_margin
    assert code(move("DOGEUSDT", D(1), trader.tick())) == -1121
    trader.buy(10, symbol=ETH)
    assert code(move(ETH, D(1), trader.tick())) == -4054  # crossed
    trader.core.set_margin_type(BTC, "ISOLATED", trader.tick())
    assert code(move(BTC, D(1), trader.tick())) == -4054  # flat
    trader.buy(100)  # 1,000 of margin
    trader.core.take_events()
    assert code(move(BTC, D(9_000), trader.tick())) == -4050
    assert code(move(BTC, D(-1), trader.tick())) == -4051
    assert move(BTC, D(500), trader.tick()) is None
    (told,) = trader.core.take_events()
    assert isinstance(told, AccountUpdate)
    assert (told.reason, told.cross_wallet, told.positions[0].isolated_wallet) == ("MARGIN_TRANSFER", D(8_500), D(1_500))
    assert move(BTC, D(-500), trader.tick()) is None
    trader.sell(50)
    assert (trader.core.position(BTC).isolated_wallet, trader.core.account().cross_wallet) == (D(500), D(9_500))


def test_money_comes_and_goes() -> None:
    """BT-1: no more than is free leaves (-2018); gains that are not realised stay."""
    trader = CoreTrader()
    trader.buy(100)
    trader.mark(110)
    trader.core.take_events()
    assert trader.core.account().max_withdraw == D(8_900)  # 10,000 + 1,000 - 1,100 bound - 1,000
    assert code(trader.core.transfer(D("-8900.01"), trader.tick())) == -2018
    assert trader.core.transfer(D(-8_900), trader.tick()) is None
    assert trader.core.transfer(D(100), trader.tick()) is None
    told = [each for each in trader.core.take_events() if isinstance(each, AccountUpdate)]
    assert [(each.reason, each.change, each.wallet) for each in told] == [
        ("WITHDRAW", D(-8_900), D(1_100)), ("DEPOSIT", D(100), D(1_200)),
    ]  # fmt: skip
    assert [(line.type, line.amount) for line in trader.core.income("")] == [("TRANSFER", D(-8_900)), ("TRANSFER", D(100))]


def test_a_liquidation_tells_its_story() -> None:
    """EXEC-4, BT-1: a margin call on the way, entries cancelled, autoclose- NEW, CALCULATED, account, forceOrder."""
    trader = CoreTrader(filters={BTC: msgspec.structs.replace(FILTERS[BTC], liquidation_fee=D("0.001"))})
    trader.buy(900)
    trader.place(limit("BUY", 1, 50, client_id="entry"))
    trader.place(limit("SELL", 1, 120, reduce_only=True, client_id="exit"))
    trader.core.take_events()
    (call,) = trader.mark("89.3")  # balance 370, margin 0.4 % of 80,370 = 321: 87 %
    assert isinstance(call, MarginCall)
    assert [(leg.symbol, leg.maintenance_margin) for leg in call.positions] == [(BTC, D("321.48"))]
    assert trader.mark("89.31") == []  # called once
    trader.trade("89.2")
    events = trader.mark("89.2")  # balance 280 <= 321.1
    name = trader.core.orders(BTC)[-1].client_id
    assert name.startswith("autoclose-")
    assert happened(events) == [("entry", "CANCELED"), (name, "NEW"), (name, "CALCULATED")]
    calculated = [each for each in events if isinstance(each, OrderUpdate)][-1]
    assert calculated.trade is not None
    assert (calculated.trade.price, calculated.trade.commission) == (D("89.2"), D("80.28"))
    assert (calculated.order.type, calculated.order.status) == ("LIQUIDATION", "FILLED")
    assert [type(each) for each in events[-2:]] == [AccountUpdate, Liquidation]
    assert trader.core.account().wallet == D("10000") - D(900) * D("10.8") - D("80.28")
    assert [line.type for line in trader.core.income()][-2:] == ["REALIZED_PNL", "INSURANCE_CLEAR"]
    assert trader.order("exit").status == "NEW"


def test_a_gap_costs_no_more_than_the_margin() -> None:
    """BT-1: at the bankruptcy price at worst; crossed: the wallet; isolated: its own margin, and the rest is untouched."""
    trader = CoreTrader()
    trader.buy(1_000)
    trader.trade(50)
    assert (trader.quantity(), trader.core.account().wallet) == (D(0), D(0))
    trader = CoreTrader()
    trader.core.set_margin_type(BTC, "ISOLATED", trader.tick())
    trader.buy(100)
    trader.buy(10, symbol=ETH)
    trader.place(limit("BUY", 1, 90, client_id="btc"))
    trader.place(limit("BUY", 1, 90, client_id="eth", symbol=ETH))
    trader.trade(50)
    assert (trader.quantity(), trader.quantity(symbol=ETH)) == (D(0), D(10))
    assert trader.core.account().wallet == D(9_000)
    assert [trader.order(name).status for name in ("btc", "eth")] == ["CANCELED", "NEW"]


def test_crossed_legs_go_until_the_rest_is_carried() -> None:
    """BT-1: first the leg whose price moved, then the others by symbol, as long as the account is under water."""
    trader = CoreTrader(liquidation_fee=D("0.0125"))
    trader.buy(500)
    trader.buy(400, symbol=ETH)
    trader.trade("80.5")  # 9,750 lost, 250 left of 321: BTC goes at its price, and what is left carries ETH no more
    assert [trade.symbol for trade in trader.core.trades() if trade.client_id.startswith("auto")] == [BTC, ETH]
    kept = CoreTrader(liquidation_fee=D(0), leverage=20, starting_wallet=D(8_000))
    kept.buy(790)
    kept.buy(100, symbol=ETH)
    kept.trade("90.2")  # 7,742 lost, 258 <= 285 + 40; without BTC's margin the rest carries ETH
    assert [trade.symbol for trade in kept.core.trades() if trade.client_id.startswith("auto")] == [BTC]
    assert kept.quantity(symbol=ETH) == D(100)


def test_a_short_leg_of_a_hedge_is_liquidated_upwards_and_the_long_lives_on() -> None:
    """BT-1: isolated legs have their own margin each."""
    trader = hedged()
    trader.core.set_margin_type(BTC, "ISOLATED", trader.tick())
    trader.buy(100, position_side="LONG")
    trader.sell(100, position_side="SHORT")
    trader.mark(109)
    assert trader.quantity("SHORT") == D(-100)
    trader.trade(109.8)
    trader.mark(109.8)
    assert (trader.quantity("LONG"), trader.quantity("SHORT")) == (D(100), D(0))


def test_funding_can_liquidate() -> None:
    """BT-1: who is under water after it is closed there."""
    trader = CoreTrader()
    trader.buy(900)
    trader.trade(91)
    trader.fund("0.02")
    assert trader.quantity() == 0


def test_filters_are_read_from_exchange_info() -> None:
    """EXEC-6: the document's strings, exactly; bounds that it does not have are none."""
    symbol = {
        "symbol": BTC, "triggerProtect": "0.0500", "liquidationFee": "0.012500", "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        ],
    }  # fmt: skip
    read = Filters.of_exchange_info(symbol)
    assert (read.tick_size, read.min_price, read.market_max_quantity) == (D("0.1"), D("556.8"), D(120))
    assert (read.multiplier_up, read.trigger_protect, read.liquidation_fee) == (D("1.05"), D("0.05"), D("0.0125"))
    assert (read.max_orders, read.market_take_bound, read.min_notional) == (200, D("0.05"), D(100))
    fewer = {"symbol": BTC, "filters": [each for each in symbol["filters"] if "PERCENT" not in str(each)]}
    assert Filters.of_exchange_info(fewer).multiplier_up is None
    with pytest.raises(KeyError):
        Filters.of_exchange_info({"symbol": BTC, "filters": []})


def test_the_core_begins_with_the_accounts_leverage_and_margin_type_and_keeps_changes_over_a_restart() -> None:
    account = AccountSettings(leverage=7, margin_type="isolated")
    first = ExchangeCore(FREE, FILTERS, BRACKETS, account)
    assert (first.config(BTC).leverage, first.config(BTC).margin_type) == (7, "ISOLATED")
    first.set_margin_type(ETH, "CROSSED", 1)
    second = ExchangeCore(FREE, FILTERS, BRACKETS, account)
    second.restore(first.snapshot())
    assert [second.config(symbol).margin_type for symbol in (BTC, ETH)] == ["ISOLATED", "CROSSED"]
