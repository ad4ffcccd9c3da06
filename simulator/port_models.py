"""Converts orders, trades and events of the matching core to the exchange port's models, and orders back. Pure.

The results are those that the Binance adapter reads from the protocol server, which prints the same core.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.account import MarginTier
from shared.domain.order_words import AnyOrderStatus, AnyOrderType, BookOrderType, ConditionalOrderType
from shared.exchange.binance.requests import order_params
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.model import account, user_events
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder
from shared.exchange.outcome.outcomes import Refused
from simulator.core.margin import brackets
from simulator.core.model import events, orders, requests, statements
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.state.legs import rounded
from simulator.rejections import REASON

#: Decimals of an average price.
_DECIMALS: Final = 12
_ALGO_TYPES: Final[dict[str, ConditionalOrderType]] = {
    "STOP": "STOP",
    "STOP_MARKET": "STOP_MARKET",
    "TAKE_PROFIT": "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET": "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET": "TRAILING_STOP_MARKET",
}


def asked(order: NewOrder) -> requests.NewOrder | requests.NewAlgoOrder | Refused:
    """Return the request that places an order; what the adapter would not even send is refused as there."""
    try:
        order_params(order)
    except ExchangeError as error:
        return Refused(code=error.code, message=error.message)
    kind = _ALGO_TYPES.get(order.type)
    time_in_force = order.time_in_force or ("GTC" if order.price is not None else None)
    if kind is None:
        return requests.NewOrder(
            symbol=order.symbol,
            side=order.side,
            type="MARKET" if order.type == "MARKET" else "LIMIT",
            position_side=order.position_side,
            quantity=order.quantity,
            price=order.price,
            time_in_force=time_in_force,
            reduce_only=order.reduce_only,
            client_id=order.client_id,
        )
    return requests.NewAlgoOrder(
        symbol=order.symbol,
        side=order.side,
        type=kind,
        position_side=order.position_side,
        quantity=order.quantity,
        price=order.price,
        trigger_price=order.trigger,
        time_in_force=time_in_force,
        working_type=order.working_type,
        price_protect=order.price_protect,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        activate_price=order.activation,
        callback_rate=order.callback_rate,
        client_algo_id=order.client_id,
    )


def order_of(order: orders.Order | AlgoOrder, child: orders.Order | None = None) -> ExchangeOrder:
    """Return an order of either book; ``child`` adds what a conditional one traded."""
    if isinstance(order, AlgoOrder):
        return ExchangeOrder(
            symbol=order.symbol,
            id=order.algo_id,
            client_id=order.client_algo_id,
            book="algo",
            side=order.side,
            type=order.type,
            status=order.status,
            quantity=order.quantity,
            executed=child.executed if child is not None else orders.ZERO,
            updated_at=order.updated,
            average_price=(_average(child) or None) if child is not None else None,
            price=order.price,
            trigger=order.trigger_price,
            time_in_force=order.time_in_force,
            reduce_only=order.reduce_only,
            close_position=order.close_position,
            position_side=order.position_side,
            working_type=order.working_type,
            activation=order.activate_price,
            callback_rate=order.callback_rate,
            child_id=order.order_id,
            created_at=order.created,
            reason=order.reason,
        )
    status: AnyOrderStatus = "EXPIRED" if order.status == "EXPIRED_IN_MATCH" else order.status
    return ExchangeOrder(
        symbol=order.symbol,
        id=order.order_id,
        client_id=order.client_id,
        book="plain",
        side=order.side,
        type=_shown(order.type),
        status=status,
        quantity=order.quantity,
        executed=order.executed,
        updated_at=order.updated,
        average_price=_average(order),
        price=order.price,
        trigger=order.stop_price,
        time_in_force=order.time_in_force,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        position_side=order.position_side,
        working_type=order.working_type,
        activation=order.activate_price,
        callback_rate=order.callback_rate,
        original_type=_shown(order.original_type),
        created_at=order.created,
        reason=REASON[ErrorCode(order.code)] if order.code else "",
    )


def without_average(order: ExchangeOrder) -> ExchangeOrder:
    """Return an order as the answers to placing and cancelling state it: no average price (docs/binance.md §1.3)."""
    return msgspec.structs.replace(order, average_price=None)


def _average(order: orders.Order) -> Decimal:
    return rounded(order.average_price, _DECIMALS)


def _shown(kind: BookOrderType | ConditionalOrderType) -> AnyOrderType:
    """The exchange shows its own liquidation orders as LIMIT; their client ids tell them."""
    return "LIMIT" if kind == "LIQUIDATION" else kind


def trade_of(trade: orders.ExecutedTrade) -> AccountTrade:
    """Return one execution."""
    return AccountTrade(
        symbol=trade.symbol,
        id=trade.id,
        order_id=trade.order_id,
        side=trade.side,
        position_side=trade.position_side,
        price=trade.price,
        quantity=trade.quantity,
        quote=trade.price * trade.quantity,
        commission=trade.commission,
        commission_asset="USDT",
        realized=trade.realized,
        maker=trade.maker,
        time=trade.time,
    )


def position_of(position: statements.PositionStatement) -> account.PositionRisk:
    """Return one leg of a position."""
    return account.PositionRisk(
        symbol=position.symbol,
        side=position.position_side,
        quantity=position.quantity,
        entry=position.entry_price,
        break_even=position.break_even_price,
        mark=position.mark_price,
        unrealized=position.unrealized,
        liquidation=position.liquidation_price,
        notional=position.notional,
        isolated_wallet=position.isolated_wallet,
        initial_margin=position.initial_margin,
        maintenance_margin=position.maintenance_margin,
        updated_at=position.updated,
    )


def bracket_of(bracket: brackets.Bracket) -> account.Bracket:
    """Return one tier of leverage."""
    return account.Bracket(
        number=bracket.number,
        max_leverage=bracket.leverage,
        floor=bracket.notional_floor,
        cap=bracket.notional_cap,
        maintenance_rate=bracket.maintenance_rate,
        cum=bracket.cum,
    )


def tier_of(bracket: brackets.Bracket) -> MarginTier:
    """Return one margin tier, as statements of the account tell it."""
    return MarginTier(
        floor=bracket.notional_floor,
        maintenance_rate=bracket.maintenance_rate,
        cum=bracket.cum,
        max_leverage=bracket.leverage,
    )


def event_of(event: events.CoreEvent) -> user_events.UserEvent | None:
    """Return the user event of a core event; None for what only the market hears, or what comes with another event."""
    if isinstance(event, events.OrderUpdate):
        fill = None
        if event.trade is not None:
            trade = event.trade
            fill = user_events.Executed(
                trade_id=trade.id, quantity=trade.quantity, price=trade.price, commission=trade.commission,
                commission_asset="USDT", realized=trade.realized, maker=trade.maker, time=trade.time,
            )  # fmt: skip
        return user_events.OrderUpdate(time=event.time, execution=event.execution, order=order_of(event.order), fill=fill)
    if isinstance(event, events.AlgoUpdate):
        return user_events.AlgoUpdate(time=event.time, order=order_of(event.algo, event.child))
    if isinstance(event, events.AccountUpdate):
        wallet = user_events.WalletChange(
            asset="USDT", wallet=event.wallet, cross_wallet=event.cross_wallet, change=event.change
        )
        return user_events.AccountUpdate(
            time=event.time,
            reason=event.reason,
            wallets=(wallet,),
            positions=tuple(
                user_events.PositionChange(
                    symbol=each.symbol,
                    side=each.position_side,
                    quantity=each.quantity,
                    entry=each.entry_price,
                    break_even=each.break_even_price,
                    unrealized=each.unrealized,
                    isolated_wallet=each.isolated_wallet,
                )
                for each in event.positions
            ),
        )
    if isinstance(event, events.LeverageChange):
        return user_events.ConfigUpdate(time=event.time, symbol=event.symbol, leverage=event.leverage)
    if isinstance(event, events.MarginCall):
        return user_events.MarginCall(time=event.time, symbols=tuple(each.symbol for each in event.positions))
    return None
