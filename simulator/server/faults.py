"""Faults on command: a closed vocabulary, and the table of those that are set. Pure.

A fault holds until it is lifted, its time on the market's clock is over, or it has struck ``count`` times. ``share`` of the
chances are taken, drawn from the table's seed: the same requests in the same order meet the same faults.
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
    """One line of the vocabulary. ``once``: it strikes when it is set, and is over."""

    where: Where
    effect: str
    parameters: str
    once: bool = False


#: The vocabulary: what strikes, what a client sees, which fields count beside count, share and lasts_ms.
VOCABULARY: Final[dict[FaultKind, FaultEntry]] = {
    "latency": FaultEntry("rest", "the request arrives late and its answer too, half each", "method, path, ms, jitter_ms"),
    "timeout_after_accept": FaultEntry("rest", "it is done, and no answer ever comes", "method, path"),
    "timeout_before_accept": FaultEntry("rest", "it is not done, and no answer ever comes", "method, path"),
    "unknown_503": FaultEntry(
        "rest", "503 (a) Unknown error: done when `executed`, else not; the answer is the same", "method, path, executed"
    ),
    "unavailable_503": FaultEntry("rest", "503 (b) Service Unavailable: not done", "method, path"),
    "internal_503": FaultEntry("rest", "503 (c) Internal error; unable to process: not done", "method, path"),
    "throttled_503": FaultEntry(
        "rest", "503 (d) -1008: not done; cancels, reduce-only and close orders pass", "method, path"
    ),
    "backend_timeout_408": FaultEntry("rest", "408 with -1007: done when `executed`, else not", "method, path, executed"),
    "rate_limited_429": FaultEntry("rest", "429 with -1003 and Retry-After: not done", "method, path, retry_after_s"),
    "banned_418": FaultEntry("rest", "418 with -1003 and Retry-After: not done", "method, path, retry_after_s"),
    "rest_outage": FaultEntry("rest", "the connection is cut without an answer: not done", "method, path"),
    "disconnect": FaultEntry("sockets", "the sockets of these streams are cut, once", "stream", once=True),
    "refuse_streams": FaultEntry("sockets", "new sockets for these streams are turned away with 503", "stream"),
    "silent_streams": FaultEntry("market events", "the sockets stay open and say nothing of these streams", "stream"),
    "lost_market_events": FaultEntry("market events", "messages of these streams are left out", "stream"),
    "duplicate_market_events": FaultEntry("market events", "messages of these streams come twice", "stream"),
    "duplicate_user_events": FaultEntry("user events", "events come twice", "stream"),
    "reorder_user_events": FaultEntry("user events", "every other event comes `ms` late, after its successor", "stream, ms"),
    "late_user_events": FaultEntry("user events", "events come `ms` late", "stream, ms"),
    "lost_user_events": FaultEntry("user events", "events are left out", "stream"),
    "expire_listen_key": FaultEntry("keys", "every listen key dies now: its event, then silence", "", once=True),
    "clock_skew": FaultEntry("time", "the server's time is `ms` off: /time, and the window of timestamps", "ms"),
    "price_spike": FaultEntry("price", "the price jumps by `percent`; back when the fault ends", "symbol, percent"),
}


class Fault(BaseModel):
    """One fault as it is asked for. ``path``, ``method``, ``stream``: globs.

    ``stream`` is matched with names of streams; with the event type (``ORDER_TRADE_UPDATE``) for user events; sockets of
    the private path have the name ``private``. ``lasts_ms``: on the market's clock, null = until it is lifted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind = Field(description="what happens: one of the vocabulary")
    method: str = Field("*", description="REST faults: HTTP method")
    path: str = Field("*", description="REST faults: path, as /fapi/v1/order*")
    stream: str = Field("*", description="stream faults: name of the stream, or type of the user event")
    symbol: str = Field("", description="price_spike: the symbol")
    ms: int = Field(100, ge=-86_400_000, le=86_400_000, description="delay or skew, ms of the clock")
    jitter_ms: int = Field(0, ge=0, le=600_000, description="latency: up to so much more, drawn")
    percent: float = Field(5.0, gt=-99.0, le=1_000.0, description="price_spike: how far the price jumps, percent")
    executed: bool = Field(True, description="unknown_503, backend_timeout_408: whether the request is done all the same")
    retry_after_s: int = Field(1, ge=0, le=259_200, description="429, 418: the header Retry-After, seconds")
    share: float = Field(1.0, gt=0.0, le=1.0, description="how many of the chances are taken")
    count: int | None = Field(None, ge=1, description="lifted after so many strikes")
    lasts_ms: int | None = Field(None, ge=1, description="lifted after so long on the market's clock, ms")


@dataclass(slots=True)
class SetFault:
    """A fault in force. ``until``: on the market's clock, ms; ``chances``: how often it could have struck."""

    id: int
    fault: Fault
    until: int | None
    hits: int = 0
    chances: int = 0


@dataclass(slots=True)
class FaultTable:
    """The faults in force (``set``) and the last ones that ended (``over``), with their hits."""

    seed: int
    set: dict[int, SetFault] = field(default_factory=dict)
    over: list[SetFault] = field(default_factory=list)
    made: int = 0

    def add(self, fault: Fault, now: int) -> SetFault:
        """Set a fault at ``now`` (market's clock, ms)."""
        self.made += 1
        until = None if fault.lasts_ms is None else now + fault.lasts_ms
        found = self.set[self.made] = SetFault(self.made, fault, until)
        return found

    def lift(self, fault_id: int) -> SetFault | None:
        """Remove a fault; None if there is none of this id."""
        found = self.set.pop(fault_id, None)
        if found is not None:
            self.over = [*self.over[-999:], found]
        return found

    def expired(self, now: int) -> list[SetFault]:
        """Lift those whose time is over."""
        ids = [each.id for each in self.set.values() if each.until is not None and now >= each.until]
        return [lifted for lifted in map(self.lift, ids) if lifted is not None]

    def ends_next(self) -> int | None:
        """The earliest end of a fault, on the market's clock."""
        return min((each.until for each in self.set.values() if each.until is not None), default=None)

    def strikes(self, kind: FaultKind, *, path: str = "", method: str = "", stream: str = "") -> Fault | None:
        """The fault of this kind that strikes here and now, counted; None when none does."""
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
        """Whether any fault of this kind is set: to pass quickly when none is."""
        return any(each.fault.kind == kind for each in self.set.values())

    def draw(self, each: SetFault) -> float:
        """A number in [0, 1) for this chance of this fault."""
        value = (self.seed * 0x9E3779B97F4A7C15 + each.id * 0xBF58476D1CE4E5B9 + each.chances * 0x94D049BB133111EB) & _MASK
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        return float((value ^ (value >> 31)) >> 11) / float(1 << 53)


_MASK: Final = (1 << 64) - 1
