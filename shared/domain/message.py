"""What every message on the bus has: a type, a schema version, an id derived from its content, and a topic.

Messages are frozen ``msgspec`` structs: decoding *is* validation (types, ranges, unknown types), at about a tenth of the
cost of pydantic, which matters where one bundle carries a thousand facts (``ict bench codec`` shows both). pydantic stays
where people type: settings.
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
Symbol = Annotated[str, msgspec.Meta(pattern=SYMBOL_PATTERN)]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that travels. Subclasses say their type name and schema version once."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1

    @property
    def topic(self) -> str:
        """Routing key, dot-separated: ``candle.p0.15m``."""
        raise NotImplementedError(type(self).__name__)

    @property
    def message_id(self) -> str:
        """Content-derived: two messages with one id say the same thing, and the second is dropped."""
        raise NotImplementedError(type(self).__name__)

    @property
    def correlation_id(self) -> str:
        """The decision trail this message belongs to; by default its own id."""
        return self.message_id
