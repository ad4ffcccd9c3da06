"""Faults that act once, on the account: what its user does in the app, and what the exchange does to it."""

from __future__ import annotations

import hashlib
from decimal import ROUND_CEILING, Decimal
from fnmatch import fnmatchcase
from typing import Final

from shared.domain.order_words import PositionSide, Side
from simulator.core import interventions
from simulator.core.matching.liquidity import on_step, on_tick
from simulator.core.model.requests import NewAlgoOrder, NewOrder, Refusal
from simulator.core.state.symbol_book import SymbolBook
from simulator.server.faults import BadFault, Fault
from simulator.server.faulty_core import opening_refused
from simulator.server.rest.context import Context

_HUNDRED: Final = Decimal(100)
_HALF: Final = Decimal("0.5")
#: How far above the smallest notional an order without a quantity is, so that a small move does not refuse it.
_ROOM: Final = Decimal("1.1")
#: Beginning of the client ids that the exchange's own web page and apps give to orders.
WEB: Final = "web_"


def act(context: Context, fault: Fault, number: int) -> int:
    """Carry out a fault that acts once on the account; return how often it applied.

    number: the fault's id, from which client ids are made. Raises BadFault if the exchange refuses it; nothing has changed
    then.
    """
    session = context.session
    core, now = session.core, session.time
    if any(each.fault.symbol == fault.symbol for each in context.faults.active("delisted")):
        raise BadFault(f"{fault.kind}: {fault.symbol} is delisted by another fault; lift that one first")
    match fault.kind:
        case "margin_call":
            chosen = tuple(each for each in session.market.symbols if fnmatchcase(each, fault.symbol))
            hits = interventions.call_margin(core, chosen, now)
        case "adl":
            hits = interventions.deleverage(core, fault.symbol, _share(fault), now)
        case "app_order":
            hits = _app_order(context, fault, number)
        case kind:
            raise AssertionError(f"{kind} does not act on the account")
    if not hits:
        raise BadFault(f"{fault.kind}: there is no open position in {fault.symbol}; open one first")
    session.publish()
    return hits


def _app_order(context: Context, fault: Fault, number: int) -> int:
    """Place or cancel orders as the account's user does in the app; 0 if a position is needed and there is none."""
    core, now, symbol = context.session.core, context.session.time, fault.symbol
    book = core.state.books[symbol]
    client_id = WEB + hashlib.sha256(f"{context.faults.seed}:{number}".encode()).hexdigest()[:20]
    if fault.action == "cancel":
        return len(core.cancel_all(symbol, now)) + len(core.cancel_all_algos(symbol, now)) or 1
    if fault.action == "order":
        limit = NewOrder(
            symbol=symbol,
            side=fault.side,
            type="LIMIT",
            position_side=_leg_of(core.hedge_mode, fault.side),
            time_in_force="GTC",
            quantity=fault.quantity or _smallest(book),
            price=_away(book, fault, falls=fault.side == "BUY"),
            client_id=client_id,
        )
        return _taken(opening_refused(context.faults, symbol) or core.place(limit, now))
    legs = book.open_legs()
    if not legs:
        return 0
    position_side, leg = legs[0]
    long, held = leg.quantity > 0, abs(leg.quantity)
    closing: Side = "SELL" if long else "BUY"
    if fault.action == "stop":
        stop = NewAlgoOrder(
            symbol=symbol,
            side=closing,
            type="STOP_MARKET",
            position_side=position_side,
            close_position=True,
            trigger_price=_away(book, fault, falls=long),
            working_type="MARK_PRICE",
            client_algo_id=client_id,
        )
        return _taken(core.place_algo(stop, now))
    adds, step = fault.action == "addition", book.filters.market_step_size
    usual = {"close": held, "cut": max(step, on_step(held * _HALF, step)), "addition": _smallest(book)}[fault.action]
    order = NewOrder(
        symbol=symbol,
        side=("BUY" if long else "SELL") if adds else closing,
        type="MARKET",
        position_side=position_side,
        quantity=usual if fault.action == "close" else fault.quantity or usual,
        reduce_only=not adds and position_side == "BOTH",
        client_id=client_id,
    )
    return _taken((opening_refused(context.faults, symbol) if adds else None) or core.place(order, now))


def _taken(answer: object) -> int:
    if isinstance(answer, Refusal):
        raise BadFault(f"app_order: the exchange refuses it: {int(answer.code)} {answer.message}")
    return 1


def _leg_of(hedge: bool, side: Side) -> PositionSide:
    if not hedge:
        return "BOTH"
    return "LONG" if side == "BUY" else "SHORT"


def _away(book: SymbolBook, fault: Fault, *, falls: bool) -> Decimal:
    """Return the price ``percent`` below (``falls``) or above the mark price, USDT, on the tick."""
    distance = abs(Decimal(repr(fault.percent))) / _HUNDRED
    return on_tick(book.mark_price * (1 - distance if falls else 1 + distance), book.filters.tick_size, up=not falls)


def _smallest(book: SymbolBook) -> Decimal:
    """Return the smallest quantity that the filters allow, base currency."""
    filters = book.filters
    step = max(filters.step_size, filters.market_step_size)
    steps = (filters.min_notional * _ROOM / book.mark_price / step).quantize(Decimal(1), rounding=ROUND_CEILING)
    return max(steps * step, filters.min_quantity, filters.market_min_quantity)


def _share(fault: Fault) -> Decimal:
    return min(Decimal(1), abs(Decimal(repr(fault.percent))) / _HUNDRED)
