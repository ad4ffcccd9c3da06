"""Win rates by kill zone and symbol, on a handful of trades (ICT-11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from research.zone_results import ZoneResult, by_zone
from services.analysis.settings.timetable import TimetableSettings
from shared.domain.account import Trade
from tests.support.analysis.clock_candles import utc
from tests.support.journal.scenes import trade


def closed(opened: str, result: str, symbol: str = "BTCUSDT", **changes: Any) -> Trade:
    fields = {"symbol": symbol, "result": Decimal(result), "risk_amount": Decimal(10), "opened_at": utc(opened)}
    return trade("closed", **(fields | changes))


def rows(*trades: Trade) -> list[tuple[str, str, int, int, str, float | None]]:
    return [
        (each.symbol, each.zone, each.trades, each.won, f"{each.result}", each.mean_r)
        for each in by_zone(trades, TimetableSettings())
    ]


def test_trades_are_counted_where_they_were_opened_per_symbol_in_the_order_of_the_table() -> None:
    """ICT-11: July, New York is UTC-4; London open is 06:00 to 09:00 UTC, New York AM 11:00 to 14:00."""
    assert rows(
        closed("2026-07-02 11:00", "-10"),
        closed("2026-07-01 06:00", "20"),
        closed("2026-07-01 08:59", "-10.5"),
        closed("2026-07-01 05:59", "1"),
        closed("2026-07-01 06:10", "5", symbol="ETHUSDT"),
    ) == [
        ("BTCUSDT", "london_open", 2, 1, "9.5", 0.475),
        ("BTCUSDT", "new_york_am", 1, 0, "-10", -1.0),
        ("BTCUSDT", "outside", 1, 1, "1", 0.1),
        ("ETHUSDT", "london_open", 1, 1, "5", 0.5),
    ]


def test_new_york_s_clock_decides_in_winter_too() -> None:
    """ICT-11: the same instant of UTC is another zone after the change of clocks."""
    assert rows(closed("2026-10-31 06:30", "1"))[0][1] == "london_open"
    assert rows(closed("2026-11-02 06:30", "1"))[0][1] == "outside"
    assert rows(closed("2026-11-02 09:59", "1"))[-1][1] == "london_open"


def test_a_trade_counts_in_every_window_that_was_open() -> None:
    """ICT-11: 10:00 to 11:00 New York is London close, a Silver Bullet hour, and for ten minutes a macro."""
    assert [row[1] for row in rows(closed("2026-07-01 14:05", "1"))] == ["london_close", "silver_bullet_am", "macro_0950"]


def test_only_closed_trades_count_and_an_even_one_is_not_won() -> None:
    """ICT-11: after fees; the result of a trade that lives is not known."""
    at = {"opened_at": utc("2026-07-01 06:00"), "result": Decimal(9)}
    found = rows(trade("open", **at), trade("failed", **at), closed("2026-07-01 06:00", "0"))
    assert found == [("BTCUSDT", "london_open", 1, 0, "0", 0.0)]


def test_without_an_amount_risked_there_is_no_mean() -> None:
    (row,) = by_zone([closed("2026-07-01 06:00", "3", risk_amount=Decimal(0))], TimetableSettings())
    assert row == ZoneResult(
        symbol="BTCUSDT", zone="london_open", kind="kill_zone", trades=1, won=1, result=Decimal(3), mean_r=None
    )
    assert row.win_rate == 1.0


def test_no_trades_no_rows() -> None:
    assert rows() == []
