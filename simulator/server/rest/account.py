"""Account, positions and their configuration, and the listen key (docs/binance.md §4.3)."""

from __future__ import annotations

from typing import Any, Final

from shared.domain.order_words import PositionSide
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.enums import MarginType
from simulator.core.model.statements import PositionStatement
from simulator.server.parameters import Parameters
from simulator.server.printing import account as printed
from simulator.server.refusals import Refused, missing
from simulator.server.rest.context import SUCCESS, Caller, Context, within
from simulator.server.rest.orders import POSITION_SIDES

_MARGIN_TYPES: Final[tuple[MarginType, ...]] = ("CROSSED", "ISOLATED")
_ADD, _REDUCE = "1", "2"


def balance(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v2/balance`` and ``GET /fapi/v3/balance``."""
    return [printed.balance(context.session.core.account(), context.alias)]


def account_v2(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v2/account``."""
    account, core = context.session.core.account(), context.session.core
    return {
        **printed.flags(multi_assets=False),
        **printed.totals(account),
        "assets": [printed.asset(account)],
        "positions": [
            printed.account_position_v2(leg, core.config(leg.symbol), context.grid(leg.symbol))
            for leg in _every_leg(context, None)
        ],
    }


def account_v3(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v3/account``."""
    account = context.session.core.account()
    return {
        **printed.totals(account),
        "assets": [printed.asset(account)],
        "positions": [
            printed.account_position_v3(leg, context.grid(leg.symbol)) for leg in context.session.core.positions()
        ],
    }


def position_risk_v2(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v2/positionRisk``."""
    return [
        printed.position_risk_v2(leg, context.session.core.config(leg.symbol), context.grid(leg.symbol))
        for leg in _every_leg(context, context.maybe_symbol(parameters))
    ]


def position_risk_v3(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v3/positionRisk``."""
    legs = context.session.core.positions(context.maybe_symbol(parameters))
    return [printed.position_risk_v3(leg, context.grid(leg.symbol)) for leg in legs]


def income(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/income``."""
    kind = parameters.optional("incomeType")
    rows = [
        line for line in context.session.core.income(context.maybe_symbol(parameters)) if kind is None or line.type == kind
    ]
    return [printed.income(line) for line in within(rows, lambda line: line.time, parameters, 100, 1_000)]


def leverage(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/leverage``."""
    asked = parameters.integer("leverage")
    config = context.checked(context.session.core.set_leverage(context.symbol(parameters), asked, context.session.time))
    shown = printed.symbol_config(config)
    return {name: shown[name] for name in ("leverage", "maxNotionalValue", "symbol")}


def margin_type(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/marginType``."""
    symbol, asked = context.symbol(parameters), parameters.word("marginType", _MARGIN_TYPES)
    context.checked(context.session.core.set_margin_type(symbol, asked, context.session.time))
    return SUCCESS


def position_margin(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/positionMargin``."""
    symbol, way = context.symbol(parameters), parameters.word("type", (_ADD, _REDUCE))
    amount = parameters.needed_number("amount")
    if amount <= 0:
        raise missing("amount")
    side = parameters.word("positionSide", POSITION_SIDES, "BOTH")
    signed = amount if way == _ADD else -amount
    context.checked(context.session.core.move_margin(symbol, signed, context.session.time, side))
    context.records.moved(symbol, side, signed, context.session.time)
    return {"amount": float(amount), "code": 200, "msg": "Successfully modify position margin.", "type": int(way)}


def margin_history(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/positionMargin/history``."""
    symbol = context.symbol(parameters)
    way = parameters.word("type", (_ADD, _REDUCE)) if "type" in parameters else None
    rows = [
        move
        for move in context.records.margin_moves
        if move.symbol == symbol and (way is None or (move.amount > 0) == (way == _ADD))
    ]
    return [printed.margin_move(move) for move in within(rows, lambda move: move.time, parameters, 500, 500)]


def adl_quantile(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/adlQuantile``: 0, the back of the queue, because nobody else is simulated."""
    legs = context.session.core.positions(context.maybe_symbol(parameters))
    symbols = dict.fromkeys(leg.symbol for leg in legs if leg.quantity)
    return [{"symbol": symbol, "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 0}} for symbol in symbols]


def fee_burn(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/feeBurn``: fees are never paid in BNB."""
    return {"feeBurn": False}


def set_fee_burn(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/feeBurn``. Only ``false`` is possible: the account has no BNB."""
    parameters.text("feeBurn")
    if parameters.flag("feeBurn"):
        raise Refused(ErrorCode.INVALID_PARAMETER, "Fees cannot be paid in BNB: the simulated account has USDT only.")
    return SUCCESS


def position_mode(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/positionSide/dual``."""
    return {"dualSidePosition": context.session.core.hedge_mode}


def set_position_mode(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/positionSide/dual``."""
    parameters.text("dualSidePosition")
    context.checked(context.session.core.set_hedge_mode(parameters.flag("dualSidePosition"), context.session.time))
    return SUCCESS


def multi_assets(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/multiAssetsMargin``."""
    return {"multiAssetsMargin": False}


def set_multi_assets(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Refuse every change: the account has USDT only, so single-asset mode is the only one."""
    if parameters.flag("multiAssetsMargin"):
        raise Refused(
            ErrorCode.JOINT_MARGIN_REJECT_WITH_ISOLATED,
            "Unable to adjust to Multi-Assets mode: the simulated account has USDT only.",
        )
    raise Refused(ErrorCode.NO_NEED_TO_CHANGE_JOINT_MARGIN)


def leverage_brackets(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/leverageBracket``."""
    symbol = context.maybe_symbol(parameters)
    core = context.session.core
    if symbol is not None:
        return [printed.brackets(symbol, core.brackets(symbol))]
    return [printed.brackets(each, core.brackets(each)) for each in context.session.market.symbols]


def commission_rate(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/commissionRate``."""
    symbol = context.symbol(parameters)
    return printed.commission(symbol, context.session.core.commission(symbol))


def account_config(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/accountConfig``."""
    shown = printed.flags(multi_assets=False)
    return {**shown, "dualSidePosition": context.session.core.hedge_mode}


def symbol_config(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/symbolConfig``."""
    symbol = context.maybe_symbol(parameters)
    symbols = context.session.market.symbols if symbol is None else (symbol,)
    return [printed.symbol_config(context.session.core.config(each)) for each in symbols]


def order_rate_limit(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the order limits in exchangeInfo's form."""
    return [each for each in context.session.info["rateLimits"] if each["rateLimitType"] == "ORDERS"]


def trading_status(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return no indicators: quantitative trading rules are not simulated."""
    return {"indicators": {}, "updateTime": context.server_time}


def api_restrictions(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Return the key's permissions: it may read and trade futures, but not withdraw."""
    return {
        "ipRestrict": False,
        "createTime": context.session.market.start,
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


def open_listen_key(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/listenKey``."""
    return {"listenKey": context.listen_keys.get(caller.key, caller.now)}


def extend_listen_key(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``PUT /fapi/v1/listenKey``."""
    return {"listenKey": context.listen_keys.extend(caller.key, caller.now)}


def close_listen_key(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/listenKey``."""
    context.listen_keys.close(caller.key)
    return {}


def _every_leg(context: Context, symbol: str | None) -> list[PositionStatement]:
    """Return every leg of the position mode, flat ones included; ``symbol`` None = of all symbols."""
    core = context.session.core
    sides: tuple[PositionSide, ...] = ("LONG", "SHORT") if core.hedge_mode else ("BOTH",)
    symbols = context.session.market.symbols if symbol is None else (symbol,)
    return [core.position(each, side) for each in symbols for side in sides]
