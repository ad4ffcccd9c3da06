"""Whether: every check is asked, every failure is reported, and each says which numbers it compared (RISK-2).

What depends on the moment of sending (age, price, spread, halt) execution asks again, in
``services.execution.plans.admission``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from services.risk.kill_switch import TRADING, Figures
from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch
from shared.domain.intents import Check, Refusal
from shared.domain.order_words import Side


@dataclass(frozen=True, slots=True)
class Order:
    """The entry as sized, and the account as it would be with it. Amounts in USDT.

    quantity: base currency; 0 = it cannot be traded. average: mean notional of the entries approved before it; None = too
    few are known. exposure: all positions and entries in flight, this one included, multiple of equity. leverage_limit: what
    the exchange allows at this size, or the setting if that is lower. costs: fees and expected slippage of both ways,
    fraction of the distance to the stop. margin_known: the margin tiers and the maintenance margin of what is held are
    known; without them ``margin_ratio`` (fraction of equity) and ``liquidation`` are None. liquidation: price; None = there
    is none.
    """

    side: Side
    quantity: Decimal
    notional: Decimal
    average: Decimal | None
    exposure: Decimal
    leverage: int
    leverage_limit: int
    margin_ratio: Decimal | None
    costs: Decimal
    stop: Decimal
    liquidation: Decimal | None
    margin_known: bool


@dataclass(frozen=True, slots=True)
class Application:
    """One signal before the gate, and what is known at that moment.

    score: the signal's points; needed: those that it needs in this state, 0 = any.
    sim: mode sim, in which what the exchange did not tell passes. now: when it is judged, ms. figures, account_age (ms):
    None = no statement has arrived. equity_jump: what nobody could explain, fraction of equity. cooling_until: end of the
    pause after too many approvals, ms. occupied: symbols in a position or on their way into one. closed: the exchange, or a
    setting of the account there, permits no entry in the symbol now. funding: what the position pays next, fraction of the
    notional; listing_age: of the list of symbols, ms; None = not known, and refused where a real exchange states both
    (real). order: None = without account or filters.
    """

    symbol: str
    score: Decimal
    needed: Decimal
    valid_until: int
    sim: bool
    now: int
    kill_switch: KillSwitch
    figures: Figures | None
    equity_jump: Decimal
    trades_today: int
    cooling_until: int
    occupied: Collection[str]
    account_age: int | None
    instrument_known: bool
    closed: bool
    funding: Decimal | None
    real: bool
    listing_age: int | None
    order: Order | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; the fields are those of ``Check``."""

    passed: bool
    value: Decimal | None = None
    limit: Decimal | None = None
    unit: str = ""


Row = Callable[[Application, RiskSettings], Finding]

#: Nothing to compare: another check says what is missing.
_NOTHING: Final = Finding(passed=True)
_EQUITY: Final = "of equity"
#: Numbers are told to so many digits; they are compared exactly.
_TOLD: Final = Context(prec=12)


def _below(value: Decimal | int, limit: Decimal | int, unit: str) -> Finding:
    return Finding(value < limit, Decimal(value), Decimal(limit), unit)


def _at_most(value: Decimal | int, limit: Decimal | int, unit: str) -> Finding:
    return Finding(value <= limit, Decimal(value), Decimal(limit), unit)


def _daily_loss(a: Application, settings: RiskSettings) -> Finding:
    if a.figures is None:
        return _NOTHING
    day, limit = a.figures.day, settings.daily_loss_limit
    return Finding(not day.reaches(limit), day.fraction, limit, "of the day's first equity")


def _drawdown(a: Application, settings: RiskSettings) -> Finding:
    if a.figures is None:
        return _NOTHING
    drawdown, limit = a.figures.drawdown, settings.max_drawdown
    return Finding(not drawdown.reaches(limit), drawdown.fraction, limit, "of the highest equity")


def _losing_streak(a: Application, settings: RiskSettings) -> Finding:
    return _NOTHING if a.figures is None else _below(a.figures.streak, settings.max_losing_streak, "trades")


def _account_stale(a: Application, settings: RiskSettings) -> Finding:
    """An account from the future is none either: one of the two clocks is wrong."""
    return _NOTHING if a.account_age is None else _at_most(abs(a.account_age), settings.account_age_ms, "ms")


def _funding(a: Application, settings: RiskSettings) -> Finding:
    if a.funding is None:
        return Finding(passed=not a.real, limit=settings.max_funding, unit="unknown")
    return _at_most(a.funding, settings.max_funding, "of the notional")


def _listing_stale(a: Application, settings: RiskSettings) -> Finding:
    if not a.real:
        return _NOTHING
    if a.listing_age is None:
        return Finding(passed=False, limit=Decimal(settings.listing_age_ms), unit="unknown")
    return _at_most(a.listing_age, settings.listing_age_ms, "ms")


OrderRow = Callable[[Order, RiskSettings], Finding]


def _of_order(row: OrderRow) -> Row:
    """A check of the sized entry; without one there is nothing to compare."""

    def check(a: Application, settings: RiskSettings) -> Finding:
        return _NOTHING if a.order is None or not a.order.quantity else row(a.order, settings)

    return check


def _of_margin(row: OrderRow) -> Row:
    """The same of a check that needs the exchange's margin tiers: what is not known passes in mode sim only."""

    def check(a: Application, settings: RiskSettings) -> Finding:
        if a.order is None or not a.order.quantity:
            return _NOTHING
        return row(a.order, settings) if a.order.margin_known else Finding(passed=a.sim, unit="unknown")

    return check


def _fat_finger(order: Order, settings: RiskSettings) -> Finding:
    if order.average is None:
        return _NOTHING
    return _at_most(order.notional, settings.fat_finger_factor * order.average, "USDT")


def _margin_ratio(order: Order, settings: RiskSettings) -> Finding:
    assert order.margin_ratio is not None, "it is known"
    return _below(order.margin_ratio, settings.max_margin_ratio, _EQUITY)


def _liquidation(order: Order, settings: RiskSettings) -> Finding:
    """The stop must come first on the way of the price, and not at the same price."""
    if order.liquidation is None:
        return Finding(passed=True, limit=order.stop, unit="USDT")
    sign = 1 if order.side == "BUY" else -1
    return Finding(sign * order.liquidation < sign * order.stop, order.liquidation, order.stop, "USDT")


#: Refusal -> the check that gives it, in the order of the vocabulary.
CHECKS: Final[dict[Refusal, Row]] = {
    "kill_switch": lambda a, settings: Finding(a.kill_switch in TRADING),
    "daily_loss": _daily_loss,
    "drawdown": _drawdown,
    "score_in_caution": lambda a, settings: Finding(a.score >= a.needed, a.score, a.needed, "points"),
    "losing_streak": _losing_streak,
    "equity_jump": lambda a, settings: _at_most(abs(a.equity_jump), settings.max_equity_jump, _EQUITY),
    "trades_per_day": lambda a, settings: _below(a.trades_today, settings.trades_per_day, "trades"),
    "order_frequency": lambda a, settings: _at_most(max(0, a.cooling_until - a.now), 0, "ms"),
    "position_limit": lambda a, settings: _below(len(a.occupied), settings.max_positions, "positions"),
    "symbol_in_position": lambda a, settings: Finding(a.symbol not in a.occupied),
    "signal_stale": lambda a, settings: _at_most(a.now, a.valid_until, "UTC ms"),
    "no_account_state": lambda a, settings: Finding(a.account_age is not None),
    "account_stale": _account_stale,
    "unknown_symbol": lambda a, settings: Finding(a.instrument_known),
    "symbol_closed": lambda a, settings: Finding(not a.closed),
    "listing_stale": _listing_stale,
    "below_minimum": lambda a, settings: Finding(a.order is None or a.order.quantity > 0),
    "fat_finger": _of_order(_fat_finger),
    "exposure_limit": _of_order(lambda o, settings: _at_most(o.exposure, settings.max_exposure, "x equity")),
    "leverage_cap": _of_order(lambda o, settings: _at_most(o.leverage, o.leverage_limit, "x")),
    "margin_ratio": _of_margin(_margin_ratio),
    "costs_too_high": _of_order(lambda o, settings: _at_most(o.costs, settings.max_costs, "R")),
    "funding_too_high": _funding,
    "liquidation_before_stop": _of_margin(_liquidation),
}

#: The setting, in section ``risk``, that limits each check which has one.
LIMITS: Final[dict[Refusal, str]] = {
    "daily_loss": "daily_loss_limit",
    "drawdown": "max_drawdown",
    "score_in_caution": "caution_score",
    "losing_streak": "max_losing_streak",
    "equity_jump": "max_equity_jump",
    "trades_per_day": "trades_per_day",
    "order_frequency": "intents_per_minute",
    "position_limit": "max_positions",
    "account_stale": "account_age_ms",
    "listing_stale": "listing_age_ms",
    "fat_finger": "fat_finger_factor",
    "exposure_limit": "max_exposure",
    "leverage_cap": "max_leverage",
    "margin_ratio": "max_margin_ratio",
    "costs_too_high": "max_costs",
    "funding_too_high": "max_funding",
}


def judge(application: Application, settings: RiskSettings) -> tuple[Check, ...]:
    """Ask every check; return what each found, in the order of the table."""
    return tuple(_told(name, row(application, settings)) for name, row in CHECKS.items())


def worse(*findings: tuple[Check, ...]) -> tuple[Check, ...]:
    """Return, check by check, what speaks against an entry by any of several accounts, else the first's finding."""
    if len(findings) == 1:  # the ordinary case, fifty times at a close
        return findings[0]
    return tuple(next((each for each in found if not each.passed), found[0]) for found in zip(*findings, strict=True))


def refusals(checks: Collection[Check]) -> tuple[Refusal, ...]:
    """All that speaks against it, in the order of the table; empty = it may pass."""
    return tuple(each.name for each in checks if not each.passed)


def _told(name: Refusal, found: Finding) -> Check:
    value, limit = (None if number is None else _TOLD.plus(number) for number in (found.value, found.limit))
    return Check(name=name, passed=found.passed, value=value, limit=limit, unit=found.unit)
