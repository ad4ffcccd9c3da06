"""Decides where the ids of a run begin, so that clients which keep ids (freqtrade's database does) meet none twice."""

from __future__ import annotations

from typing import Literal

#: The setting ``server.ids``.
Ids = Literal["auto", "market", "real"]


def first_id(ids: Ids, speed: float | None, now: int) -> int | None:
    """Return the first id of a run that starts at ``now`` (real time, UTC ms); None = ids follow the market's time.

    speed: see ``Motion``; 0 = lock-step. Counted up from real time in microseconds, ids repeat those of an earlier run only
    if that gave out more than a million a second.
    """
    if ids == "market" or (ids == "auto" and speed == 0.0):
        return None
    return now * 1_000
