"""Decides which notifications people get, from statements of the account, the reports of risk and alerts.

Pure. A condition is notified once per window; a flood is cut by the rate limit and its
remainder reported as a number; critical notifications have tokens that others may not use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from services.notifier import formatting
from services.notifier.notification import Kind, Notification
from services.notifier.rate import Bucket
from services.notifier.settings import NotifierSettings
from shared.domain.account import AccountStatement, KillSwitch, RiskReport, Trade
from shared.domain.bounded import forget_oldest
from shared.domain.control import Alert, Control, Severity
from shared.domain.message import Message

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}
_KILL_SWITCH_SEVERITY: Final[dict[KillSwitch, Severity]] = {
    "NORMAL": "info",
    "CAUTION": "info",
    "DAY_HALT": "warning",
    "HALTED": "critical",
    "FLATTEN": "critical",
}


class Told(msgspec.Struct):
    """When a condition was last notified (UTC ms), and how many repeats were suppressed since."""

    at: int
    repeats: int = 0


class NotifierState(msgspec.Struct):
    """``now``: the time of the last message, ms. ``seen``: ids of the latest alerts, so that a redelivery is no repeat."""

    bucket: Bucket
    now: int = 0
    account_until: int = -1
    risk_until: int = -1
    kill_switch: KillSwitch = "NORMAL"
    told: dict[str, Told] = msgspec.field(default_factory=dict)
    seen: dict[str, int] = msgspec.field(default_factory=dict)
    suppressed: dict[Severity, int] = msgspec.field(default_factory=dict)


class NotifierCore:
    """Message in, notifications out. Reports older than one that was seen give nothing; so do types that tell nothing."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._state = NotifierState(bucket=Bucket(tokens=float(settings.burst)))

    def handle(self, message: Message, now: int) -> list[Notification]:
        """What is to be said because of this message, in order. ``now``: UTC ms."""
        handler = _HANDLERS.get(type(message))
        if handler is None:
            return []
        self._advance(now)
        wishes: list[Notification] = handler(self, message)
        return [*self._remainder(), *(wish for wish in wishes if self._allowed(wish))]

    def snapshot(self) -> bytes:
        """The whole state, encoded."""
        return msgspec.msgpack.encode(self._state)

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's."""
        self._state = msgspec.msgpack.decode(data, type=NotifierState)

    def _control(self, message: Control) -> list[Notification]:
        """``reset``: a new simulated session begins, and its times begin anew. Commands themselves are not notified."""
        if message.command == "reset":
            self._state = NotifierState(bucket=Bucket(tokens=float(self._settings.burst)))
        return []

    # -- what is worth saying -----------------------------------------------------------------------------------------

    def _alert(self, message: Alert) -> list[Notification]:
        state = self._state
        if message.time:  # without a time of its own, a repeat of the condition has the same id as a redelivery
            if message.message_id in state.seen:
                return []
            self._remember(state.seen, message.message_id, state.now)
        if _RANK[message.severity] < _RANK[self._settings.min_severity]:
            return []
        key = f"alert:{message.source}:{message.key}"
        told = state.told.get(key)
        if told is not None and state.now - told.at < self._settings.dedupe_window_ms:
            told.repeats += 1
            return []
        text = formatting.alert(message, told.repeats if told is not None else 0)
        self._remember(state.told, key, Told(state.now))
        return [self._notification("alert", message.severity, key, text)]

    def _account(self, stated: AccountStatement) -> list[Notification]:
        if stated.time <= self._state.account_until:
            return []
        first = self._state.account_until < 0
        self._state.account_until = stated.time
        wishes = []
        for trade in stated.open_trades:
            # after a restart, trades that have long been open are not notified again
            fresh = not first or stated.time - trade.opened_at <= self._settings.dedupe_window_ms
            if trade.state == "open" and self._once(f"opened:{trade.intent_id}") and fresh:
                wishes.append(self._about("trade_opened", "info", trade, formatting.trade_opened))
        for trade in stated.closed_trades:
            if not self._once(f"closed:{trade.intent_id}"):
                continue
            if trade.state == "failed":
                wishes.append(self._about("trade_failed", "warning", trade, formatting.trade_failed))
            else:
                wishes.append(self._about("trade_closed", "info", trade, formatting.trade_closed))
        return [wish for wish in wishes if _RANK[wish.severity] >= _RANK[self._settings.min_severity]]

    def _risk(self, report: RiskReport) -> list[Notification]:
        state = self._state
        if report.time <= state.risk_until:
            return []
        state.risk_until = report.time
        if report.kill_switch == state.kill_switch:
            return []
        state.kill_switch = report.kill_switch
        # a change of the switch is always notified, whatever the least severity: it decides whether the system trades
        severity = _KILL_SWITCH_SEVERITY[report.kill_switch]
        return [self._notification("kill_switch", severity, f"kill_switch:{report.time}", formatting.kill_switch(report))]

    def _about(self, kind: Kind, severity: Severity, trade: Trade, text: Callable[[Trade], str]) -> Notification:
        return self._notification(kind, severity, f"{kind}:{trade.intent_id}", text(trade))

    def _notification(self, kind: Kind, severity: Severity, key: str, text: str) -> Notification:
        return Notification(kind=kind, severity=severity, key=key, text=text, time=self._state.now)

    # -- how often ----------------------------------------------------------------------------------------------------

    def _advance(self, now: int) -> None:
        state, settings = self._state, self._settings
        state.now = max(state.now, now)
        state.bucket.refill(state.now, settings.per_minute, settings.burst)

    def _once(self, key: str) -> bool:
        """True the first time; kept alive while it is asked about, so that a trade open for weeks is notified once."""
        known = self._state.told.pop(key, None)
        self._remember(self._state.told, key, Told(self._state.now))
        return known is None

    def _remember(self, memory: dict[str, Any], key: str, value: object) -> None:
        memory.pop(key, None)  # what is written anew becomes the youngest
        memory[key] = value
        forget_oldest(memory, self._settings.remembered)

    def _allowed(self, wish: Notification) -> bool:
        critical = wish.severity == "critical"
        if self._state.bucket.take(0 if critical else self._settings.reserved_for_critical):
            return True
        suppressed = self._state.suppressed
        suppressed[wish.severity] = suppressed.get(wish.severity, 0) + 1
        return False

    def _remainder(self) -> Sequence[Notification]:
        """Report, once the rate limit allows it, how many notifications were dropped."""
        state = self._state
        if not state.suppressed or not state.bucket.take(self._settings.reserved_for_critical):
            return ()
        text = formatting.suppressed(state.suppressed)
        severity = max(state.suppressed, key=lambda name: _RANK[name])
        state.suppressed = {}
        return (self._notification("suppressed", severity, f"suppressed:{state.now}", text),)


_HANDLERS: Final[dict[type[Message], Callable[[NotifierCore, Any], list[Notification]]]] = {
    Alert: NotifierCore._alert,
    AccountStatement: NotifierCore._account,
    RiskReport: NotifierCore._risk,
    Control: NotifierCore._control,
}
