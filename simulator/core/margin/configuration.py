"""Changes leverage, margin type, position mode, isolated margin and wallet, or refuses to; codes: ``ErrorCode``."""

from __future__ import annotations

from decimal import Decimal

from shared.domain.order_words import PositionSide
from shared.exchange.error_codes import ErrorCode
from simulator.core import account
from simulator.core.margin import margin
from simulator.core.model.enums import MarginType
from simulator.core.model.events import LeverageChange
from simulator.core.model.orders import ZERO
from simulator.core.model.requests import Refusal
from simulator.core.model.statements import SymbolConfig
from simulator.core.state.exchange_state import ExchangeState, refusal
from simulator.core.state.symbol_book import SymbolBook


def set_leverage(state: ExchangeState, symbol: str, leverage: int) -> SymbolConfig | Refusal:
    """Set a symbol's leverage. Open orders and crossed legs then need other margin; an isolated leg keeps its wallet."""
    book = state.books.get(symbol)
    if book is None:
        return refusal(ErrorCode.BAD_SYMBOL)
    if not 1 <= leverage <= book.brackets.max_leverage:
        return refusal(ErrorCode.INVALID_LEVERAGE)
    rejection = _check_leverage(state, book, leverage) if book.last is not None else None
    if rejection is not None:
        return refusal(rejection)
    if leverage != book.leverage:
        book.leverage = leverage
        state.events.append(LeverageChange(symbol=symbol, leverage=leverage, time=state.time))
    return account.config(book)


def _check_leverage(state: ExchangeState, book: SymbolBook, leverage: int) -> ErrorCode | None:
    legs = margin.exposures(book, state.sides).values()
    if book.margin_type == "ISOLATED" and leverage < book.leverage and book.open_legs():
        return ErrorCode.ISOLATED_LEVERAGE_REJECT_WITH_POSITION
    if max(leg.largest for leg in legs) > book.brackets.max_notional(leverage):
        return ErrorCode.MAX_LEVERAGE_RATIO
    if leverage < book.leverage:
        # A lower leverage needs more initial margin, which must be available.
        bound = sum((leg.largest for leg in legs), ZERO)
        if bound and bound / leverage - bound / book.leverage > margin.available(state):
            return ErrorCode.MIN_LEVERAGE_RATIO
    return None


def set_margin_type(state: ExchangeState, symbol: str, margin_type: MarginType) -> Refusal | None:
    """Set a symbol's margin type. Refused with open orders or a position in the symbol."""
    book = state.books.get(symbol)
    if book is None:
        return refusal(ErrorCode.BAD_SYMBOL)
    if book.margin_type == margin_type:
        return refusal(ErrorCode.NO_NEED_TO_CHANGE_MARGIN_TYPE)
    if book.resting_orders:
        return refusal(ErrorCode.THERE_EXISTS_OPEN_ORDERS)
    if book.open_legs():
        return refusal(ErrorCode.THERE_EXISTS_QUANTITY)
    book.margin_type = margin_type
    if book.last is not None:
        for side in state.sides:
            state.mark_changed(symbol, side)
    state.publish_account("MARGIN_TYPE_CHANGE", force=True)
    return None


def set_hedge_mode(state: ExchangeState, *, hedge: bool) -> Refusal | None:
    """Set the position mode. Refused with open orders, conditional orders or positions in any symbol."""
    if state.saved.hedge == hedge:
        return refusal(ErrorCode.NO_NEED_TO_CHANGE_POSITION_SIDE)
    if state.open or state.open_algos:
        return refusal(ErrorCode.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS)
    if state.open_legs():
        return refusal(ErrorCode.POSITION_SIDE_CHANGE_EXISTS_QUANTITY)
    state.saved.hedge = hedge
    return None


def move_margin(state: ExchangeState, symbol: str, side: PositionSide, amount: Decimal) -> Refusal | None:
    """Move ``amount`` USDT from the cross wallet to an isolated leg, or back if negative.

    Refused if the cross balance is too small, or if less than the initial margin would be left in the leg.
    """
    book = state.books.get(symbol)
    if book is None:
        return refusal(ErrorCode.BAD_SYMBOL)
    leg = book.legs.get(side)
    if book.margin_type != "ISOLATED" or leg is None or not leg.quantity:
        return refusal(ErrorCode.ADD_ISOLATED_MARGIN_NO_POSITION_REJECT)
    if amount > 0 and amount > margin.available(state):
        return refusal(ErrorCode.CROSS_BALANCE_INSUFFICIENT)
    bound = abs(leg.quantity) * book.mark_price / book.leverage
    left = leg.isolated_wallet + amount
    if amount < 0 and (left < 0 or left + leg.unrealized(book.mark_price) < bound):
        return refusal(ErrorCode.ISOLATED_BALANCE_INSUFFICIENT)
    leg.isolated_wallet = left
    leg.updated = state.time
    state.invalidate_margin()
    state.mark_changed(symbol, side)
    state.publish_account("MARGIN_TRANSFER")
    return None


def transfer(state: ExchangeState, amount: Decimal) -> Refusal | None:
    """Deposit (positive) or withdraw (negative) ``amount`` USDT. Refused beyond the withdrawable amount."""
    if amount < 0 and -amount > account.withdrawable(state):
        return refusal(ErrorCode.BALANCE_NOT_SUFFICIENT)
    state.saved.wallet += amount
    state.record_income("", "TRANSFER", amount)
    state.invalidate_margin()
    state.publish_account("DEPOSIT" if amount > 0 else "WITHDRAW", amount, force=True)
    return None
