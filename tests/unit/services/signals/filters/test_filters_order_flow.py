"""The filter of order flow: what it stops, each way, and that what was not measured stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from services.signals.contract import signal_id
from services.signals.filters.order_flow import OrderFlowSettings, flow_of, gates
from services.signals.gates import failed
from services.signals.view import MarketView, UndeclaredRead
from services.signals.view.history import FlowHistory
from services.signals.view.scope import EVERYTHING, Scope
from shared.domain.decisions import Exit, MarketEntry, Signal
from shared.domain.order_flow import CandleFlow
from shared.domain.timeframes import closing_at
from tests.support.signals.scenes import CLOSE, analysis, candle

BUY, SELL = "BUY", "SELL"


def signal(side: str) -> Signal:
    sign = 1.0 if side == BUY else -1.0
    return Signal(
        id=signal_id("ote", "BTCUSDT", CLOSE), symbol="BTCUSDT", strategy="ote", side=side,  # type: ignore[arg-type]  # a table row
        entry=MarketEntry(price=100.0), stop=100.0 - sign, exits=(Exit(price=100.0 + sign),), score=1.0, close_time=CLOSE,
        valid_until=CLOSE + 1, rests_on=(), why="a trade",
    )  # fmt: skip


def seen(flow: CandleFlow | None, bought: list[float | None], scope: Scope = EVERYTHING) -> MarketView:
    """Minutes of volume 10."""
    minute = analysis(of=candle(CLOSE, "1m", flow=flow))
    past = FlowHistory(closes=[100.0] * len(bought), volumes=[10.0] * len(bought), bought=bought)
    return MarketView("BTCUSDT", CLOSE, closing_at(CLOSE), {"1m": minute}, {"1m": 9}, scope=scope, flows={"1m": past})


MEASURED = CandleFlow(spread=0.0004, imbalance=-0.4)  # the asks are larger: the book leans against a buy
SOLD: list[float | None] = [2.0, 2.0]  # of ten: takers sold six more than they bought


@pytest.mark.parametrize(
    ("options", "buy", "sell"),
    [
        ({}, (), ()),
        ({"max_spread": 0.0004}, (), ()),
        ({"max_spread": 0.0003}, ("spread_too_wide",), ("spread_too_wide",)),
        ({"max_imbalance_against": 0.4}, (), ()),
        ({"max_imbalance_against": 0.3}, ("against_flow",), ()),
        ({"max_delta_against": 0.6, "minutes": 2}, (), ()),
        ({"max_delta_against": 0.5, "minutes": 2}, ("against_flow",), ()),
        (
            {"max_spread": 0.0003, "max_imbalance_against": 0.3, "max_delta_against": 0.5, "minutes": 2},
            ("spread_too_wide", "against_flow"),
            ("spread_too_wide",),
        ),
    ],
)
def test_a_trade_is_stopped_by_a_wide_spread_and_by_flow_against_it(
    options: dict[str, Any], buy: tuple[str, ...], sell: tuple[str, ...]
) -> None:
    """ICT-14: a buy by asks and sellers, a sell by bids and buyers; at the limit it passes."""
    view, settings = seen(MEASURED, SOLD), OrderFlowSettings(**options)
    assert failed(gates(view, signal(BUY), settings)) == buy
    assert failed(gates(view, signal(SELL), settings)) == sell
    mirrored = seen(CandleFlow(spread=0.0004, imbalance=0.4), [8.0, 8.0])
    assert failed(gates(mirrored, signal(SELL), settings)) == buy
    assert failed(gates(mirrored, signal(BUY), settings)) == sell


def test_flow_that_was_not_measured_stops_nothing_and_says_so() -> None:
    """Recorded candles have no spread: a filter that refused them would make every replay empty."""
    settings = OrderFlowSettings(max_spread=0.0001, max_imbalance_against=0.0, max_delta_against=0.0, minutes=2)
    for view in (seen(None, []), seen(None, [None, 2.0])):
        found = gates(view, signal(BUY), settings)
        assert failed(found) == ()
        assert [each.value for each in found] == [None, None, None]
        assert all("not" in each.text for each in found)


def test_every_gate_has_its_sentence_and_numbers() -> None:
    """SIG-7."""
    settings = OrderFlowSettings(max_spread=0.0003, max_imbalance_against=0.3, max_delta_against=0.5, minutes=2)
    found = gates(seen(MEASURED, SOLD), signal(BUY), settings)
    assert [each.name for each in found] == ["spread", "imbalance", "delta"]
    assert [each.value for each in found] == pytest.approx([0.0004, 0.4, 0.6])
    assert all(each.text.endswith(".") for each in found)


def test_it_reads_no_more_than_it_declares() -> None:
    """SIG-1: a view of just what it declares is enough, and one of less is refused."""
    settings = OrderFlowSettings(max_spread=0.0003, max_imbalance_against=0.3, max_delta_against=0.5, minutes=2)
    enough = Scope({"1m": frozenset()}, (), {}, flow_of(settings, "15m"))
    assert len(gates(seen(MEASURED, SOLD, enough), signal(BUY), settings)) == 3
    with pytest.raises(UndeclaredRead):
        gates(seen(MEASURED, SOLD, Scope({"1m": frozenset()})), signal(BUY), settings)
