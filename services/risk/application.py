"""Puts a signal before the gate: what was sized, and the account as it would be with it (RISK-2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.risk import funding, margin
from services.risk.gate import Application, Order
from services.risk.settings import RiskSettings
from services.risk.sizing import Size, costs
from services.risk.state import RiskState
from shared.config.account import AccountSettings
from shared.domain.account import AccountState
from shared.domain.decisions import Signal
from shared.domain.instruments import Instrument
from shared.domain.listing import closed


def application(
    signal: Signal,
    size: Size | None,
    instrument: Instrument | None,
    state: RiskState,
    settings: RiskSettings,
    account: AccountSettings,
    *,
    sim: bool,
    real: bool,
) -> Application:
    """Gather what the checks ask for. size: None = without account or filters nothing was sized."""
    return Application(
        symbol=signal.symbol,
        score=Decimal(repr(signal.score)),
        needed=settings.caution_score * Decimal(repr(signal.threshold)) if state.kill_switch == "CAUTION" else Decimal(0),
        valid_until=signal.valid_until,
        sim=sim,
        now=state.now,
        kill_switch=state.kill_switch,
        figures=state.figures(settings),
        equity_jump=state.equity.jump,
        trades_today=state.trades_today,
        cooling_until=state.cooling_until,
        occupied=state.occupied,
        account_age=None if state.account is None else state.now - state.asked_at,
        instrument_known=instrument is not None,
        closed=closed(state.closures, signal.symbol, state.now) is not None,
        funding=funding.rate_paid(signal.side, state.next_fundings.get(signal.symbol), state.now),
        real=real,
        listing_age=None if state.listed_at < 0 else state.now - state.listed_at,
        order=_order(signal, size, state, settings, account),
    )


def _order(
    signal: Signal, size: Size | None, state: RiskState, settings: RiskSettings, account: AccountSettings
) -> Order | None:
    """The entry with what it would make of the account; None if nothing can be bought."""
    if size is None or state.account is None:
        return None
    equity, worst = state.account.equity, max(size.price, size.bound)
    notional = size.quantity * worst
    tiers = state.tiers.get(signal.symbol)
    allowed = settings.max_leverage
    if tiers:
        allowed = min(allowed, margin.tier_at(tiers, state.notional(signal.symbol) + notional).max_leverage)
    with_it = _margin(signal, size, state, settings, account) if size.quantity and tiers else None
    return Order(
        side=signal.side,
        quantity=size.quantity,
        notional=notional,
        average=_average(state.entries),
        exposure=(state.exposure + notional) / equity if equity > 0 else Decimal(0),
        leverage=account.leverage,
        leverage_limit=allowed,
        margin_ratio=None if with_it is None else with_it[0],
        costs=_costs(signal, size, state, settings) if size.quantity else Decimal(0),
        stop=size.stop,
        liquidation=None if with_it is None else with_it[1],
        margin_known=with_it is not None,
    )


def _costs(signal: Signal, size: Size, state: RiskState, settings: RiskSettings) -> Decimal:
    """What the entry costs, with the next funding payment if the position would be held over it, R."""
    coming = state.next_fundings.get(signal.symbol)
    paid = funding.rate_paid(signal.side, coming, state.now)
    counts = paid is not None and funding.held_over(signal, coming, state.now, settings)
    return costs(size, settings, paid if paid is not None and counts else Decimal(0))


#: Fewer entries than this make no average that could judge another.
_FEWEST: Final = 3


def _average(entries: list[Decimal]) -> Decimal | None:
    return sum(entries, Decimal(0)) / len(entries) if len(entries) >= _FEWEST else None


def _margin(
    signal: Signal, size: Size, state: RiskState, settings: RiskSettings, account: AccountSettings
) -> tuple[Decimal, Decimal | None] | None:
    """Margin ratio and liquidation price with the new position; None when what it takes is not known.

    It is reckoned as filled at its bound, fee paid, with the entries in flight filled too.
    """
    assert state.account is not None, "it was sized by it"
    tiers, stated = state.tiers[signal.symbol], state.account
    held = margin.held(stated)
    coming = margin.in_flight(((each.symbol, each.notional) for each in state.pending), state.tiers)
    if held is None or coming is None:
        return None
    notional = size.quantity * size.bound
    fee = settings.taker_fee * notional
    ratio = (held + coming + margin.maintenance(tiers, notional)) / stated.equity
    balance = _balance(stated, held + coming, notional, account) - fee
    quantity = size.quantity if signal.side == "BUY" else -size.quantity
    return ratio, margin.liquidation_price(quantity, size.bound, balance, tiers)


def _balance(stated: AccountState, needed: Decimal, notional: Decimal, account: AccountSettings) -> Decimal:
    """What stands for the new position: the account, or with isolated margin the margin set aside for it."""
    if account.margin_type == "isolated":
        return notional / account.leverage
    return margin.cross_balance(stated, needed)
