"""One closed trade with everything that the run knows of it: its signal, fills, stops, zones and the hours it began in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from research.backtest.tape import Tape
from research.performance.trades import TradeResult
from research.plot.windows import Stretch, stretches
from research.report.matching import Execution, executions, fills_of, stops_of
from research.report.record import Record
from research.report.resting import Zone
from services.analysis.settings.timetable import TimetableSettings
from shared.domain.account import Trade
from shared.domain.decisions import Signal
from shared.domain.orders import Order
from shared.domain.timeframes import DAY, MINUTE

#: The windows of the timetable by which trades are told apart; macros are minutes long.
KINDS = ("kill_zone", "silver_bullet", "quiet_hours", "session")
#: No window is longer.
_LONGEST = DAY


class Told(NamedTuple):
    """One trade. ``stops``: (UTC ms, USDT). ``zones`` None: the run was recorded without them."""

    trade: Trade
    signal: Signal | None
    executions: tuple[Execution, ...]
    stops: list[tuple[int, float]]
    zones: tuple[Zone, ...] | None
    windows: tuple[Stretch, ...]

    @property
    def slippage(self) -> float:
        """USDT that its fills cost more than was asked for."""
        return sum(each.slippage for each in self.executions)

    @property
    def result(self) -> TradeResult:
        """For the measures."""
        return TradeResult.of(self.trade, self.slippage)

    @property
    def strategy(self) -> str:
        return self.signal.strategy if self.signal is not None else "unknown"


class Hours:
    """The windows of a timetable over a whole run."""

    def __init__(self, timetable: TimetableSettings, begin: int, end: int) -> None:
        self._all = stretches(timetable, KINDS, begin - DAY, end + DAY)
        self._starts = [each.start for each in self._all]

    def between(self, begin: int, end: int) -> tuple[Stretch, ...]:
        """Those that are open at some moment of [begin, end), UTC ms."""
        places = range(bisect_left(self._starts, begin - _LONGEST), bisect_left(self._starts, end))
        return tuple(self._all[each] for each in places if self._all[each].end > begin)

    def at(self, time: int) -> tuple[Stretch, ...]:
        """Those that are open at ``time``."""
        places = range(bisect_left(self._starts, time - _LONGEST), bisect_right(self._starts, time))
        return tuple(self._all[each] for each in places if self._all[each].end > time)


def tell(record: Record, tape: Tape, hours: Hours) -> list[Told]:
    """The closed trades of a run, in the order in which they were opened."""
    trades = [each for each in record.result.trades if each.state == "closed"]
    orders: dict[str, Order] = {order.client_id: order for order in record.orders}
    by_symbol: dict[str, list[Order]] = {}
    for order in record.orders:
        if order.close_position:
            by_symbol.setdefault(order.symbol, []).append(order)
    fills = fills_of(trades, record.fills)
    found = []
    for trade in sorted(trades, key=lambda each: (each.opened_at, each.symbol)):
        signal = record.signals.get(trade.intent_id)
        zones = None if record.zones is None else record.zones.get(signal.id, ()) if signal is not None else ()
        found.append(
            Told(
                trade,
                signal,
                executions(trade, signal, fills[trade.intent_id], orders, tape),
                stops_of(trade, by_symbol.get(trade.symbol, ())),
                zones,
                hours.at(trade.opened_at),
            )
        )
    return found


def span_of(told: Told) -> tuple[int, int]:
    """What of a trade has to be seen: from the candle of its signal to its last fill, UTC ms."""
    begin = told.signal.close_time - MINUTE if told.signal is not None else told.trade.opened_at
    return min(begin, told.trade.opened_at), told.trade.closed_at
