"""Reads the rate limits that exchangeInfo states. Pure.

A limit that is stated in an odd way is not believed: what was known before holds on. A limit that the exchange does not
state any more holds on too, because a limit too many costs little and one too few is answered with a ban.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.exchange.limits.windows import Limit, LimitName
from shared.exchange.model.market_data import RateLimit

_KINDS: Final = {"REQUEST_WEIGHT": "weight", "ORDERS": "orders"}
#: Numbers outside of this are not believed: below it nobody could trade, above it there is no limit.
_LEAST: Final = 10
_MOST: Final = 1_000_000
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def stated(known: Sequence[Limit], rows: Sequence[RateLimit]) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    """Return the limits that hold from now on, and what of ``rows`` is not believed, for people.

    known: the limits that held before. Kinds of limits that we do not count are passed over.
    """
    limits = {limit.name: limit for limit in known}
    odd: list[str] = []
    seen: set[str] = set()
    for row in rows:
        kind = _KINDS.get(row.kind)
        if not row.kind:
            odd.append("a limit that cannot be read")
        if kind is None:
            continue
        seen.add(kind)
        if not _LEAST <= row.limit <= _MOST or not 0 < row.interval_ms <= _UNITS[0][1]:
            odd.append(f"{row.kind} of {row.limit} in {row.interval_ms} ms")
            continue
        name = _name(kind, row.interval_ms)
        limits[name] = Limit(name, row.interval_ms, row.limit)
    odd += [f"no {kind}" for kind, word in _KINDS.items() if word not in seen]
    return tuple(limits.values()), tuple(odd)


def _name(kind: str, interval_ms: int) -> LimitName:
    """Return the name as the exchange's headers have it: ``weight_1m``, ``orders_10s``."""
    unit, length = next((unit, length) for unit, length in _UNITS if not interval_ms % length)
    return f"{kind}_{interval_ms // length}{unit}"
