"""The base of every message on the bus: type, schema version, topic, and an id derived from the content.

Messages are frozen ``msgspec`` structs: decoding *is* validation (types, ranges, unknown types), at about a tenth of the
cost of pydantic, which matters where one bundle has a thousand facts (``ict bench codec`` measures both). Settings, which
people type, are pydantic models.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from shared.domain.symbols import SYMBOL_PATTERN

#: Prices, volumes and times beyond these are nonsense on any exchange; they are refused at the border.
Price = Annotated[float, msgspec.Meta(gt=0.0, lt=1e12)]
Volume = Annotated[float, msgspec.Meta(ge=0.0, lt=1e18)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=4_102_444_800_000)]
Partition = Annotated[int, msgspec.Meta(ge=0, lt=1024)]
Symbol = Annotated[str, msgspec.Meta(pattern=SYMBOL_PATTERN, max_length=30)]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every message. Subclasses set ``TYPE`` (unique) and ``VERSION`` (raised when a field changes its meaning).

    OLDEST: the oldest version that is read too, because all that came since has a default or is a new word: what an earlier
    release has logged or sent is then not lost at an upgrade. 0 = none but ``VERSION``.
    """

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    OLDEST: ClassVar[int] = 0

    @property
    def topic(self) -> str:
        """Return the routing key, dot-separated: ``candle.p0.15m``."""
        raise NotImplementedError(type(self).__name__)

    @property
    def message_id(self) -> str:
        """Return the id, derived from the content: of two messages with one id the second is dropped."""
        raise NotImplementedError(type(self).__name__)

    @property
    def at(self) -> int:
        """Return the latest time that the message claims to be of or to know of, UTC ms; 0 = it claims none.

        A reader refuses what claims a time to come. Times that a message merely names (an expiry, the next funding) do not
        count.
        """
        return 0

    @property
    def correlation_id(self) -> str:
        """Return the id that the messages of one decision share in logs; the message's own id by default."""
        return self.message_id
