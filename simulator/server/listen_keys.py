"""Listen keys: one an API key, alive for an hour after it was last asked for (docs/binance.md §4.3, §4.7)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from simulator.server.refusals import bad_listen_key


@dataclass(slots=True)
class _Key:
    text: str
    until: int


class ListenKeys:
    """Keys are derived from the API key and a count: the same on every run. ``now`` is the clock's, ms."""

    def __init__(self, life_ms: int) -> None:
        self._life = life_ms
        self._by_api_key: dict[str, _Key] = {}
        self._made = 0

    def get(self, api_key: str, now: int) -> str:
        """POST: the living key, extended; else a new one."""
        key = self._by_api_key.get(api_key)
        if key is None or now >= key.until:
            self._made += 1
            text = hashlib.sha256(f"{api_key}:{self._made}".encode()).hexdigest()
            key = self._by_api_key[api_key] = _Key(text, 0)
        key.until = now + self._life
        return key.text

    def extend(self, api_key: str, now: int) -> str:
        """PUT. Raises Refused -1125 when there is no living key."""
        key = self._by_api_key.get(api_key)
        if key is None or now >= key.until:
            raise bad_listen_key()
        key.until = now + self._life
        return key.text

    def close(self, api_key: str) -> str | None:
        """DELETE: the key that is dead now, if there was one."""
        key = self._by_api_key.pop(api_key, None)
        return key.text if key is not None else None

    def alive(self, text: str, now: int) -> bool:
        """True for a key that user events are sent to."""
        return any(key.text == text and now < key.until for key in self._by_api_key.values())

    def expire(self, now: int, *, all_of_them: bool = False) -> list[str]:
        """Take out the keys whose time is over (or all); they get their last event."""
        over = [api_key for api_key, key in self._by_api_key.items() if all_of_them or now >= key.until]
        return [self._by_api_key.pop(api_key).text for api_key in over]
