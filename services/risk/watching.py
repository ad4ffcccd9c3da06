"""Says at which equities the kill switch could move, so that statements between them need not be looked at. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.risk.kill_switch import TRADING
from services.risk.settings import RiskSettings
from services.risk.state import RiskState


def untouched_by_midnight(state: RiskState) -> bool:
    """Return whether a new UTC day changes nothing but times: nothing is held and none of its limits is being counted."""
    counted = state.trades_today or state.deep_loss_acknowledged or state.equity.suspect
    return state.flat and not counted and state.kill_switch in ("NORMAL", "HALTED")


def orders_nothing(state: RiskState) -> bool:
    """Return whether risk has no order for execution: a close without a signal leads to nothing then."""
    return state.kill_switch in TRADING or state.account is None or state.flat


def turning_points(state: RiskState, settings: RiskSettings) -> tuple[Decimal, ...] | None:
    """Return the equities, USDT, on whose two sides the account is judged differently; the highest so far is the last one.

    None: every statement matters, because something is on its way, is being closed, or cannot be believed. Results of
    trades and a new UTC day move the switch too.
    """
    book = state.equity
    if state.account is None or state.pending or book.suspect or (state.kill_switch not in TRADING and not state.flat):
        return None
    # On the way in the limit of the way out says nothing, and the other way round: both leave the switch where it is.
    mood = settings.caution_loss_release if state.kill_switch == "CAUTION" else settings.caution_loss
    losses = [book.day_base * (1 - limit) for limit in (mood, settings.daily_loss_limit, settings.halt_loss_limit)]
    return (*losses, book.peak * (1 - settings.max_drawdown), book.peak)
