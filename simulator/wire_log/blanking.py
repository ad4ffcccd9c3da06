"""Replaces secrets by names in everything that is recorded; the same secret always by the same name, for the replay.

Secrets are the API key, listen keys, signatures, and our own address where the exchange repeats it. The API secret never
goes over the wire, unless a client errs.
"""

from __future__ import annotations

import re
from typing import Final

#: A run of letters and digits this long is a key or a signature, wherever it stands: Binance's have 64.
_LONG: Final = re.compile(r"[A-Za-z0-9]{60,}")
#: Fields of which no value is written: the signature, and what a client should never have sent.
_FIELDS: Final = "signature|secret|secretKey|apiSecret|privateKey|passphrase|password"
_VALUES: Final = (re.compile(rf"((?:^|[?&])(?:{_FIELDS})=)[^&]+"), re.compile(rf'("(?:{_FIELDS})"\s*:\s*")[^"]+'))
#: Shorter ones, as test exchanges make them, are known by the name in front of them.
_NAMED: Final = (
    (re.compile(r'"listenKey"\s*:\s*"([^"]+)"'), "listen-key"),
    (re.compile(r"(?:^|[?&])listenKey=([^&]+)"), "listen-key"),
    (re.compile(r'"apiKey"\s*:\s*"([^"]+)"'), "api-key"),
)
#: -2015 says from which address the request came.
_ADDRESS: Final = re.compile(r"(request ip: ?)[0-9a-fA-F.:]+")


class Blanking:
    """Knows the secrets of one session; ``text`` replaces them."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, secret: str, kind: str) -> None:
        """Give a secret its name, such as ``listen-key-2``, unless it has one."""
        if secret and secret not in self._names and secret not in self._names.values():
            number = sum(name.startswith(kind) for name in self._names.values()) + 1
            self._names[secret] = f"{kind}-{number}"

    def text(self, raw: str) -> str:
        """Return ``raw`` with every secret replaced, those that it names for the first time included."""
        for pattern in _VALUES:
            raw = pattern.sub(r"\1blank", raw)
        for pattern, kind in _NAMED:
            for secret in pattern.findall(raw):
                self.learn(secret, kind)
        # The longest first: one secret may begin with another.
        for secret in sorted(self._names, key=len, reverse=True):
            raw = raw.replace(secret, self._names[secret])
        for secret in _LONG.findall(raw):
            self.learn(secret, "secret")
            raw = raw.replace(secret, self._names[secret])
        return _ADDRESS.sub(r"\1blank", raw)
