"""Counts the conditions that ingest alerts about, and alerts each once per window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from shared.domain.control import Alert, Severity
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE

#: What ingest alerts about: first word of the alert's key (``candle_refused:BTCUSDT``).
Condition = Literal[
    "candle_refused",  # the gate said no: the symbol is missing at this minute
    "candle_disputed",  # published, but no entry may rest on it
    "candle_missing",  # a symbol had no candle; said at the first minute without one, not at each
    "candle_repeated",  # two different candles of one minute in one step: the last one was taken
    "flow_refused",  # order flow or funding that cannot be: the candle was published without
    "unknown_symbol",  # candles of symbols that this partition does not have
    "gap",  # steps are missing: every minute between was published as missing
    "restart",  # more steps are missing than are made up for: the aggregation began anew
    "step_refused",  # the step itself makes no sense: other partition, or not on a minute
]
SEVERITY: Final[dict[Condition, Severity]] = {
    "candle_refused": "warning",
    "candle_disputed": "warning",
    "candle_missing": "warning",
    "candle_repeated": "info",
    "flow_refused": "warning",
    "unknown_symbol": "warning",
    "gap": "warning",
    "restart": "critical",
    "step_refused": "critical",
}


def minute(at: int) -> str:
    """Write a time (UTC ms) to the minute, for people: ``2026-03-08T07:00Z``."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


class IngestAlerts:
    """Alerts of one partition that wait to be sent, and what was counted.

    alerted: alert key → market time (ms) of the last alert. counts: refusals and conditions since the session began.
    """

    def __init__(self, partition: int, window_minutes: int) -> None:
        self._partition = partition
        self._window_ms = window_minutes * MINUTE
        self.alerted: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self._waiting: list[Message] = []

    @property
    def waiting(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._waiting)

    def count(self, what: str) -> None:
        """Count a refusal or condition, with or without an alert."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def tell(self, condition: Condition, symbol: str, at: int, text: str) -> None:
        """Count the condition; alert unless one was sent within the window. ``at``: market time, UTC ms; part of the id."""
        self.count(condition)
        key = f"{condition}:{symbol or f'p{self._partition}'}"
        told = self.alerted.get(key)
        if told is not None and at - told < self._window_ms:
            return
        self.alerted[key] = at
        subject = f"{symbol}: " if symbol else f"partition {self._partition}: "
        self._waiting.append(Alert(severity=SEVERITY[condition], source="ingest", key=key, text=subject + text, time=at))

    def take(self) -> list[Message]:
        """Return the waiting alerts, oldest first, and forget them."""
        taken, self._waiting = self._waiting, []
        return taken
