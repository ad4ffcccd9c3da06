"""Reads a wire log into what a replay needs: requests with their answers, and WebSockets with all that happened on them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from simulator.wire_log.line_kinds import (
    VERSION,
    Answer,
    AnyLine,
    Closed,
    Frame,
    NoAnswer,
    NotOpened,
    Opened,
    Request,
    Session,
)

_lines: Final = msgspec.json.Decoder(AnyLine)
#: Requests that change orders: what the exchange says afterwards of them must not be told before they are made.
_ORDERS: Final = frozenset({"/fapi/v1/order", "/fapi/v1/batchOrders", "/fapi/v1/algoOrder"})


class WireLogUnreadable(Exception):
    """Raised for a file that is no wire log; names the file, the line and what was expected."""


def changes_orders(method: str, path: str) -> bool:
    """True for the requests that place, change or cancel single orders."""
    return method != "GET" and path in _ORDERS


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and what came of it; ``answer`` None = the recording ends before it."""

    request: Request
    answer: Answer | NoAnswer | None


@dataclass(slots=True)
class Event:
    """Something on a WebSocket. ``after_ms``: time since what happened there before; ``orders``: how many requests had
    changed orders by then."""

    line: Frame | Closed
    after_ms: int
    orders: int


@dataclass(slots=True)
class RecordedSocket:
    """A WebSocket of the session, in the order in which they were opened."""

    opened: Opened | NotOpened
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WireLog:
    """A whole session. ``torn``: its last line is incomplete, because the recording was cut off; the rest is used."""

    session: Session
    asked: tuple[Asked, ...]
    sockets: tuple[RecordedSocket, ...]
    torn: bool


def read_wire_log(path: Path) -> WireLog:
    """Read a file that ``ict exchange record`` wrote, or one compressed by gzip. Raises WireLogUnreadable."""
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError) as error:
        raise WireLogUnreadable(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    lines, torn = _decoded(path, raw)
    first = next(lines, None)
    if not isinstance(first, Session):
        raise WireLogUnreadable(f"{path} is no recording of an exchange: its first line names no session")
    if first.version != VERSION:
        raise WireLogUnreadable(f"{path} has lines of version {first.version}; this program reads version {VERSION}")
    return _gathered(first, lines, torn)


def _decoded(path: Path, raw: bytes) -> tuple[Iterator[AnyLine], bool]:
    """The lines, and whether the last one is torn."""
    rows = raw.split(b"\n")
    torn = rows.pop() != b""
    found: list[AnyLine] = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_lines.decode(row))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            where = f"{path}:{number}"
            raise WireLogUnreadable(f"{where}: {error}; expected lines that `ict exchange record` wrote") from error
    return iter(found), torn


def _gathered(session: Session, lines: Iterator[AnyLine], torn: bool) -> WireLog:
    requests: dict[int, Request] = {}
    answers: dict[int, Answer | NoAnswer] = {}
    sockets: dict[int, RecordedSocket] = {}
    last: dict[int, int] = {}
    orders = 0
    for line in lines:
        if isinstance(line, Request):
            requests[line.id] = line
            orders += changes_orders(line.method, line.path)
        elif isinstance(line, Answer | NoAnswer):
            answers[line.id] = line
        elif isinstance(line, Opened | NotOpened):
            sockets[line.socket] = RecordedSocket(line)
            last[line.socket] = line.at
        elif isinstance(line, Frame | Closed) and line.socket in sockets:
            after = max(0, line.at - last[line.socket])
            sockets[line.socket].events.append(Event(line, after, orders))
            last[line.socket] = line.at
    asked = tuple(Asked(request, answers.get(number)) for number, request in requests.items())
    return WireLog(session, asked, tuple(sockets.values()), torn)
