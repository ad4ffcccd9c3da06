"""What a lane tells people about itself."""

from __future__ import annotations

from shared.core import StaleSnapshot
from shared.domain.control import Alert
from shared.runtime.clock import FUTURE_MS


def stale_snapshot(lane: str, stale: StaleSnapshot, logged: int) -> Alert:
    """The core ignored a snapshot of another version and started again from ``logged`` messages."""
    text = f"Lane {lane} begins anew and warms up, first from {logged} logged messages: {stale}"
    return Alert(severity="warning", source=lane, key=f"stale-snapshot:{stale}", text=text)


def failed_tick(lane: str, error: Exception, now: int) -> Alert:
    """The core raised at a clock tick, which is a bug; it goes on from what the log has."""
    text = f"Lane {lane} failed at a clock tick: {type(error).__name__}: {error}"
    return Alert(severity="critical", source=lane, key="failed-tick", text=text, time=now)


def ahead(lane: str, stamped: int, now: int) -> list[Alert]:
    """Far ahead of the process's clock lies the lane's last stamp: its time stands still until the clock has caught up."""
    if stamped <= now + FUTURE_MS:
        return []
    text = (
        f"Lane {lane} was last stamped {stamped}, {(stamped - now) / 1000:.0f} s ahead of this machine's clock; its time "
        "stands still until then. Set the clock right"
    )
    return [Alert(severity="critical", source=lane, key="stamped-ahead", text=text, time=now)]
