"""Margin, liquidation price, funding and fees against tables worked out by hand from docs/binance.md §7."""

from __future__ import annotations

from decimal import Context, localcontext

import pytest

from simulator.core.margin.brackets import Bracket, Brackets, bracket_tables
from simulator.core.model.events import AccountUpdate, FundingPaid
from simulator.core.model.requests import Refusal
from simulator.core.model.statements import Commission, PositionStatement
from tests.support.simulator.core_trader import BRACKETS, BTC, ETH, SOL, CoreTrader, D, limit

M = 1_000_000


@pytest.mark.parametrize(
    ("symbol", "notional", "margin"),
    [
        # notional x rate - cum, one row a bracket and the edges between some (either bracket gives the same there)
        (BTC, 100_000, "400"),
        (BTC, 300_000, "1200"),
        (BTC, 500_000, "2200"),
        (BTC, 800_000, "3700"),
        (BTC, M, "5000"),
        (BTC, 3 * M, "18000"),
        (BTC, 10 * M, "88000"),
        (BTC, 50 * M, "868000"),
        (BTC, 80 * M, "1518000"),
        (BTC, 200 * M, "7018000"),
        (BTC, 300 * M, "15518000"),
        (BTC, 500 * M, "36018000"),
        (BTC, 700 * M, "63518000"),
        (BTC, 1_000 * M, "128518000"),
        (BTC, 1_500 * M, "328518000"),
        (BTC, 2_000 * M, "578518000"),  # beyond the last cap
        (ETH, 299_999, "1199.996"),
        (ETH, 60 * M, "1118000"),
        (ETH, 100 * M, "2993000"),
        (ETH, 600 * M, "69493000"),
        (SOL, 50_000, "250"),
        (SOL, 100_000, "575"),
        (SOL, 500_000, "3525"),
        (SOL, 2 * M, "28525"),
        (SOL, 6 * M, "118525"),
        (SOL, 10 * M, "268525"),
        (SOL, 300 * M, "83268525"),
    ],
)
def test_maintenance_margin_by_bracket(symbol: str, notional: int, margin: str) -> None:
    """BT-1: §7.4's tables."""
    assert BRACKETS[symbol].maintenance(D(notional)) == D(margin)


@pytest.mark.parametrize(
    ("symbol", "leverage", "largest"),
    [
        (BTC, 150, 300_000), (BTC, 101, 300_000), (BTC, 100, 800_000), (BTC, 75, 3 * M), (BTC, 26, 12 * M),
        (BTC, 20, 100 * M), (BTC, 1, 1_800 * M), (SOL, 100, 50_000), (SOL, 4, 100 * M), (SOL, 3, 100 * M), (SOL, 101, 0),
    ],
)  # fmt: skip
def test_the_largest_position_at_a_leverage(symbol: str, leverage: int, largest: int) -> None:
    """BT-1: the cap of the highest bracket that offers the leverage."""
    assert BRACKETS[symbol].max_notional(leverage) == largest


Row = tuple[str, str, str]  # symbol, signed quantity, entry price

#: legs, wallet, leverage, isolated, marks, (expected numerator, denominator of the first leg's liquidation price)
LIQUIDATIONS = [
    # LP = (WB - TMM1 + UPNL1 + cum - s q EP) / (q MMR - s q), numerator and denominator as written
    ([(BTC, "1", "100000")], 10_000, 10, False, {}, ("-90000", "-0.996")),
    ([(BTC, "-1", "100000")], 10_000, 10, False, {}, ("110000", "1.004")),
    ([(BTC, "5", "100000")], 50_000, 10, False, {}, ("-449700", "-4.975")),
    ([(BTC, "-5", "100000")], 50_000, 10, False, {}, ("550300", "5.025")),
    ([(BTC, "3.2", "100000")], 20_000, 20, False, {}, ("-299700", "-3.184")),  # just within the second bracket
    ([(BTC, "3.1", "100000")], 20_000, 20, False, {}, ("-290000", "-3.0876")),  # the second at entry, the first at LP
    ([(BTC, "-2.9", "100000")], 20_000, 20, False, {}, ("310300", "2.9145")),  # the first at entry, the second at LP
    ([(ETH, "100", "4000")], 40_000, 10, False, {}, ("-359700", "-99.5")),
    ([(SOL, "-1000", "200")], 20_000, 10, False, {}, ("220075", "1006.5")),
    ([(BTC, "50", "100000")], 500_000, 10, False, {}, ("-4488000", "-49.5")),
    ([(BTC, "0.1", "100000")], 10_000, 10, False, {}, None),  # no price above zero takes a long without debt
    ([(BTC, "1", "100000"), (ETH, "10", "4000")], 14_000, 10, False, {ETH: "3900"}, ("-87156", "-0.996")),
    ([(BTC, "-1", "100000"), (ETH, "-10", "4000")], 14_000, 10, False, {ETH: "4100"}, ("112836", "1.004")),
    ([(BTC, "1", "100000")], 50_000, 20, True, {}, ("-95000", "-0.996")),
    ([(BTC, "-1", "100000")], 50_000, 20, True, {}, ("105000", "1.004")),
    ([(SOL, "1000", "200"), (BTC, "0.5", "100000")], 50_000, 5, True, {BTC: "90000"}, ("-159925", "-993.5")),
    ([(BTC, "1", "100000")], 10_000, 10, False, {BTC: "95000"}, ("-90000", "-0.996")),  # the mark does not matter
]  # fmt: skip


def opened(legs: list[Row], wallet: int, leverage: int, marks: dict[str, str], *, isolated: bool) -> CoreTrader:
    trader = CoreTrader(starting_wallet=D(wallet), leverage=leverage)
    for symbol, quantity, price in legs:
        trader.trade(price, symbol=symbol)
        if isolated:
            assert trader.core.set_margin_type(symbol, "ISOLATED", trader.tick()) is None
        trade = trader.buy if D(quantity) > 0 else trader.sell
        assert trade(quantity.lstrip("-"), symbol=symbol).status == "FILLED"
    for symbol, price in marks.items():
        trader.mark(price, symbol=symbol)
    trader.core.take_events()
    return trader


def fraction(numerator: str, denominator: str) -> str:
    """To the twelve decimals that statements have."""
    with localcontext(Context(prec=60)):
        return f"{(D(numerator) / D(denominator)).quantize(D('1E-12')):f}"


@pytest.mark.parametrize(("legs", "wallet", "leverage", "isolated", "marks", "expected"), LIQUIDATIONS)
def test_the_liquidation_price(
    legs: list[Row], wallet: int, leverage: int, isolated: bool, marks: dict[str, str], expected: tuple[str, str] | None
) -> None:
    """BT-1: §7.3's formula, the bracket being that at the liquidation price; crossed, isolated, beside other positions."""
    trader = opened(legs, wallet, leverage, marks, isolated=isolated)
    symbol = legs[0][0]
    stated = trader.core.position(symbol).liquidation_price
    assert f"{stated:f}" == ("0" if expected is None else fraction(*expected))


def test_at_its_liquidation_price_a_position_is_closed_and_a_tick_before_it_is_not() -> None:
    """BT-1: what is stated is what happens."""
    for quantity, before, at in (("1", "90361.5", "90361.4"), ("-1", "109561.7", "109561.8")):
        trader = opened([(BTC, quantity, "100000")], 10_000, 10, {}, isolated=False)
        trader.mark(before)
        assert trader.quantity() == D(quantity)
        trader.mark(at)
        assert trader.quantity() == 0


@pytest.mark.parametrize(
    ("long", "short", "numerator", "denominator"),
    [
        # WB + cumL + cumS - qL EPL + qS EPS; qL MMRL + qS MMRS - qL + qS; WB = 20,000
        (("2", "100000"), ("1", "102000"), "-78000", "-0.988"),
        (("1", "100000"), ("3", "100000"), "220300", "2.019"),  # the short is in its second bracket up there
        (("3", "100000"), ("2", "100000"), "-80000", "-0.98"),
    ],
)
def test_the_liquidation_price_of_two_legs(
    long: tuple[str, str], short: tuple[str, str], numerator: str, denominator: str
) -> None:
    """BT-1: hedge mode, both legs of the symbol move together and have one liquidation price."""
    trader = CoreTrader(starting_wallet=D(20_000), leverage=50)
    assert trader.core.set_hedge_mode(True, trader.tick()) is None
    trader.trade(long[1])
    trader.buy(long[0], position_side="LONG")
    trader.trade(short[1])
    trader.sell(short[0], position_side="SHORT")
    prices = {trader.core.position(BTC, side).liquidation_price for side in ("LONG", "SHORT")}  # type: ignore[arg-type]  # sides
    assert {f"{price:f}" for price in prices} == {fraction(numerator, denominator)}


@pytest.mark.parametrize(
    ("quantity", "mark", "rate", "amount"),
    [
        ("2", "110", "0.0001", "-0.022"),
        ("2", "110", "-0.0001", "0.022"),
        ("-2", "110", "0.0001", "0.022"),
        ("-2", "110", "-0.0001", "-0.022"),
        ("0.123", "100123.4", "0.00012345", "-1.52030874879"),
        ("1", "100", "0", "0"),
        ("0.1", "100.1", "0.0000000012345", "-0.000000012357"),  # to the decimals that are kept
    ],
)
def test_funding(quantity: str, mark: str, rate: str, amount: str) -> None:
    """BT-1: §7.2, quantity x mark x rate; a long pays a positive rate."""
    trader = opened([(BTC, quantity, "100")], 10_000, 10, {BTC: mark}, isolated=False)
    before = trader.core.account().wallet
    events = trader.fund(rate)
    assert [each.amount for each in events if isinstance(each, FundingPaid)] == [D(amount)]
    assert trader.core.account().wallet - before == D(amount)
    (told,) = [each for each in events if isinstance(each, AccountUpdate)]
    assert (told.reason, told.change, told.positions) == ("FUNDING_FEE", D(amount), ())


def test_an_isolated_leg_pays_funding_from_its_own_wallet_and_each_leg_of_a_hedge_pays() -> None:
    """BT-1: then ACCOUNT_UPDATE names the leg."""
    trader = opened([(BTC, "1", "100")], 10_000, 10, {}, isolated=True)
    (told,) = [each for each in trader.fund("0.01") if isinstance(each, AccountUpdate)]
    assert [(leg.symbol, leg.isolated_wallet) for leg in told.positions] == [(BTC, D(9))]
    trader = CoreTrader()
    trader.core.set_hedge_mode(True, trader.tick())
    trader.buy(3, position_side="LONG")
    trader.sell(1, position_side="SHORT")
    assert [each.amount for each in trader.fund("0.01") if isinstance(each, FundingPaid)] == [D(-3), D(1)]
    assert trader.fund("0.01", symbol=ETH) == []


@pytest.mark.parametrize(
    ("quantity", "price", "maker", "own", "fee"),
    [
        ("0.123", "100000", False, None, "6.15"),
        ("0.123", "100000", True, None, "2.46"),
        ("1", "100", False, ("0.0001", "0.0003"), "0.03"),
        ("1", "100", True, ("0.0001", "0.0003"), "0.01"),
        ("1", "100", True, ("-0.00005", "0.0003"), "-0.005"),  # a maker rebate
        ("0.777", "99999.9", False, None, "38.84996115"),
    ],
)
def test_fees(quantity: str, price: str, maker: bool, own: tuple[str, str] | None, fee: str) -> None:
    """BT-1: §7.1, notional x rate of who rested or took; a symbol may have its own rates."""
    trader = CoreTrader(taker_fee=D("0.0005"), maker_fee=D("0.0002"), starting_wallet=D(M), at=price)
    if own is not None:
        trader.core.set_commission(BTC, Commission(maker=D(own[0]), taker=D(own[1])), trader.tick())
    if maker:
        trader.quote(D(price) - 1, D(price) + 1)
        trader.place(limit("BUY", quantity, price))
        trader.trade(D(price) - D("0.1"))
    else:
        trader.buy(quantity)
    (trade,) = trader.core.trades()
    assert (trade.maker, trade.commission) == (maker, D(fee))
    assert trader.core.account().wallet == M - D(fee)
    assert [line.amount for line in trader.core.income() if line.type == "COMMISSION"] == [-D(fee)]


def margins(position: PositionStatement) -> tuple[str, str, str]:
    values = (position.position_initial_margin, position.open_order_initial_margin, position.maintenance_margin)
    return tuple(f"{value.normalize():f}" for value in values)  # type: ignore[return-value]  # three of them


@pytest.mark.parametrize(
    ("held", "orders", "mark", "expected", "available"),
    [
        # leverage 10, wallet 10,000, bought or sold at 100: position margin, order margin, maintenance; available
        ("0", [], "100", ("0", "0", "0"), "10000"),
        ("50", [], "100", ("500", "0", "20"), "9500"),
        ("50", [], "110", ("550", "0", "22"), "9950"),  # 500 gained, 50 more bound
        ("-50", [], "110", ("550", "0", "22"), "8950"),
        ("0", [("BUY", "10", "90")], "100", ("0", "90", "0"), "9910"),
        ("0", [("BUY", "10", "90"), ("SELL", "20", "110")], "100", ("0", "220", "0"), "9780"),  # the larger side
        ("50", [("BUY", "10", "90")], "100", ("500", "90", "20"), "9410"),
        ("50", [("SELL", "50", "110")], "100", ("500", "0", "20"), "9500"),  # closes, so it binds nothing
        ("50", [("SELL", "100", "110")], "100", ("500", "100", "20"), "9400"),  # |5,000 - 11,000| / 10 = 600
        ("-50", [("BUY", "10", "90"), ("SELL", "10", "110")], "100", ("500", "110", "20"), "9390"),
    ],
)
def test_initial_margin_and_what_is_available(
    held: str, orders: list[tuple[str, str, str]], mark: str, expected: tuple[str, str, str], available: str
) -> None:
    """BT-1: notional at mark / leverage; open orders by the larger of the two sides."""
    trader = CoreTrader()
    if D(held):
        (trader.buy if D(held) > 0 else trader.sell)(held.lstrip("-"))
    for side, quantity, price in orders:
        trader.place(limit(side, quantity, price))
    trader.mark(mark)
    account = trader.core.account()
    assert margins(trader.core.position(BTC)) == expected
    assert account.available == D(available)
    assert account.initial_margin == account.position_initial_margin + account.open_order_initial_margin


def test_the_account_adds_up_with_isolated_and_crossed_legs() -> None:
    """BT-1: an isolated leg has its margin in its own wallet; profit and loss of it are not available to others."""
    trader = CoreTrader()
    trader.core.set_margin_type(ETH, "ISOLATED", trader.tick())
    trader.buy(20)
    trader.buy(10, symbol=ETH)
    trader.mark(110)
    trader.mark(150, symbol=ETH)
    account, leg = trader.core.account(), trader.core.position(ETH)
    assert (leg.isolated_wallet, leg.isolated_margin, leg.unrealized) == (D(100), D(600), D(500))
    assert (account.wallet, account.cross_wallet, account.cross_unrealized) == (D(10_000), D(9_900), D(200))
    assert (account.unrealized, account.margin_balance) == (D(700), D(10_700))
    assert (account.available, account.max_withdraw) == (D(9_880), D(9_680))  # 9,900 + 200 - 220


def test_entry_and_break_even_price() -> None:
    """BT-1: the mean of what opened it; break-even has fees, funding and what was realised in it."""
    trader = CoreTrader(taker_fee=D("0.001"))
    trader.buy(1)
    trader.trade(110)
    trader.buy(1)
    assert (trader.core.position(BTC).entry_price, trader.core.position(BTC).break_even_price) == (D(105), D("105.105"))
    trader.sell(1)  # realises 5, pays 0.11
    leg = trader.core.position(BTC)
    assert (leg.entry_price, leg.break_even_price, leg.realized) == (D(105), D("100.32"), D(5))
    trader.fund("0.001")
    assert trader.core.position(BTC).break_even_price == D("100.43")
    trader.sell(2)  # turns: what went before is over
    leg = trader.core.position(BTC)
    assert (leg.quantity, leg.entry_price, leg.break_even_price) == (D(-1), D(110), D("109.78"))


def rows(*edges: tuple[int, int, int, str]) -> tuple[Bracket, ...]:
    return tuple(
        Bracket(number=n, notional_floor=D(low), notional_cap=D(cap), leverage=leverage, maintenance_rate=D(rate), cum=D(0))
        for n, (low, cap, leverage, rate) in enumerate(edges, 1)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        rows((5, 10, 20, "0.01")),
        rows((0, 10, 20, "0.01"), (11, 20, 10, "0.02")),
        rows((0, 10, 20, "0.01"), (10, 20, 25, "0.02")),
        rows((0, 10, 20, "0.02"), (10, 20, 10, "0.01")),
    ],
)
def test_brackets_that_do_not_fit_together_are_refused(wrong: tuple[Bracket, ...]) -> None:
    """BT-1: a table with a gap, or one that rewards size, is a broken file."""
    with pytest.raises(ValueError, match="bracket"):
        Brackets(wrong)


def test_brackets_are_read_in_both_forms() -> None:
    """BT-1: Binance's rows by symbol, ccxt's tiers by market; cum is worked out, whatever the file says."""
    first = {
        "bracket": 1,
        "initialLeverage": 75,
        "notionalFloor": 0,
        "notionalCap": 5000,
        "maintMarginRatio": 0.01,
        "cum": 9,
    }
    second = first | {
        "bracket": 2,
        "initialLeverage": 50,
        "notionalFloor": 5000,
        "notionalCap": 9000,
        "maintMarginRatio": 0.02,
    }
    tables = bracket_tables({"AUSDT": [first, second], "B/USDT:USDT": [{"tier": 1.0, "info": first}]})
    assert [(row.leverage, row.cum) for row in tables["AUSDT"].rows] == [(75, D(0)), (50, D("50.00"))]
    assert (tables["BUSDT"].max_leverage, tables["BUSDT"].top_rate) == (75, D("0.01"))


def test_a_symbol_without_a_table_has_one_bracket_by_the_settings() -> None:
    """BT-1: any size, the settings' leverage and rate."""
    trader = CoreTrader(brackets={}, max_leverage=40, maintenance_rate=D("0.01"), leverage=100)
    assert trader.core.config(BTC).leverage == 40
    assert isinstance(trader.core.set_leverage(BTC, 41, trader.tick()), Refusal)
    assert trader.core.brackets(BTC).maintenance(D(10**12)) == 10**10
