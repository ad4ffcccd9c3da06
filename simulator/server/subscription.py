"""The subscriptions of one stream connection, and the answers to its commands. Pure (docs/binance.md §1.2, §4.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec

from simulator.server.streams import Category, Stream, carries, parse

Path = Category | Literal["unrouted"]
_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
#: The only property of a connection: messages are wrapped as ``{"stream", "data"}``.
_COMBINED: Final = "combined"
_EXPIRED: Final = "listenKeyExpired"


class _BadCommand(Exception):
    """A command that cannot be carried out: its answer's ``code`` (0 to 3) and text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Change:
    """The result of a command: the answer to send, and the streams subscribed and unsubscribed by it."""

    answer: dict[str, Any]
    added: list[Stream] = field(default_factory=list)
    removed: list[Stream] = field(default_factory=list)


@dataclass(slots=True)
class Subscription:
    """The subscriptions of one connection.

    combined: messages are wrapped as ``{"stream", "data"}``.
    names: every subscribed name, in order: streams, listen keys (all events of the account) and ``<listenKey>@<event>``;
    also unknown names and those of another path, for which nothing is sent.
    strict: of listen keys, serve only the forms that users have seen events on (docs/binance.md §4.7).
    """

    path: Path
    combined: bool
    most_streams: int
    strict: bool = False
    names: dict[str, None] = field(default_factory=dict)

    def open(self, names: list[str]) -> list[Stream]:
        """Subscribe to the names of the URL; return the streams that this path carries."""
        return self._add(names)

    def command(self, text: str) -> Change:
        """Carry out a JSON command: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY or GET_PROPERTY."""
        try:
            asked = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            return Change({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
        if not isinstance(asked, dict) or "method" not in asked:
            return Change({"error": {"code": 2, "msg": "Invalid request: missing field `method`"}})
        number = None
        try:
            number = _id(asked.get("id"))
            change = self._carry_out(asked["method"], asked.get("params"))
        except _BadCommand as bad:
            return Change({"error": {"code": bad.code, "msg": bad.message}, "id": number})
        change.answer["id"] = number
        return change

    def close(self) -> list[Stream]:
        """Unsubscribe from everything; return the streams that ended."""
        return self._remove(list(self.names))

    def heard_as(self, key: str, kind: str) -> str | None:
        """Return the subscribed name under which events ``kind`` of listen key ``key`` are sent; None if they are not.

        The end of a key is told on every connection that named the key, whichever events it chose.
        """
        if self.path in ("public", "market") or (self.strict and self.path == "unrouted"):
            return None
        if (named := f"{key}@{kind}") in self.names:
            return named
        if self.strict:
            return None
        if key in self.names:
            return key
        return next((name for name in self.names if kind == _EXPIRED and name.startswith(f"{key}@")), None)

    def _carry_out(self, method: object, params: object) -> Change:
        match method:
            case "SUBSCRIBE":
                names = _texts(params)
                if len(self.names) + len(names) > self.most_streams:
                    raise _BadCommand(2, "Too many streams.")
                return Change({"result": None}, added=self._add(names))
            case "UNSUBSCRIBE":
                return Change({"result": None}, removed=self._remove(_texts(params)))
            case "LIST_SUBSCRIPTIONS":
                return Change({"result": list(self.names)})
            case "SET_PROPERTY":
                value = _property(params, 2)[1]
                if not isinstance(value, bool):
                    raise _BadCommand(1, "Invalid value type: expected Boolean")
                self.combined = value
                return Change({"result": None})
            case "GET_PROPERTY":
                _property(params, 1)
                return Change({"result": self.combined})
            case unknown:
                known = ", ".join(f"`{each}`" for each in _METHODS)
                raise _BadCommand(2, f"Invalid request: unknown variant {unknown!r}, expected one of {known}")

    def _add(self, names: list[str]) -> list[Stream]:
        fresh = [name for name in dict.fromkeys(names) if name and name not in self.names]
        self.names.update(dict.fromkeys(fresh))
        return self._carried(fresh)

    def _remove(self, names: list[str]) -> list[Stream]:
        known = [name for name in dict.fromkeys(names) if name in self.names]
        for name in known:
            del self.names[name]
        return self._carried(known)

    def _carried(self, names: list[str]) -> list[Stream]:
        """Return the known streams that this path carries; the other names are acknowledged but never sent."""
        streams = (parse(name) for name in names)
        return [stream for stream in streams if stream is not None and carries(self.path, stream)]


def open_subscription(
    path: str, query: str, most_streams: int, *, strict: bool = False
) -> tuple[Subscription, list[str]] | None:
    """Read a stream URL: its subscription (still empty) and the names to open. None for an unknown path.

    A listen key stands in the path, in ``streams`` or in ``listenKey``; ``events`` after a ``listenKey`` chooses its events.
    """
    parts = [part for part in path.split("/") if part]
    route: Path = "unrouted"
    if parts and parts[0] in ("public", "market", "private"):
        route = parts.pop(0)  # type: ignore[assignment]  # the line above says which words it can be
    if not parts or parts[0] not in ("ws", "stream"):
        return None
    names = parts[1:]
    key = ""
    for name, value in parse_qsl(query):
        if name == "streams":
            names += value.split("/")
        elif name == "listenKey":
            names += [key] if key else []
            key = value
        elif name == "events" and key:
            # The exchange lists them sorted, however they were sent.
            names += [f"{key}@{event}" for event in sorted(value.split("/"))]
            key = ""
    names += [key] if key else []
    return Subscription(route, combined=parts[0] == "stream", most_streams=most_streams, strict=strict), names


def _id(number: object) -> object:
    """Return the command's id. Whole numbers, texts and none are taken (the official SDK sends texts)."""
    if number is None or isinstance(number, str) or (type(number) is int and number >= 0):
        return number
    raise _BadCommand(2, "Invalid request: request ID must be an unsigned integer")


def _texts(params: object) -> list[str]:
    if params is None:
        raise _BadCommand(2, "Invalid request: missing field `params`")
    if not isinstance(params, list):
        raise _BadCommand(2, f"Invalid request: invalid type: {_kind(params)}, expected a sequence")
    for each in params:
        if not isinstance(each, str):
            raise _BadCommand(2, f"Invalid request: invalid type: {_kind(each)}, expected a string")
    return params


def _property(params: object, length: int) -> list[Any]:
    """Return the parameters of SET_PROPERTY (name and value, ``length`` 2) or GET_PROPERTY (name)."""
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        raise _BadCommand(2, "Invalid request: property name must be a string")
    if len(params) > length:
        raise _BadCommand(2, "Invalid request: too many parameters")
    if params[0] != _COMBINED:
        raise _BadCommand(0, "Unknown property")
    return [*params, None][:length]


def _kind(value: object) -> str:
    """Return the JSON kind of a value, with the value where it is short."""
    match value:
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return "string"
        case None:
            return "null"
        case list():
            return "sequence"
        case _:
            return "map"
