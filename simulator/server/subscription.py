"""The subscriptions of one stream connection, and the answers to its commands. Pure (docs/binance.md §1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

from simulator.server.streams import Category, Stream, carries, parse

Path = Category | Literal["unrouted"]


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
    names: every subscribed name, including unknown ones and those of another path, for which nothing is sent.
    listen_keys: key → event types to send, None = all.
    """

    path: Path
    combined: bool
    most_streams: int
    names: list[str] = field(default_factory=list)
    listen_keys: dict[str, frozenset[str] | None] = field(default_factory=dict)

    def open(self, names: list[str]) -> list[Stream]:
        """Subscribe to the names of the URL; return the streams that this path carries."""
        return self._add(names)

    def command(self, text: str) -> Change:
        """Carry out a JSON command: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY or GET_PROPERTY."""
        try:
            asked = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            return Change({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
        if not isinstance(asked, dict) or "method" not in asked:
            return Change({"error": {"code": 2, "msg": "Invalid request: missing field `method`"}})
        number, params = asked.get("id"), asked.get("params")
        names = [each for each in params if isinstance(each, str)] if isinstance(params, list) else []
        match asked["method"]:
            case "SUBSCRIBE":
                if len(self.names) + len(names) > self.most_streams:
                    return Change({"error": {"code": 2, "msg": "Too many streams."}, "id": number})
                return Change({"result": None, "id": number}, added=self._add(names))
            case "UNSUBSCRIBE":
                return Change({"result": None, "id": number}, removed=self._remove(names))
            case "LIST_SUBSCRIPTIONS":
                return Change({"result": list(self.names), "id": number})
            case "SET_PROPERTY" if isinstance(params, list) and params[:1] == ["combined"] and len(params) == 2:
                self.combined = bool(params[1])
                return Change({"result": None, "id": number})
            case "GET_PROPERTY":
                return Change({"result": self.combined, "id": number})
            case unknown:
                return Change({"error": {"code": 2, "msg": f"Invalid request: unknown method {unknown!r}"}, "id": number})

    def close(self) -> list[Stream]:
        """Unsubscribe from everything; return the streams that ended."""
        return self._remove(list(self.names))

    def wants_event(self, key: str, kind: str) -> bool:
        """Return True if the connection wants user events of type ``kind`` for this listen key."""
        events = self.listen_keys.get(key)
        return events is None or kind in events

    def _add(self, names: list[str]) -> list[Stream]:
        fresh = [name for name in dict.fromkeys(names) if name and name not in self.names]
        self.names.extend(fresh)
        return self._carried(fresh)

    def _remove(self, names: list[str]) -> list[Stream]:
        known = [name for name in dict.fromkeys(names) if name in self.names]
        self.names = [name for name in self.names if name not in known]
        return self._carried(known)

    def _carried(self, names: list[str]) -> list[Stream]:
        """Return the known streams that this path carries; the other names are acknowledged but never sent."""
        streams = (parse(name) for name in names)
        return [stream for stream in streams if stream is not None and carries(self.path, stream)]


def open_subscription(path: str, query: str, most_streams: int) -> tuple[Subscription, list[str]] | None:
    """Read a stream URL: its subscription (still empty) and the stream names to open. None for an unknown path."""
    parts = [part for part in path.split("/") if part]
    route: Path = "unrouted"
    if parts and parts[0] in ("public", "market", "private"):
        route = parts.pop(0)  # type: ignore[assignment]  # the line above says which words it can be
    if not parts or parts[0] not in ("ws", "stream"):
        return None
    subscription = Subscription(route, combined=parts[0] == "stream", most_streams=most_streams)
    names = parts[1:]
    key = ""
    for name, value in parse_qsl(query):
        if name == "streams":
            names += [each for each in value.split("/") if each]
        elif name == "listenKey":
            key = value
            subscription.listen_keys[key] = None
        elif name == "events" and key:
            subscription.listen_keys[key] = frozenset(value.split("/"))
    if route == "private":
        subscription.listen_keys.update(dict.fromkeys(names))
        names = []
    return subscription, names
