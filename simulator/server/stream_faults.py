"""Decides what the faults in force do to one message of a market stream or one user event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.server.fault_kinds import FaultKind
from simulator.server.fault_table import Aim, FaultTable

#: Name by which faults select connections on the private path.
PRIVATE: Final = "private"
_LOST_MARKET: Final[tuple[FaultKind, ...]] = ("silent_streams", "lost_market_events")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a message is sent: how often (0 = not at all), and how late (ms of the wall clock)."""

    times: int = 1
    delay_ms: int = 0


_AS_USUAL: Final = Delivery()


def market_times(table: FaultTable, stream: str) -> int:
    """Return how often a message of a market stream is sent: 0, 1 or 2 times."""
    if not table.set:
        return 1
    gone = [each.fault.symbol.lower() for each in table.active("delisted")]
    if any(stream.startswith((f"{symbol}@", f"{symbol}_")) for symbol in gone):
        return 0
    aim = Aim(streams=(stream,))
    lost, doubled = table.met(aim, *_LOST_MARKET), table.met(aim, "duplicate_market_events")
    if lost:
        table.hit(lost[0])
        return 0
    for each in doubled:
        table.hit(each)
    return 2 if doubled else 1


def user_delivery(table: FaultTable, event: Mapping[str, Any]) -> Delivery:
    """Return how a user event is sent. Delays of several faults add up; a lost event is neither late nor doubled."""
    if not table.set:
        return _AS_USUAL
    aim = aim_of_event(event)
    silent = table.met(Aim(streams=(PRIVATE,)), "silent_streams")
    lost = [*silent, *table.met(aim, "lost_user_events")]
    doubled = table.met(aim, "duplicate_user_events")
    late, reordered = table.met(aim, "late_user_events"), table.met(aim, "reorder_user_events")
    if lost:
        table.hit(lost[0])
        return Delivery(0)
    for each in (*doubled, *late, *reordered):
        table.hit(each)
    delay = sum(each.fault.ms for each in late) + sum(each.fault.ms for each in reordered if each.hits % 2)
    return Delivery(2 if doubled else 1, delay)


def aim_of_event(event: Mapping[str, Any]) -> Aim:
    """Return what faults compare their aims with: the event's type, and the symbols that it names."""
    body = event.get("o") or event.get("ac") or event
    symbols = {body.get("s")} if isinstance(body, Mapping) else set()
    account = event.get("a")
    if isinstance(account, Mapping):
        symbols |= {leg.get("s") for leg in account.get("P", ())}
    return Aim(streams=(str(event["e"]),), symbols=frozenset(str(each) for each in symbols if each))


def silent_route(table: FaultTable, route: str) -> bool:
    """Return True if a message to a connection on this route is not sent."""
    return bool(table.set) and table.strikes("silent_route", Aim(route=route)) is not None
