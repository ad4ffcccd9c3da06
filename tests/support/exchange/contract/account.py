"""Checks of the account, its settings, and the rules of trading."""

from __future__ import annotations

from itertools import pairwise

import pytest

from shared.exchange.errors import ExchangeError
from tests.support.exchange.contract.trader import LOT, SYMBOL, D, Trader, accepted, order


async def check_account_adds_up(trader: Trader) -> None:
    """RISK-5: wallet + unrealised = margin balance; a round trip costs its fees and its loss, to the cent."""
    exchange = trader.exchange
    before = await exchange.account()
    assert before.wallet + before.unrealized == before.margin_balance
    entry = accepted(await exchange.place(order(trader, "entry", "BUY", "MARKET")))
    held = await exchange.account()
    assert held.wallet + held.unrealized == held.margin_balance
    risk = (await exchange.positions(SYMBOL))[0]
    assert (risk.quantity, risk.side) == (LOT, "BOTH")
    assert risk.unrealized == held.unrealized
    close = accepted(await exchange.place(order(trader, "close", "SELL", "MARKET", LOT, reduce_only=True)))
    after = await exchange.account()
    trades = [
        *await exchange.account_trades(SYMBOL, order_id=entry.id),
        *await exchange.account_trades(SYMBOL, order_id=close.id),
    ]
    assert after.wallet - before.wallet == sum((trade.realized - trade.commission for trade in trades), D(0))
    assert {each.asset: each.wallet for each in await exchange.balances()}["USDT"] == after.wallet


async def check_settings(trader: Trader) -> None:
    """RISK-5: leverage, margin type and position mode can be set twice; what cannot change with open orders is refused."""
    exchange = trader.exchange
    for leverage in (5, 5, 10):
        assert (await exchange.set_leverage(SYMBOL, leverage)).leverage == leverage
    assert (await exchange.symbol_configs(SYMBOL))[SYMBOL].leverage == 10
    for margin_type in ("isolated", "isolated", "cross"):
        await exchange.set_margin_type(SYMBOL, margin_type)  # type: ignore[arg-type]  # literals
    assert (await exchange.symbol_configs(SYMBOL))[SYMBOL].margin_type == "cross"
    tiers = (await exchange.brackets(SYMBOL))[SYMBOL]
    assert tiers[0].floor == 0
    assert all(low.cap == high.floor for low, high in pairwise(tiers))
    fees = await exchange.commission(SYMBOL)
    assert 0 <= fees.maker <= fees.taker < D("0.01")
    assert await exchange.hedge_mode() is False
    resting = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
    accepted(await exchange.place(resting))
    with pytest.raises(ExchangeError) as refused:
        await exchange.set_hedge_mode(True)
    assert refused.value.code == -4067
    await exchange.cancel_all(SYMBOL)
    await exchange.set_hedge_mode(True)
    assert await exchange.hedge_mode() is True
    await exchange.set_hedge_mode(False)
    await exchange.set_hedge_mode(False)


async def check_hedge_mode(trader: Trader) -> None:
    """RISK-5: a symbol's two legs stand beside each other, and close each by itself."""
    exchange = trader.exchange
    await exchange.set_hedge_mode(True)
    try:
        accepted(await exchange.place(order(trader, "long", "BUY", "MARKET", position_side="LONG")))
        accepted(await exchange.place(order(trader, "short", "SELL", "MARKET", position_side="SHORT")))
        legs = {each.side: each.quantity for each in await exchange.positions(SYMBOL)}
        assert legs == {"LONG": LOT, "SHORT": -LOT}
        accepted(await exchange.place(order(trader, "shut-long", "SELL", "MARKET", position_side="LONG")))
        accepted(await exchange.place(order(trader, "shut-short", "BUY", "MARKET", position_side="SHORT")))
        assert await exchange.positions(SYMBOL) == ()
    finally:
        await exchange.set_hedge_mode(False)


async def check_rules(trader: Trader) -> None:
    """RISK-1: filters of the symbol are told, and are what orders are held against."""
    rules = (await trader.exchange.exchange_info()).symbols[SYMBOL]
    assert rules.trading
    assert rules.tick_size == D("0.1")
    assert rules.step_size <= D("0.001")
    assert (await trader.price()) % rules.tick_size == 0


async def check_modes(trader: Trader) -> None:
    """RISK-5: the account's modes are told as they are set, and a schedule of other markets is to be had."""
    exchange = trader.exchange
    config = await exchange.account_config()
    assert (config.hedge, config.multi_assets, config.may_trade) == (False, False, True)
    await exchange.set_hedge_mode(True)
    try:
        assert (await exchange.account_config()).hedge
    finally:
        await exchange.set_hedge_mode(False)
    schedule = await exchange.trading_schedule()
    for sessions in schedule.markets.values():
        assert all(first.end <= second.start for first, second in pairwise(sessions))
