"""The zones of a signal are kept as they were at its close."""

from __future__ import annotations

import json
from pathlib import Path

from research.report.resting import ZONES, Resting, SignalZones, zones_file
from shared.domain.candles import Candle
from shared.domain.decisions import Decision, DecisionBundle, Exit, Judgement, MarketEntry, Signal
from shared.domain.facts import Analysis, AnalysisBundle, Fact
from shared.domain.timeframes import MINUTE
from tests.support.research.results import NEW_YEAR


def fact(name: str, symbol_top: float = 101.0, minute: int = 1) -> Fact:
    time = NEW_YEAR + minute * MINUTE
    return Fact(
        id=name, kind="fvg", direction="bullish", top=symbol_top, bottom=100.0, formed_at=time, confirmed_at=time,
        changed_at=time, state="active", why="a gap",
    )  # fmt: skip


def bundle(symbol: str, minute: int, events: tuple[Fact, ...] = (), active: tuple[Fact, ...] = ()) -> AnalysisBundle:
    candle = Candle(
        symbol=symbol,
        timeframe="1m",
        open_time=NEW_YEAR + (minute - 1) * MINUTE,
        open=1.0,
        high=1.0,
        low=1.0,
        close=1.0,
        volume=1.0,
    )
    analysis = Analysis(symbol=symbol, timeframe="1m", candle=candle, trend="none", atr=1.0, events=events, active=active)
    return AnalysisBundle(partition=0, timeframe="1m", close_time=NEW_YEAR + minute * MINUTE, analyses=(analysis,))


def decision(symbol: str, minute: int, rests_on: tuple[str, ...]) -> DecisionBundle:
    time = NEW_YEAR + minute * MINUTE
    signal = Signal(
        id=f"s{minute}", symbol=symbol, strategy="ob_fvg", side="BUY", entry=MarketEntry(price=100.0), stop=90.0,
        exits=(Exit(price=120.0),), score=1.0, close_time=time, valid_until=time, rests_on=rests_on, why="",
    )  # fmt: skip
    judged = (Judgement(strategy="ob_fvg", signal=signal),)
    one = Decision(id="d", symbol=symbol, close_time=time, judgements=judged, chosen="ob_fvg")
    none = Decision(id="e", symbol="X", close_time=time, reasons=("warming_up",))
    return DecisionBundle(partition=0, close_time=time, decisions=(one, none))


def test_zones_are_those_of_the_signals_symbol_as_they_are_now_in_its_order() -> None:
    """BT-3: an active fact in its newest state, an event of before, none of another symbol, none that is unknown."""
    told: list[SignalZones] = []
    resting = Resting(told.append)
    resting.heard(bundle("BTCUSDT", 1, events=(fact("sweep"), fact("gap"))).analyses)
    resting.heard(bundle("BTCUSDT", 2, active=(fact("gap", 105.0),)).analyses)
    resting.heard(bundle("ETHUSDT", 2, active=(fact("sweep", 999.0), fact("other"))).analyses)
    resting.decided(decision("BTCUSDT", 2, ("gap", "other", "sweep", "unknown")))
    (zones,) = told
    assert zones.signal == "s2"
    assert [zone.top for zone in zones.zones] == [105.0, 101.0]
    assert zones.zones[0].why == "a gap"


def test_memory_of_events_has_an_end() -> None:
    """BT-3: a year of events does not stay in memory."""
    told: list[SignalZones] = []
    resting = Resting(told.append)
    for minute in range(1, 30):
        resting.heard(
            bundle("BTCUSDT", minute, events=tuple(fact(f"{minute}-{each}", minute=minute) for each in range(100))).analyses
        )
    resting.decided(decision("BTCUSDT", 30, ("1-0", "8-99", "10-0", "29-99")))
    assert len(told[0].zones) == 2


def test_file_has_a_line_a_signal(tmp_path: Path) -> None:
    """BT-3: beside the record of the run."""
    with zones_file(tmp_path) as resting:
        resting.heard(bundle("BTCUSDT", 1, active=(fact("gap"),)).analyses)
        resting.decided(decision("BTCUSDT", 1, ("gap",)))
    (line,) = (tmp_path / ZONES).read_bytes().splitlines()
    assert json.loads(line)["zones"][0]["kind"] == "fvg"
