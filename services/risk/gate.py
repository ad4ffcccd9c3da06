"""Whether: every check is asked, and every failure is reported, not only the first (RISK-2)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch
from shared.domain.intents import Refusal


@dataclass(frozen=True, slots=True)
class Application:
    """One signal before the gate, and what is known at that moment.

    ``now``: when it is judged, ms. ``occupied``: symbols in a position or on their way into one. ``day_limit_reached``:
    the loss of the UTC day is at its limit now, whatever the kill switch says. ``closed``: the exchange, or a setting of the
    account there, permits no entry in the symbol now.
    """

    symbol: str
    valid_until: int
    now: int
    kill_switch: KillSwitch
    day_limit_reached: bool
    trades_today: int
    occupied: Collection[str]
    account_known: bool
    instrument_known: bool
    closed: bool


#: Refusal -> true when it applies. ``below_minimum`` is sizing's word and is added by the core.
CHECKS: Final[dict[Refusal, Callable[[Application, RiskSettings], bool]]] = {
    "kill_switch": lambda a, settings: a.kill_switch != "NORMAL",
    "daily_loss": lambda a, settings: a.day_limit_reached,
    "trades_per_day": lambda a, settings: a.trades_today >= settings.trades_per_day,
    "position_limit": lambda a, settings: len(a.occupied) >= settings.max_positions,
    "symbol_in_position": lambda a, settings: a.symbol in a.occupied,
    "signal_stale": lambda a, settings: a.now > a.valid_until,
    "no_account_state": lambda a, settings: not a.account_known,
    "unknown_symbol": lambda a, settings: not a.instrument_known,
    "symbol_closed": lambda a, settings: a.closed,
}


def refusals(application: Application, settings: RiskSettings) -> tuple[Refusal, ...]:
    """All that speaks against it, in the order of the table; empty = it may pass."""
    return tuple(refusal for refusal, applies in CHECKS.items() if applies(application, settings))
