"""Chooses the form in which streams are subscribed, and reads the answers to commands. Pure (docs/binance.md §1.2, §4.7).

The exchange acknowledges a subscription that it will not serve. So only frames show that a form works: one that stays
silent is left for the next, one that has delivered is remembered and used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Form = Literal[
    "query",  # names in the address: ?streams=…, ?listenKey=…&events=…
    "subscribe",  # names in a SUBSCRIBE command on the open socket
    "path",  # names in the path of the address
]
#: By preference. The first is documented, and the one that users have seen deliver both kinds of streams.
PREFERENCE: Final[tuple[Form, ...]] = ("query", "subscribe", "path")
#: Silent connections in a row after which a form that has delivered before is left: once is an illness of the exchange.
_SILENCES: Final = 2
#: The events of an account that are read. Named one by one, because a key without events may stay silent.
USER_EVENTS: Final = (
    "ORDER_TRADE_UPDATE",
    "ACCOUNT_UPDATE",
    "ALGO_UPDATE",
    "ACCOUNT_CONFIG_UPDATE",
    "MARGIN_CALL",
    "TRADE_LITE",
    "listenKeyExpired",
)


class Forms:
    """The form to use on one route, and what is known of it."""

    def __init__(self) -> None:
        self._at = 0
        self._proven: Form | None = None
        self._silences = 0

    @property
    def current(self) -> Form:
        """The form in which the next connection subscribes."""
        return PREFERENCE[self._at]

    def delivered(self, form: Form) -> bool:
        """Remember a form under which frames came; True if it is not the one that was remembered."""
        news = form != self._proven
        self._proven, self._silences, self._at = form, 0, PREFERENCE.index(form)
        return news

    def silent(self, form: Form) -> Form:
        """Record a connection that was acknowledged and silent; return the form for the next one.

        Says nothing about another form than the current one: an older connection may end late.
        """
        if form == self.current:
            self._silences += 1
            if form != self._proven or self._silences >= _SILENCES:
                self._at, self._silences = (self._at + 1) % len(PREFERENCE), 0
        return self.current


def market_address(form: Form, names: Sequence[str]) -> str:
    """Return the part of the address behind the route, such as ``stream?streams=btcusdt@kline_1m``."""
    if form == "path":
        return f"ws/{'/'.join(names)}"
    return "stream" if form == "subscribe" else f"stream?streams={'/'.join(names)}"


def user_address(form: Form, key: str) -> str:
    """Return the part of the address behind ``/private/`` for a listen key."""
    if form == "path":
        return f"ws/{key}"
    return "ws" if form == "subscribe" else f"ws?listenKey={key}&events={'/'.join(USER_EVENTS)}"


def user_names(key: str) -> tuple[str, ...]:
    """Return the names of a listen key's events in a SUBSCRIBE command."""
    return tuple(f"{key}@{event}" for event in USER_EVENTS)


def subscribe(names: Sequence[str]) -> str:
    """Return the SUBSCRIBE command for these names."""
    return msgspec.json.encode({"method": "SUBSCRIBE", "params": list(names), "id": 1}).decode()


class _Trouble(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Reply(msgspec.Struct):
    id: int | str | None
    error: _Trouble | None = None


_replies: Final = msgspec.json.Decoder(_Reply, strict=False)


def refusal_in(text: str) -> str | None:
    """Return why a command was refused, from its answer; empty = it was acknowledged. None: the frame is no answer."""
    try:
        reply = _replies.decode(text)
    except msgspec.DecodeError:
        return None
    return f"{reply.error.code} {reply.error.msg}" if reply.error is not None else ""
