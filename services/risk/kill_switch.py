"""The kill switch: its states as a table, and which loss sets it.

HALTED is left by hand only. Re-arming after a deep loss does not lift the day's limit: while the loss of the UTC day is at
or beyond that limit the switch falls to DAY_HALT at once, and the loss that was acknowledged does not halt again that day.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch

Event = Literal["daily_loss", "deep_loss", "new_day", "halt", "rearm"]

#: State -> event -> next state. An event that a state does not name changes nothing in it.
TRANSITIONS: Final[dict[KillSwitch, dict[Event, KillSwitch]]] = {
    "NORMAL": {"daily_loss": "DAY_HALT", "deep_loss": "HALTED", "halt": "HALTED"},
    "DAY_HALT": {"new_day": "NORMAL", "deep_loss": "HALTED", "halt": "HALTED"},
    "HALTED": {"rearm": "NORMAL"},
}


def advance(state: KillSwitch, event: Event) -> KillSwitch:
    """The state after ``event``; the same one where the table has no entry."""
    return TRANSITIONS[state].get(event, state)


def loss_event(day_start: Decimal, equity: Decimal, settings: RiskSettings) -> Event | None:
    """What the loss since the day's start (USDT) means: ``daily_loss`` at its limit, ``deep_loss`` beyond the halt's."""
    loss = day_start - equity
    if loss > settings.halt_loss_limit * day_start:
        return "deep_loss"
    if loss >= settings.daily_loss_limit * day_start:
        return "daily_loss"
    return None
