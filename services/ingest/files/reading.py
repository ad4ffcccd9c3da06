"""What a user says about files that do not say it themselves: clock, columns, length of a candle."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.domain.timeframes import Timeframe

CANDLE_COLUMNS: Final = ("open_time", "open", "high", "low", "close", "volume")
#: Read where a file has them: what takers bought of the volume (base currency), and the number of trades.
FLOW_COLUMNS: Final = ("taker_buy_volume", "trades")
#: Stands in ``--columns`` for a column that is not read.
IGNORED: Final = "_"


class Reading(NamedTuple):
    """How files are read where they leave something open. The defaults ask for nothing: what is open is refused.

    time_zone: zone of times that carry no offset (``UTC``, ``Asia/Seoul``); explicit offsets are converted regardless.
    columns: what each column is, from the left, ``_`` for one that is not read; empty: the first line tells.
    interval: length of a candle; None: read from the rows.
    """

    time_zone: str | None = None
    columns: tuple[str, ...] = ()
    interval: Timeframe | None = None


#: Nothing was said.
AS_THEY_ARE: Final = Reading()
