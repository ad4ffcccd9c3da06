"""The kill switch: its states as a table, and which events the account's figures set off (RISK-3).

HALTED is left by hand only, FLATTEN by being flat. Re-arming acknowledges: a deep loss does not halt again that day, the
peak and the row of losses begin anew. It does not lift the day's limit: while the loss of the UTC day is at or beyond it,
the switch falls to DAY_HALT at once. CAUTION has other limits on the way out than on the way in, so that it does not
flicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from services.risk.settings import RiskSettings
from shared.domain.account import KillSwitch

#: What may move the switch.
Event = Literal[
    "caution",  # the day's loss, or the share of trades won, asks for smaller sizes
    "recovered",  # neither does any more
    "daily_loss",  # the loss of the UTC day has reached its limit
    "deep_loss",  # it is beyond the limit of the halt
    "losing_streak",  # too many trades in a row were lost
    "equity_jump",  # equity changed by more than results, funding and transfers explain
    "drawdown",  # the loss from the highest equity has reached its limit
    "flat",  # nothing is held, nothing is on its way
    "new_day",  # 00:00 UTC
    "halt",  # by a person, or by execution
    "rearm",  # by a person
]

_STOPPING: Final[dict[Event, KillSwitch]] = {
    "deep_loss": "HALTED",
    "losing_streak": "HALTED",
    "equity_jump": "HALTED",
    "halt": "HALTED",
    "drawdown": "FLATTEN",
}

#: State -> event -> next state. An event that a state does not name changes nothing in it.
TRANSITIONS: Final[dict[KillSwitch, dict[Event, KillSwitch]]] = {
    "NORMAL": {"caution": "CAUTION", "daily_loss": "DAY_HALT", **_STOPPING},
    "CAUTION": {"recovered": "NORMAL", "daily_loss": "DAY_HALT", **_STOPPING},
    "DAY_HALT": {"new_day": "NORMAL", **_STOPPING},
    "HALTED": {"rearm": "NORMAL", "drawdown": "FLATTEN"},
    "FLATTEN": {"flat": "HALTED"},
}

#: The states in which entries pass.
TRADING: Final[frozenset[KillSwitch]] = frozenset({"NORMAL", "CAUTION"})


def advance(state: KillSwitch, event: Event) -> KillSwitch:
    """The state after ``event``; the same one where the table has no entry."""
    return TRANSITIONS[state].get(event, state)


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss against a base, both USDT. Limits are compared by multiplication, which is exact."""

    base: Decimal
    amount: Decimal

    @property
    def fraction(self) -> Decimal:
        """The loss as a fraction of the base, negative = a gain; 0 without a base."""
        return self.amount / self.base if self.base > 0 else Decimal(0)

    def reaches(self, limit: Decimal) -> bool:
        """Whether it is at ``limit`` (fraction) or beyond it."""
        return self.base > 0 and self.amount >= limit * self.base

    def exceeds(self, limit: Decimal) -> bool:
        """Whether it is beyond ``limit`` (fraction)."""
        return self.base > 0 and self.amount > limit * self.base


@dataclass(frozen=True, slots=True)
class Figures:
    """What the account's state is judged by.

    day: the loss of the UTC day. drawdown: the loss from the peak. streak: trades lost in a row. win_rate: share of the last
    trades that were won, 0 to 1; None = too few are known.
    """

    day: Loss
    drawdown: Loss
    streak: int
    win_rate: Decimal | None


def loss_event(day: Loss, settings: RiskSettings) -> Event | None:
    """What the loss of the day means: ``daily_loss`` at its limit, ``deep_loss`` beyond the halt's."""
    if day.exceeds(settings.halt_loss_limit):
        return "deep_loss"
    return "daily_loss" if day.reaches(settings.daily_loss_limit) else None


def mood_event(figures: Figures, settings: RiskSettings) -> Event | None:
    """``caution`` at its limits, ``recovered`` beyond those of the way out, None between."""
    rate = figures.win_rate
    if figures.day.reaches(settings.caution_loss) or (rate is not None and rate < settings.caution_win_rate):
        return "caution"
    if figures.day.reaches(settings.caution_loss_release):
        return None
    return "recovered" if rate is None or rate >= settings.caution_win_rate_release else None


def events(figures: Figures, settings: RiskSettings, *, acknowledged: bool) -> tuple[Event, ...]:
    """All that the figures set off, the gravest first. acknowledged: a person re-armed after a deep loss of this day."""
    found: list[Event] = []
    if figures.drawdown.reaches(settings.max_drawdown):
        found.append("drawdown")
    loss = loss_event(figures.day, settings)
    if figures.streak >= settings.max_losing_streak:
        found.append("losing_streak")
    if loss is not None:
        found.append("daily_loss" if loss == "deep_loss" and acknowledged else loss)
    mood = mood_event(figures, settings)
    if mood is not None:
        found.append(mood)
    return tuple(found)
