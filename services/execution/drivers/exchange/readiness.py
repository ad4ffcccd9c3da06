"""How execution stands towards the exchange, in sentences for ``/readyz`` (OPS-2)."""

from __future__ import annotations

from services.execution.drivers.exchange.metrics import HALTED, USER_STREAM


class Readiness:
    """Told by the driver what succeeded and what failed.

    It is advice: the driver works whatever it says, because protection must go on at an exchange that is ill.
    """

    def __init__(self) -> None:
        self._account_known = self._checked = False
        self._unanswered = ""
        self._stream = "is not open yet"
        self._halted = ""
        self._banned = ""

    def answered(self) -> None:
        """The whole account was asked for and read."""
        self._account_known = True
        self._unanswered = ""

    def unanswered(self, why: str) -> None:
        """The account could not be asked for."""
        self._unanswered = why

    def checked(self) -> None:
        """Key, filters, the account's settings and who else trades it were checked: intents are taken."""
        self._checked = True

    def stream_open(self) -> None:
        """The user stream is open."""
        self._stream = ""
        USER_STREAM.set(1)

    def stream_down(self, why: str) -> None:
        """From here on news is only what is asked for."""
        self._stream = f"is down: {why}"
        USER_STREAM.set(0)

    def halted(self, why: str) -> None:
        """No entry is sent from here on; ``why``: empty = they pass again."""
        self._halted = why
        HALTED.set(1 if why else 0)

    def banned(self, why: str) -> None:
        """Nothing is sent for a while; ``why``: empty = that is over."""
        self._banned = why

    def trouble(self) -> str:
        """Return what is wrong, for people; empty when nothing is."""
        found = [
            "" if self._account_known else "the account is not known yet",
            "" if self._checked else "key, filters and the account's settings are not checked yet",
            f"the exchange does not answer: {self._unanswered}" if self._unanswered else "",
            f"the user stream {self._stream}" if self._stream else "",
            f"entries are halted: {self._halted}" if self._halted else "",
            self._banned,
        ]
        return "; ".join(text for text in found if text)
