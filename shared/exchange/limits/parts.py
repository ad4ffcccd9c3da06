"""Divides the request weight of an address among the kinds of processes that share it. Pure.

The shares are static: each process keeps to the share of its kind by its own count, whatever the store says and also without
one. So a backfill that runs wild, or a store that is forged, takes no weight from the guardian or from execution. Order
limits are not divided: placing costs no weight, and only execution, guardian and operator place orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from shared.exchange.limits.windows import Limit

#: The kind of a process, by its service.
Part = Literal[
    "guardian",  # the guardian
    "execution",  # execution: its leader, because a standby asks the exchange for nothing
    "rest",  # all others: ingest, commands of people
]


def of_part(limits: Sequence[Limit], part: Part, shares: Mapping[Part, float], of_share: float = 1.0) -> tuple[Limit, ...]:
    """Return the limits with those of ``part`` added: its share of every limit of weight, named such as ``rest_1m``.

    of_share: fraction of the share that this one process may use.
    """
    added = [
        Limit(limit.name.replace("weight", part), limit.interval_ms, max(1, int(limit.ceiling * shares[part] * of_share)))
        for limit in limits
        if limit.name.startswith("weight_")
    ]
    return (*limits, *added)
