"""Faults that tests and scenarios can set: the list of kinds, and the table of faults in force. Pure.

A fault stays in force until it is lifted, its time on the market's clock is over, or it has been applied ``count`` times.
Each matching request or message is hit with probability ``share``, drawn from the table's seed: the same requests in
the same order get the same faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FaultKind = Literal[
    "latency",
    "timeout_after_accept",
    "timeout_before_accept",
    "unknown_503",
    "unavailable_503",
    "internal_503",
    "throttled_503",
    "backend_timeout_408",
    "rate_limited_429",
    "banned_418",
    "rest_outage",
    "disconnect",
    "refuse_streams",
    "silent_streams",
    "lost_market_events",
    "duplicate_market_events",
    "duplicate_user_events",
    "reorder_user_events",
    "late_user_events",
    "lost_user_events",
    "expire_listen_key",
    "clock_skew",
    "price_spike",
]
Where = Literal["rest", "sockets", "market events", "user events", "keys", "time", "price"]


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """Describes one kind of fault.

    where: what it acts on. effect: what a client sees. parameters: fields of ``Fault`` that it uses.
    once: it acts at the moment it is set and then ends.
    """

    where: Where
    effect: str
    parameters: str
    once: bool = False


#: Every kind of fault. All of them also use the fields count, share and lasts_ms.
VOCABULARY: Final[dict[FaultKind, FaultEntry]] = {
    "latency": FaultEntry("rest", "request and answer are each delayed by half of `ms`", "method, path, ms, jitter_ms"),
    "timeout_after_accept": FaultEntry("rest", "the request is carried out, no answer is sent", "method, path"),
    "timeout_before_accept": FaultEntry("rest", "the request is not carried out, no answer is sent", "method, path"),
    "unknown_503": FaultEntry(
        "rest", "503 (a) Unknown error: carried out if `executed`; the answer is the same", "method, path, executed"
    ),
    "unavailable_503": FaultEntry("rest", "503 (b) Service Unavailable: not carried out", "method, path"),
    "internal_503": FaultEntry("rest", "503 (c) Internal error; unable to process: not carried out", "method, path"),
    "throttled_503": FaultEntry(
        "rest", "503 (d) -1008: not carried out; cancels, reduce-only and close orders pass", "method, path"
    ),
    "backend_timeout_408": FaultEntry("rest", "408 with -1007: carried out if `executed`", "method, path, executed"),
    "rate_limited_429": FaultEntry("rest", "429 with -1003 and Retry-After: not carried out", "method, path, retry_after_s"),
    "banned_418": FaultEntry("rest", "418 with -1003 and Retry-After: not carried out", "method, path, retry_after_s"),
    "rest_outage": FaultEntry("rest", "the connection is cut without an answer: not carried out", "method, path"),
    "disconnect": FaultEntry("sockets", "the sockets of these streams are cut, once", "stream", once=True),
    "refuse_streams": FaultEntry("sockets", "new sockets for these streams are refused with 503", "stream"),
    "silent_streams": FaultEntry("market events", "the sockets stay open, messages of these streams are not sent", "stream"),
    "lost_market_events": FaultEntry("market events", "messages of these streams are lost", "stream"),
    "duplicate_market_events": FaultEntry("market events", "messages of these streams are sent twice", "stream"),
    "duplicate_user_events": FaultEntry("user events", "events are sent twice", "stream"),
    "reorder_user_events": FaultEntry(
        "user events", "every second event is sent `ms` late, after its successor", "stream, ms"
    ),
    "late_user_events": FaultEntry("user events", "events are sent `ms` late", "stream, ms"),
    "lost_user_events": FaultEntry("user events", "events are lost", "stream"),
    "expire_listen_key": FaultEntry(
        "keys", "every listen key expires now: listenKeyExpired is sent, then nothing", "", once=True
    ),
    "clock_skew": FaultEntry("time", "the server's time is `ms` off: /time, and the window of timestamps", "ms"),
    "price_spike": FaultEntry("price", "the price jumps by `percent`, and back when the fault ends", "symbol, percent"),
}


class Fault(BaseModel):
    """A request to set a fault. ``path``, ``method`` and ``stream`` are shell-style globs.

    ``stream`` is compared with stream names; for user events with the event type (``ORDER_TRADE_UPDATE``); connections on
    the private path are named ``private``. ``lasts_ms``: duration on the market's clock, null = until it is lifted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind = Field(description="kind of fault; GET /sim/vocabulary lists them")
    method: str = Field("*", description="REST faults: HTTP method")
    path: str = Field("*", description="REST faults: path, as /fapi/v1/order*")
    stream: str = Field("*", description="stream faults: name of the stream, or type of the user event")
    symbol: str = Field("", description="price_spike: the symbol")
    ms: int = Field(100, ge=-86_400_000, le=86_400_000, description="delay or skew, ms of the clock")
    jitter_ms: int = Field(0, ge=0, le=600_000, description="latency: largest random addition to the delay, ms")
    percent: float = Field(5.0, gt=-99.0, le=1_000.0, description="price_spike: how far the price jumps, percent")
    executed: bool = Field(
        True, description="unknown_503, backend_timeout_408: whether the request is carried out all the same"
    )
    retry_after_s: int = Field(1, ge=0, le=259_200, description="429, 418: the header Retry-After, seconds")
    share: float = Field(1.0, gt=0.0, le=1.0, description="probability that a matching request or message is hit, 0 to 1")
    count: int | None = Field(None, ge=1, description="the fault ends after this many hits; null = no such end")
    lasts_ms: int | None = Field(
        None, ge=1, description="the fault ends after this time on the market's clock, ms; null = no such end"
    )


@dataclass(slots=True)
class SetFault:
    """A fault in force.

    until: when it ends, market's clock, ms; None = when it is lifted. hits: how often it was applied.
    chances: how many requests or messages matched it, hit or not.
    """

    id: int
    fault: Fault
    until: int | None
    hits: int = 0
    chances: int = 0


@dataclass(slots=True)
class FaultTable:
    """Holds the faults in force (``set``, by id) and the last 1,000 that ended (``over``, oldest first)."""

    seed: int
    set: dict[int, SetFault] = field(default_factory=dict)
    over: list[SetFault] = field(default_factory=list)
    made: int = 0

    def add(self, fault: Fault, now: int) -> SetFault:
        """Put a fault into force at ``now`` (market's clock, ms) and return it with its id."""
        self.made += 1
        until = None if fault.lasts_ms is None else now + fault.lasts_ms
        found = self.set[self.made] = SetFault(self.made, fault, until)
        return found

    def lift(self, fault_id: int) -> SetFault | None:
        """End a fault and return it; None if no fault in force has this id."""
        found = self.set.pop(fault_id, None)
        if found is not None:
            self.over = [*self.over[-999:], found]
        return found

    def expired(self, now: int) -> list[SetFault]:
        """End the faults whose time is over at ``now`` (market's clock, ms) and return them."""
        ids = [each.id for each in self.set.values() if each.until is not None and now >= each.until]
        return [lifted for lifted in map(self.lift, ids) if lifted is not None]

    def ends_next(self) -> int | None:
        """Return when the next fault ends (market's clock, ms); None if none ends by time."""
        return min((each.until for each in self.set.values() if each.until is not None), default=None)

    def strikes(self, kind: FaultKind, *, path: str = "", method: str = "", stream: str = "") -> Fault | None:
        """Return the fault of this kind that hits this request or message; None if none does.

        Counts the chance and the hit, and ends the fault after its last permitted hit: call it once per request or message.
        """
        for each in self.set.values():
            fault = each.fault
            if (
                fault.kind == kind
                and fnmatchcase(path, fault.path)
                and fnmatchcase(method, fault.method)
                and fnmatchcase(stream, fault.stream)
            ):
                each.chances += 1
                if self.draw(each) < fault.share:
                    each.hits += 1
                    if fault.count is not None and each.hits >= fault.count:
                        self.lift(each.id)
                    return fault
        return None

    def active(self, kind: FaultKind) -> bool:
        """Return True if a fault of this kind is in force. Counts nothing; a cheap test before ``strikes``."""
        return any(each.fault.kind == kind for each in self.set.values())

    def draw(self, each: SetFault) -> float:
        """Return a pseudo-random number in [0, 1), fixed by the seed, the fault's id and its count of chances."""
        value = (self.seed * 0x9E3779B97F4A7C15 + each.id * 0xBF58476D1CE4E5B9 + each.chances * 0x94D049BB133111EB) & _MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        return float((value ^ (value >> 31)) >> 11) / float(1 << 53)


_MASK: Final = (1 << 64) - 1
