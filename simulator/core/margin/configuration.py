"""Leverage, margin type, position mode, isolated margin, transfers: what may be changed, and when."""

from __future__ import annotations

from decimal import Decimal

from simulator.core import account
from simulator.core.margin import margin
from simulator.core.model.enums import MarginType, PositionSide
from simulator.core.model.events import LeverageChange
from simulator.core.model.orders import ZERO
from simulator.core.model.requests import Refusal
from simulator.core.model.statements import SymbolConfig
from simulator.core.state.exchange_state import Floor, refusal
from simulator.core.state.symbol_book import Pit
from simulator.rejections import Rejection


def set_leverage(floor: Floor, symbol: str, leverage: int) -> SymbolConfig | Refusal:
    """Open orders and crossed legs are margined anew; an isolated leg's wallet stays as it is."""
    pit = floor.pits.get(symbol)
    if pit is None:
        return refusal(Rejection.BAD_SYMBOL)
    if not 1 <= leverage <= pit.brackets.max_leverage:
        return refusal(Rejection.INVALID_LEVERAGE)
    against = _leverage_objection(floor, pit, leverage) if pit.last is not None else None
    if against is not None:
        return refusal(against)
    if leverage != pit.leverage:
        pit.leverage = leverage
        floor.news.append(LeverageChange(symbol=symbol, leverage=leverage, time=floor.time))
    return account.config(pit)


def _leverage_objection(floor: Floor, pit: Pit, leverage: int) -> Rejection | None:
    legs = margin.exposures(pit, floor.sides).values()
    if pit.margin_type == "ISOLATED" and leverage < pit.leverage and pit.held():
        return Rejection.ISOLATED_LEVERAGE_REJECT_WITH_POSITION
    if max(leg.largest for leg in legs) > pit.brackets.max_notional(leverage):
        return Rejection.MAX_LEVERAGE_RATIO
    if leverage < pit.leverage:
        # More margin is bound than before; it must be free.
        bound = sum((leg.largest for leg in legs), ZERO)
        if bound and bound / leverage - bound / pit.leverage > margin.available(floor):
            return Rejection.MIN_LEVERAGE_RATIO
    return None


def set_margin_type(floor: Floor, symbol: str, margin_type: MarginType) -> Refusal | None:
    """Only without open orders and positions."""
    pit = floor.pits.get(symbol)
    if pit is None:
        return refusal(Rejection.BAD_SYMBOL)
    if pit.margin_type == margin_type:
        return refusal(Rejection.NO_NEED_TO_CHANGE_MARGIN_TYPE)
    if pit.tickets:
        return refusal(Rejection.THERE_EXISTS_OPEN_ORDERS)
    if pit.held():
        return refusal(Rejection.THERE_EXISTS_QUANTITY)
    pit.margin_type = margin_type
    if pit.last is not None:
        for side in floor.sides:
            floor.touch(symbol, side)
    floor.tell_account("MARGIN_TYPE_CHANGE", force=True)
    return None


def set_hedge_mode(floor: Floor, *, hedge: bool) -> Refusal | None:
    """Only without open orders, algo orders and positions anywhere."""
    if floor.state.hedge == hedge:
        return refusal(Rejection.NO_NEED_TO_CHANGE_POSITION_SIDE)
    if floor.open or floor.open_algos:
        return refusal(Rejection.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS)
    if floor.held():
        return refusal(Rejection.POSITION_SIDE_CHANGE_EXISTS_QUANTITY)
    floor.state.hedge = hedge
    return None


def move_margin(floor: Floor, symbol: str, side: PositionSide, amount: Decimal) -> Refusal | None:
    """Between the cross wallet and an isolated leg; what is left in the leg must carry its initial margin."""
    pit = floor.pits.get(symbol)
    if pit is None:
        return refusal(Rejection.BAD_SYMBOL)
    leg = pit.legs.get(side)
    if pit.margin_type != "ISOLATED" or leg is None or not leg.quantity:
        return refusal(Rejection.ADD_ISOLATED_MARGIN_NO_POSITION_REJECT)
    if amount > 0 and amount > margin.available(floor):
        return refusal(Rejection.CROSS_BALANCE_INSUFFICIENT)
    bound = abs(leg.quantity) * pit.mark_price / pit.leverage
    left = leg.isolated_wallet + amount
    if amount < 0 and (left < 0 or left + leg.unrealized(pit.mark_price) < bound):
        return refusal(Rejection.ISOLATED_BALANCE_INSUFFICIENT)
    leg.isolated_wallet = left
    leg.updated = floor.time
    floor.money_moved()
    floor.touch(symbol, side)
    floor.tell_account("MARGIN_TRANSFER")
    return None


def transfer(floor: Floor, amount: Decimal) -> Refusal | None:
    """Money comes into the account or leaves it."""
    if amount < 0 and -amount > account.withdrawable(floor):
        return refusal(Rejection.BALANCE_NOT_SUFFICIENT)
    floor.state.wallet += amount
    floor.earn("", "TRANSFER", amount)
    floor.money_moved()
    floor.tell_account("DEPOSIT" if amount > 0 else "WITHDRAW", amount, force=True)
    return None
