"""Listen keys: each API key has at most one, valid for an hour after the last POST or PUT (docs/binance.md §4.3, §4.7)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from simulator.server.refusals import bad_listen_key


@dataclass(slots=True)
class _Key:
    text: str
    until: int


class ListenKeys:
    """Creates, extends and expires listen keys. ``now``: wall clock, ms.

    A key is derived from the API key and a counter, so every run gives the same keys.
    """

    def __init__(self, life_ms: int) -> None:
        self._life = life_ms
        self._by_api_key: dict[str, _Key] = {}
        self._made = 0

    def get(self, api_key: str, now: int) -> str:
        """POST: extend and return the valid key of ``api_key``, or make a new one."""
        key = self._by_api_key.get(api_key)
        if key is None or now >= key.until:
            self._made += 1
            text = hashlib.sha256(f"{api_key}:{self._made}".encode()).hexdigest()
            key = self._by_api_key[api_key] = _Key(text, 0)
        key.until = now + self._life
        return key.text

    def extend(self, api_key: str, now: int) -> str:
        """PUT: extend and return the valid key. Raises Refused -1125 if there is none."""
        key = self._by_api_key.get(api_key)
        if key is None or now >= key.until:
            raise bad_listen_key()
        key.until = now + self._life
        return key.text

    def close(self, api_key: str) -> str | None:
        """DELETE: end the key and return it; None if there was none."""
        key = self._by_api_key.pop(api_key, None)
        return key.text if key is not None else None

    def alive(self, now: int) -> list[str]:
        """Return the keys that are valid: user events are sent to their connections."""
        return [key.text for key in self._by_api_key.values() if now < key.until]

    def expire(self, now: int, *, all_of_them: bool = False) -> list[str]:
        """Remove the keys that have expired (or all) and return them; the caller sends each its listenKeyExpired event."""
        over = [api_key for api_key, key in self._by_api_key.items() if all_of_them or now >= key.until]
        return [self._by_api_key.pop(api_key).text for api_key in over]
