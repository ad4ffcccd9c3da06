"""The lines of a wire log: a JSON object each, told apart by ``kind``; times are UTC ms by the recording machine's clock."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

#: Version of the lines; a file of another one is refused.
VERSION: Final = 1

By = Literal["exchange", "client"]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every line has: ``at``, when it happened, UTC ms."""

    at: int


class Session(Line, frozen=True, kw_only=True, tag="session"):
    """The first line: version of the lines and addresses of the exchange."""

    version: int
    rest: str
    streams: str


class Request(Line, frozen=True, kw_only=True, tag="request"):
    """A REST request as the client sent it: ``query`` without the question mark, ``body`` as text, both still encoded."""

    id: int
    method: str
    path: str
    query: str = ""
    body: str = ""


class Answer(Line, frozen=True, kw_only=True, tag="answer"):
    """The answer to the request with the same ``id``. ``headers``: those that tell limits, waits and the kind of content."""

    id: int
    status: int
    body: str
    headers: dict[str, str] = {}


class NoAnswer(Line, frozen=True, kw_only=True, tag="no_answer"):
    """No answer came to the request with the same ``id``: ``why`` says what happened instead."""

    id: int
    why: str


class Opened(Line, frozen=True, kw_only=True, tag="opened"):
    """A WebSocket was opened. ``socket``: its number in the session."""

    socket: int
    path: str
    query: str = ""


class NotOpened(Line, frozen=True, kw_only=True, tag="not_opened"):
    """The exchange refused a WebSocket with an HTTP status; 0 = there was no answer at all."""

    socket: int
    path: str
    query: str = ""
    status: int
    why: str


class Frame(Line, frozen=True, kw_only=True, tag="frame"):
    """A message on a WebSocket, from the side that ``by`` names. Pings and pongs are not recorded."""

    socket: int
    by: By
    text: str


class Closed(Line, frozen=True, kw_only=True, tag="closed"):
    """A WebSocket ended, and who ended it. ``code`` 1006 = the connection broke."""

    socket: int
    by: By
    code: int
    reason: str = ""


AnyLine = Session | Request | Answer | NoAnswer | Opened | NotOpened | Frame | Closed
