"""Converts account, positions, brackets and settings to REST answers (docs/binance.md §4.3)."""

from __future__ import annotations

from typing import Any

from simulator.core.margin.brackets import Brackets
from simulator.core.model.statements import AccountStatement, Commission, Income, PositionStatement, SymbolConfig
from simulator.server.printing.numbers import money, places, plain
from simulator.server.records import MarginMove
from simulator.tape.grid import Grid


def balance(account: AccountStatement, alias: str) -> dict[str, Any]:
    """Return one row of ``GET balance``."""
    return {
        "accountAlias": alias,
        "asset": "USDT",
        "balance": money(account.wallet),
        "crossWalletBalance": money(account.cross_wallet),
        "crossUnPnl": money(account.cross_unrealized),
        "availableBalance": money(account.available),
        "maxWithdrawAmount": money(account.max_withdraw),
        "marginAvailable": True,
        "updateTime": account.updated,
    }


def totals(account: AccountStatement) -> dict[str, Any]:
    """Return the totals at the head of ``GET account``."""
    return {
        "totalInitialMargin": money(account.initial_margin),
        "totalMaintMargin": money(account.maintenance_margin),
        "totalWalletBalance": money(account.wallet),
        "totalUnrealizedProfit": money(account.unrealized),
        "totalMarginBalance": money(account.margin_balance),
        "totalPositionInitialMargin": money(account.position_initial_margin),
        "totalOpenOrderInitialMargin": money(account.open_order_initial_margin),
        "totalCrossWalletBalance": money(account.cross_wallet),
        "totalCrossUnPnl": money(account.cross_unrealized),
        "availableBalance": money(account.available),
        "maxWithdrawAmount": money(account.max_withdraw),
    }


def asset(account: AccountStatement) -> dict[str, Any]:
    """Return the USDT row of ``assets`` in ``GET account``."""
    return {
        "asset": "USDT",
        "walletBalance": money(account.wallet),
        "unrealizedProfit": money(account.unrealized),
        "marginBalance": money(account.margin_balance),
        "maintMargin": money(account.maintenance_margin),
        "initialMargin": money(account.initial_margin),
        "positionInitialMargin": money(account.position_initial_margin),
        "openOrderInitialMargin": money(account.open_order_initial_margin),
        "crossWalletBalance": money(account.cross_wallet),
        "crossUnPnl": money(account.cross_unrealized),
        "availableBalance": money(account.available),
        "maxWithdrawAmount": money(account.max_withdraw),
        "marginAvailable": True,
        "updateTime": account.updated,
    }


def flags(*, multi_assets: bool) -> dict[str, Any]:
    """Return the permission and mode fields that precede the totals in ``GET account`` v2."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "updateTime": 0,
        "multiAssetsMargin": multi_assets,
        "tradeGroupId": -1,
    }


def account_position_v2(leg: PositionStatement, config: SymbolConfig, grid: Grid) -> dict[str, Any]:
    """Return one row of ``positions`` in ``GET account`` v2, which lists every symbol."""
    return {
        "symbol": leg.symbol,
        "initialMargin": money(leg.initial_margin),
        "maintMargin": money(leg.maintenance_margin),
        "unrealizedProfit": money(leg.unrealized),
        "positionInitialMargin": money(leg.position_initial_margin),
        "openOrderInitialMargin": money(leg.open_order_initial_margin),
        "leverage": str(config.leverage),
        "isolated": config.margin_type == "ISOLATED",
        "entryPrice": places(leg.entry_price, grid.price_digits),
        "breakEvenPrice": places(leg.break_even_price, grid.price_digits),
        "maxNotional": plain(config.max_notional),
        "bidNotional": plain(leg.bid_notional),
        "askNotional": plain(leg.ask_notional),
        "positionSide": leg.position_side,
        "positionAmt": places(leg.quantity, grid.quantity_digits),
        "updateTime": leg.updated,
    }


def account_position_v3(leg: PositionStatement, grid: Grid) -> dict[str, Any]:
    """Return one row of ``positions`` in ``GET account`` v3."""
    return {
        "symbol": leg.symbol,
        "positionSide": leg.position_side,
        "positionAmt": places(leg.quantity, grid.quantity_digits),
        "unrealizedProfit": money(leg.unrealized),
        "isolatedMargin": money(leg.isolated_margin),
        "notional": money(leg.notional),
        "isolatedWallet": money(leg.isolated_wallet),
        "initialMargin": money(leg.initial_margin),
        "maintMargin": money(leg.maintenance_margin),
        "updateTime": leg.updated,
    }


def position_risk_v2(leg: PositionStatement, config: SymbolConfig, grid: Grid) -> dict[str, Any]:
    """Return one row of ``GET positionRisk`` v2, which lists every symbol."""
    return {
        "symbol": leg.symbol,
        "positionAmt": places(leg.quantity, grid.quantity_digits),
        "entryPrice": places(leg.entry_price, grid.price_digits),
        "breakEvenPrice": places(leg.break_even_price, grid.price_digits),
        "markPrice": money(leg.mark_price),
        "unRealizedProfit": money(leg.unrealized),
        "liquidationPrice": plain(leg.liquidation_price),
        "leverage": str(config.leverage),
        "maxNotionalValue": plain(config.max_notional),
        "marginType": "isolated" if config.margin_type == "ISOLATED" else "cross",
        "isolatedMargin": money(leg.isolated_margin),
        "isAutoAddMargin": "false",
        "positionSide": leg.position_side,
        "notional": plain(leg.notional),
        "isolatedWallet": plain(leg.isolated_wallet),
        "updateTime": leg.updated,
    }


def position_risk_v3(leg: PositionStatement, grid: Grid) -> dict[str, Any]:
    """Return one row of ``GET positionRisk`` v3."""
    return {
        "symbol": leg.symbol,
        "positionSide": leg.position_side,
        "positionAmt": places(leg.quantity, grid.quantity_digits),
        "entryPrice": places(leg.entry_price, grid.price_digits),
        "breakEvenPrice": places(leg.break_even_price, grid.price_digits),
        "markPrice": money(leg.mark_price),
        "unRealizedProfit": money(leg.unrealized),
        "liquidationPrice": plain(leg.liquidation_price),
        "isolatedMargin": plain(leg.isolated_margin),
        "notional": plain(leg.notional),
        "marginAsset": "USDT",
        "isolatedWallet": plain(leg.isolated_wallet),
        "initialMargin": plain(leg.initial_margin),
        "maintMargin": plain(leg.maintenance_margin),
        "positionInitialMargin": plain(leg.position_initial_margin),
        "openOrderInitialMargin": plain(leg.open_order_initial_margin),
        "adl": 0,
        "bidNotional": plain(leg.bid_notional),
        "askNotional": plain(leg.ask_notional),
        "updateTime": leg.updated,
    }


def brackets(symbol: str, table: Brackets) -> dict[str, Any]:
    """Return one row of ``GET leverageBracket``; its values are numbers, not strings."""
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": row.number,
                "initialLeverage": row.leverage,
                "notionalCap": int(row.notional_cap),
                "notionalFloor": int(row.notional_floor),
                "maintMarginRatio": float(row.maintenance_rate),
                "cum": float(row.cum),
            }
            for row in table.rows
        ],
    }


def symbol_config(config: SymbolConfig) -> dict[str, Any]:
    """Return one row of ``GET symbolConfig``."""
    return {
        "symbol": config.symbol,
        "marginType": config.margin_type,
        "isAutoAddMargin": False,
        "leverage": config.leverage,
        "maxNotionalValue": plain(config.max_notional),
    }


def commission(symbol: str, rates: Commission) -> dict[str, Any]:
    """Return the answer of ``GET commissionRate``."""
    return {
        "symbol": symbol,
        "makerCommissionRate": f"{rates.maker:.6f}",
        "takerCommissionRate": f"{rates.taker:.6f}",
        "rpiCommissionRate": f"{rates.maker:.6f}",
    }


def margin_move(move: MarginMove) -> dict[str, Any]:
    """Return one row of ``GET positionMargin/history``."""
    return {
        "symbol": move.symbol,
        "type": 1 if move.amount > 0 else 2,
        "deltaType": "USER_ADJUST",
        "amount": money(abs(move.amount)),
        "asset": "USDT",
        "time": move.time,
        "positionSide": move.position_side,
    }


def income(line: Income) -> dict[str, Any]:
    """Return one row of ``GET income``."""
    return {
        "symbol": line.symbol,
        "incomeType": line.type,
        "income": money(line.amount),
        "asset": "USDT",
        "info": str(line.trade_id) if line.trade_id else line.type,
        "time": line.time,
        "tranId": line.id,
        "tradeId": str(line.trade_id) if line.trade_id else "",
    }
