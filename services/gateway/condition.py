"""How the gateway stands towards its venue, in a word for ``/readyz`` (OPS-2)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

_HALTED: Final = Gauge("ict_gateway_entries_halted", "1 while no entry is sent until a person re-arms")
_CONNECTED: Final = Gauge("ict_gateway_user_stream", "1 while the user stream is open")


class Condition:
    """Told by the shell what succeeded and what failed. Readiness is advice: orders are taken whatever it says, because
    an order that meets an ill venue is resolved, and one that is not taken would only wait."""

    def __init__(self) -> None:
        self._account_known = False
        self._unanswered = ""
        self._stream = "is not open yet"
        self._halted = ""

    def answered(self) -> None:
        """The whole account was asked for by REST, and told."""
        self._account_known = True
        self._unanswered = ""

    def unanswered(self, why: str) -> None:
        """The account could not be asked for."""
        self._unanswered = why

    def stream_open(self) -> None:
        """News are heard as they happen."""
        self._stream = ""
        _CONNECTED.set(1)

    def stream_down(self, why: str) -> None:
        """From here on news are only what is asked for."""
        self._stream = f"is down: {why}"
        _CONNECTED.set(0)

    def halted(self, why: str) -> None:
        """No entry is sent from here on; ``why``: empty = they pass again."""
        self._halted = why
        _HALTED.set(1 if why else 0)

    def trouble(self) -> str:
        """What is wrong, for people; empty when nothing is."""
        found = [
            "" if self._account_known else "the account is not known yet",
            f"the exchange does not answer: {self._unanswered}" if self._unanswered else "",
            f"the user stream {self._stream}" if self._stream else "",
            f"entries are halted: {self._halted}" if self._halted else "",
        ]
        return "; ".join(text for text in found if text)
