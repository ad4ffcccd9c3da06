"""The market as the simulated exchange takes it in: one step a minute."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from shared.domain.bounds import MANY
from shared.domain.candles import RawCandle
from shared.domain.message import Message, Milliseconds, Symbol


class MarketStep(Message, frozen=True, kw_only=True):
    """The market reached ``close_time`` (UTC ms): the simulator matches resting orders along these 1m candles.

    ``funding_rates``: symbol → rate, for those symbols that have a funding time at ``close_time``.
    """

    TYPE: ClassVar[str] = "market_step"
    VERSION: ClassVar[int] = 2
    OLDEST: ClassVar[int] = 1
    close_time: Milliseconds
    candles: Annotated[tuple[RawCandle, ...], MANY]
    funding_rates: Annotated[dict[Symbol, Decimal], MANY] = msgspec.field(default_factory=dict)

    @property
    def topic(self) -> str:
        return "market.step"

    @property
    def message_id(self) -> str:
        return f"market:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time
