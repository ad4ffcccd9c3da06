"""What a lane tells people about itself."""

from __future__ import annotations

import structlog

from shared.core import StaleSnapshot
from shared.domain.control import Alert
from shared.runtime.clock import FUTURE_MS, ProcessClock

log = structlog.get_logger(__name__)


def loaded(lane: str, stale: StaleSnapshot | None, logged: int, stamped: int, clock: ProcessClock | None) -> list[Alert]:
    """What is to be said once the state is loaded. clock: the process's; None = the lane has another's time.

    stale: a snapshot of another version that the core ignored, to start again from ``logged`` messages. A last stamp far
    ahead of the process's clock is said too: the lane's time stands still until the clock has caught up.
    """
    told = []
    if stale is not None:
        log.warning("stale_snapshot_discarded", lane=lane, reason=str(stale), replayed=logged)
        text = f"Lane {lane} begins anew and warms up, first from {logged} logged messages: {stale}"
        told.append(Alert(severity="warning", source=lane, key=f"stale-snapshot:{stale}", text=text))
    now = clock.now() if clock is not None else stamped
    if stamped > now + FUTURE_MS:
        text = (
            f"Lane {lane} was last stamped {stamped}, {(stamped - now) / 1000:.0f} s ahead of this machine's clock; its "
            "time stands still until then. Set the clock right"
        )
        told.append(Alert(severity="critical", source=lane, key="stamped-ahead", text=text, time=now))
    return told


def failed_tick(lane: str, error: Exception, now: int) -> Alert:
    """The core raised at a clock tick, which is a bug; it goes on from what the log has."""
    text = f"Lane {lane} failed at a clock tick: {type(error).__name__}: {error}"
    return Alert(severity="critical", source=lane, key="failed-tick", text=text, time=now)
