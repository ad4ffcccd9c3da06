"""The exchange's kline intervals and their opening times. Includes every timeframe that the system trades."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from shared.domain.timeframes import DAY, MINUTE

#: Length in ms. 1M is not listed: months differ in length.
_LENGTH: Final = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "2h": 120 * MINUTE,
    "4h": 240 * MINUTE,
    "6h": 360 * MINUTE,
    "8h": 480 * MINUTE,
    "12h": 720 * MINUTE,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
}
_MONTH: Final = "1M"
INTERVALS: Final[tuple[str, ...]] = (*_LENGTH, _MONTH)
#: 1970-01-01 was a Thursday and weeks open on Monday, hence the offset.
_WEEK_ANCHOR: Final = 4 * DAY


def opens_at(at: int, interval: str) -> int:
    """Return the open time (UTC ms) of the kline that contains the time ``at`` (UTC ms)."""
    if interval == _MONTH:
        moment = datetime.fromtimestamp(at / 1000, UTC)
        return int(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    anchor = _WEEK_ANCHOR if interval == "1w" else 0
    return at - (at - anchor) % _LENGTH[interval]


def closes_at(open_time: int, interval: str) -> int:
    """Return when the kline that opens at ``open_time`` ends, UTC ms. The exchange prints one ms less as its close time."""
    if interval == _MONTH:
        return opens_at(open_time + 32 * DAY, interval)
    return open_time + _LENGTH[interval]
