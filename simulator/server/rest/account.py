"""Account, positions and their configuration, and the listen key (binance.md §4.3)."""

from __future__ import annotations

from typing import Any, Final

from simulator.core.model.enums import MarginType, PositionSide
from simulator.core.model.statements import PositionStatement
from simulator.server.parameters import Parameters
from simulator.server.printing import account as printed
from simulator.server.refusals import Refused, missing
from simulator.server.rest.context import SUCCESS, Caller, Desk, within
from simulator.server.rest.orders import POSITION_SIDES

_MARGIN_TYPES: Final[tuple[MarginType, ...]] = ("CROSSED", "ISOLATED")
_ADD, _REDUCE = "1", "2"


def balance(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return [printed.balance(desk.exchange.venue.account())]


def account_v2(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    account, venue = desk.exchange.venue.account(), desk.exchange.venue
    return {
        **printed.flags(multi_assets=False),
        **printed.totals(account),
        "assets": [printed.asset(account)],
        "positions": [
            printed.account_position_v2(leg, venue.config(leg.symbol), desk.grid(leg.symbol))
            for leg in _every_leg(desk, None)
        ],
    }


def account_v3(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    account = desk.exchange.venue.account()
    return {
        **printed.totals(account),
        "assets": [printed.asset(account)],
        "positions": [printed.account_position_v3(leg, desk.grid(leg.symbol)) for leg in desk.exchange.venue.positions()],
    }


def position_risk_v2(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return [
        printed.position_risk_v2(leg, desk.exchange.venue.config(leg.symbol), desk.grid(leg.symbol))
        for leg in _every_leg(desk, desk.maybe_symbol(parameters))
    ]


def position_risk_v3(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    legs = desk.exchange.venue.positions(desk.maybe_symbol(parameters))
    return [printed.position_risk_v3(leg, desk.grid(leg.symbol)) for leg in legs]


def income(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    kind = parameters.optional("incomeType")
    rows = [line for line in desk.exchange.venue.income(desk.maybe_symbol(parameters)) if kind is None or line.type == kind]
    return [printed.income(line) for line in within(rows, lambda line: line.time, parameters, 100, 1_000)]


def leverage(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    asked = parameters.integer("leverage")
    config = desk.done(desk.exchange.venue.set_leverage(desk.symbol(parameters), asked, desk.exchange.time))
    shown = printed.symbol_config(config)
    return {name: shown[name] for name in ("leverage", "maxNotionalValue", "symbol")}


def margin_type(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol, asked = desk.symbol(parameters), parameters.word("marginType", _MARGIN_TYPES)
    desk.done(desk.exchange.venue.set_margin_type(symbol, asked, desk.exchange.time))
    return SUCCESS


def position_margin(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol, way = desk.symbol(parameters), parameters.word("type", (_ADD, _REDUCE))
    amount = parameters.number("amount")
    if amount is None or amount <= 0:
        raise missing("amount")
    side = parameters.word("positionSide", POSITION_SIDES, "BOTH")
    signed = amount if way == _ADD else -amount
    desk.done(desk.exchange.venue.move_margin(symbol, signed, desk.exchange.time, side))
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": int(way)}


def position_mode(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {"dualSidePosition": desk.exchange.venue.hedge_mode}


def set_position_mode(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    parameters.text("dualSidePosition")
    desk.done(desk.exchange.venue.set_hedge_mode(parameters.flag("dualSidePosition"), desk.exchange.time))
    return SUCCESS


def multi_assets(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {"multiAssetsMargin": False}


def set_multi_assets(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """Single-asset mode is all there is here."""
    if parameters.flag("multiAssetsMargin"):
        raise Refused(-4168, "Unable to adjust to Multi-Assets mode: the simulated account has USDT only.")
    raise Refused(-4171, "No need to change multi-assets mode.")


def leverage_brackets(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol = desk.maybe_symbol(parameters)
    venue = desk.exchange.venue
    if symbol is not None:
        return [printed.brackets(symbol, venue.brackets(symbol))]
    return [printed.brackets(each, venue.brackets(each)) for each in desk.exchange.market.symbols]


def commission_rate(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol = desk.symbol(parameters)
    return printed.commission(symbol, desk.exchange.venue.commission(symbol))


def account_config(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    shown = printed.flags(multi_assets=False)
    return {**shown, "dualSidePosition": desk.exchange.venue.hedge_mode}


def symbol_config(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    symbol = desk.maybe_symbol(parameters)
    symbols = desk.exchange.market.symbols if symbol is None else (symbol,)
    return [printed.symbol_config(desk.exchange.venue.config(each)) for each in symbols]


def order_rate_limit(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """The ceilings, as exchangeInfo names them."""
    return [each for each in desk.exchange.info["rateLimits"] if each["rateLimitType"] == "ORDERS"]


def trading_status(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """No quantitative rule is broken here."""
    return {"indicators": {}, "updateTime": desk.server_time}


def api_restrictions(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    """What the key may do: read and trade futures, and never withdraw."""
    return {
        "ipRestrict": False,
        "createTime": desk.exchange.market.start,
        "enableInternalTransfer": False,
        "enableFutures": True,
        "enablePortfolioMarginTrading": False,
        "enableVanillaOptions": False,
        "permitsUniversalTransfer": False,
        "enableReading": True,
        "enableSpotAndMarginTrading": False,
        "enableWithdrawals": False,
        "enableMargin": False,
    }


def open_listen_key(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {"listenKey": desk.listen_keys.get(caller.key, caller.now)}


def extend_listen_key(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    return {"listenKey": desk.listen_keys.extend(caller.key, caller.now)}


def close_listen_key(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    desk.listen_keys.close(caller.key)
    return {}


def _every_leg(desk: Desk, symbol: str | None) -> list[PositionStatement]:
    """Also flat ones, of the position mode."""
    venue = desk.exchange.venue
    sides: tuple[PositionSide, ...] = ("LONG", "SHORT") if venue.hedge_mode else ("BOTH",)
    symbols = desk.exchange.market.symbols if symbol is None else (symbol,)
    return [venue.position(each, side) for each in symbols for side in sides]
