"""What trades came to by the window of time in which they were opened, per symbol (ICT-11)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from services.analysis.sessions.timetable import Timetable
from services.analysis.settings.timetable import TimetableSettings
from shared.domain.account import Trade
from shared.domain.zone_counts import OUTSIDE, zones_of


class ZoneResult(msgspec.Struct, frozen=True, kw_only=True):
    """The closed trades of one symbol opened in one window. A trade counts in every window open at that moment.

    ``kind``: of the window, empty for ``outside``. ``won``: trades with a result above zero after fees. ``result`` in USDT.
    ``mean_r``: mean of result / amount risked, over trades that risked something; None without one.
    """

    symbol: str
    zone: str
    kind: str
    trades: int
    won: int
    result: Decimal
    mean_r: float | None

    @property
    def win_rate(self) -> float:
        """Share of the trades that won, 0 to 1; of few trades it says little."""
        return self.won / self.trades


def by_zone(trades: Iterable[Trade], settings: TimetableSettings) -> list[ZoneResult]:
    """By symbol, then in the order of the table, trades outside of it last; windows without a trade have no row.

    Only trades that are closed: the result of one that lives is not known, and one that failed was none.
    """
    table = settings.window_table()
    clock = Timetable(table)
    found: dict[tuple[str, str], list[Trade]] = {}
    for trade in sorted(trades, key=lambda trade: trade.opened_at):
        if trade.state == "closed":
            for zone in zones_of([window.name for window in clock.open_at(trade.opened_at)]):
                found.setdefault((trade.symbol, zone), []).append(trade)
    order = {zone: place for place, zone in enumerate((*table, OUTSIDE))}
    return [
        _result(symbol, zone, table[zone].kind if zone in table else "", found[symbol, zone])
        for symbol, zone in sorted(found, key=lambda key: (key[0], order[key[1]]))
    ]


def _result(symbol: str, zone: str, kind: str, trades: list[Trade]) -> ZoneResult:
    risked = [float(trade.result / trade.risk_amount) for trade in trades if trade.risk_amount > 0]
    return ZoneResult(
        symbol=symbol,
        zone=zone,
        kind=kind,
        trades=len(trades),
        won=sum(trade.result > 0 for trade in trades),
        result=sum((trade.result for trade in trades), Decimal(0)),
        mean_r=sum(risked) / len(risked) if risked else None,
    )
