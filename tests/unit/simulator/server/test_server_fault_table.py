"""The fault table: what strikes when, how often, and when it is over."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.server.fault_kinds import VOCABULARY, FaultKind
from simulator.server.fault_table import Aim, FaultTable
from simulator.server.faults import Fault
from simulator.server.parameters import Parameters
from simulator.server.rest_faults import Verdict, judge
from simulator.server.scenario import BadScenario, read_scenario
from simulator.server.stream_faults import market_times

NOTHING = Parameters({})


def test_the_vocabulary_is_closed() -> None:
    """OPS-9: every kind has its line, and the other way round."""
    assert set(VOCABULARY) == set(get_args(FaultKind))


def test_a_fault_strikes_where_its_globs_say() -> None:
    """OPS-9: partial outages: one path, one method, one stream."""
    table = FaultTable(1)
    table.add(Fault(kind="rest_outage", path="/fapi/v1/order*", method="POST"), 0)
    assert judge(table, "POST", "/fapi/v1/order", NOTHING).cut
    assert judge(table, "GET", "/fapi/v1/order", NOTHING) == Verdict()
    assert judge(table, "POST", "/fapi/v1/algoOrder", NOTHING) == Verdict()
    table.add(Fault(kind="silent_streams", stream="btcusdt@*"), 0)
    assert table.strikes("silent_streams", Aim(streams=("btcusdt@depth",)))
    assert not table.strikes("silent_streams", Aim(streams=("ethusdt@depth",)))


def test_a_fault_is_over_after_its_count() -> None:
    """OPS-9: the last strike lifts it; its hits stay to be read."""
    table = FaultTable(1)
    table.add(Fault(kind="internal_503", count=2), 0)
    found = [judge(table, "GET", "/x", NOTHING).reply is not None for _ in range(4)]
    assert found == [True, True, False, False]
    assert table.set == {}
    assert [each.hits for each in table.over] == [2]


def test_a_fault_is_over_after_its_time_on_the_markets_clock() -> None:
    """OPS-9: the earliest end is known beforehand."""
    table = FaultTable(1)
    table.add(Fault(kind="latency", lasts_ms=500), 1_000)
    table.add(Fault(kind="rest_outage", lasts_ms=900), 1_000)
    table.add(Fault(kind="clock_skew"), 1_000)
    assert table.ends_next() == 1_500
    assert [each.fault.kind for each in table.expired(1_499)] == []
    assert [each.fault.kind for each in table.expired(1_500)] == ["latency"]
    assert [each.fault.kind for each in table.expired(9_999)] == ["rest_outage"]
    assert table.ends_next() is None
    assert table.lift(99) is None


@given(seed=st.integers(0, 2**40), share=st.floats(0.05, 0.95))
def test_a_share_of_the_chances_is_taken_the_same_on_every_run(seed: int, share: float) -> None:
    """BT-1: no dice but the seed's."""

    def strikes() -> list[bool]:
        table = FaultTable(seed)
        table.add(Fault(kind="lost_user_events", share=share), 0)
        return [table.strikes("lost_user_events", Aim()) is not None for _ in range(400)]

    first = strikes()
    assert first == strikes()
    assert abs(sum(first) / 400 - share) < 0.15


def test_the_nth_request_is_counted_whatever_other_faults_do_to_it() -> None:
    """OPS-9: two faults aimed at one path meet the requests that they name."""
    table = FaultTable(1)
    table.add(Fault(kind="rest_outage", nth=1, count=1), 0)
    table.add(Fault(kind="internal_503", nth=2, count=1), 0)
    table.add(Fault(kind="timeout_after_accept", nth=4, count=1), 0)
    verdicts = [judge(table, "POST", "/fapi/v1/order", NOTHING) for _ in range(5)]
    assert [each.cut for each in verdicts] == [True, False, False, False, False]
    assert [each.reply is not None for each in verdicts] == [False, True, False, False, False]
    assert [each.silent for each in verdicts] == [False, False, False, True, False]


def test_a_fault_that_another_one_outranks_meets_the_next_request() -> None:
    """OPS-9: a request has one answer; the count of the fault that did not give it is not used up."""
    table = FaultTable(1)
    table.add(Fault(kind="internal_503", count=1), 0)
    table.add(Fault(kind="rest_outage", count=1), 0)
    first, second, third = (judge(table, "POST", "/fapi/v1/order", NOTHING) for _ in range(3))
    assert first.cut
    assert second.reply is not None
    assert third == Verdict()


def test_the_last_permitted_latency_has_its_jitter() -> None:
    """OPS-9: the draw of a fault that ends with this request."""
    table = FaultTable(3)
    for _ in range(20):
        table.add(Fault(kind="latency", ms=0, jitter_ms=1_000, count=1), 0)
    assert judge(table, "GET", "/x", NOTHING).delay_ms > 1_000


@pytest.mark.parametrize(
    ("symbol", "parameters", "hit"),
    [
        ("BTCUSDT", {"symbol": "BTCUSDT"}, True),
        ("BTCUSDT", {"symbol": "ETHUSDT"}, False),
        ("BTCUSDT", {}, False),
        ("BTCUSDT", {"pair": "BTCUSDT"}, True),
        ("BTCUSDT", {"batchOrders": '[{"symbol": "ETHUSDT"}, {"symbol": "BTCUSDT"}]'}, True),
        ("BTCUSDT", {"batchOrders": "["}, False),
        ("BTC*", {"symbol": "BTCUSDT"}, True),
        ("*", {}, True),
    ],
)
def test_a_fault_is_aimed_at_the_symbols_that_a_request_names(symbol: str, parameters: dict[str, str], hit: bool) -> None:
    """OPS-9: an aim does not leak to requests that name no symbol, or another."""
    table = FaultTable(1)
    table.add(Fault(kind="rest_outage", symbol=symbol), 0)
    assert judge(table, "POST", "/fapi/v1/batchOrders", Parameters(parameters)).cut is hit


@pytest.mark.parametrize(
    ("stream", "times"),
    [("btcusdt@depth", 0), ("btcusdt_perpetual@continuousKline_1m", 0), ("btcusdtx@depth", 1), ("ethbtcusdt@depth", 1)],
)
def test_a_delisted_symbol_silences_its_own_streams(stream: str, times: int) -> None:
    """OPS-9: and no stream of a symbol whose name begins or ends alike."""
    table = FaultTable(1)
    table.add(Fault(kind="delisted", symbol="BTCUSDT"), 0)
    assert market_times(table, stream) == times


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "latency", "method": "post"}, "meets none of GET, POST, PUT, DELETE"),
        ({"kind": "rest_outage", "path": "fapi/v1/order"}, "begins with /, did you mean '/fapi/v1/order'"),
        ({"kind": "error_answer", "code": -1001, "symbol": "btcusdt"}, "upper-case, did you mean 'BTCUSDT'"),
        ({"kind": "silent_streams", "stream": "BTCUSDT@kline_1m"}, "lower-case, did you mean 'btcusdt@kline_1m'"),
        ({"kind": "silent_route", "route": "markets"}, "none of public, market, private, unrouted, did you mean 'market'"),
        ({"kind": "late_income", "income_type": "FUNDING"}, "did you mean 'FUNDING_FEE'"),
    ],
)
def test_an_aim_that_nothing_can_meet_is_refused(fault: dict[str, object], says: str) -> None:
    """OPS-9: a fault that never hits would let a test of it pass."""
    with pytest.raises(ValidationError, match=says):
        Fault.model_validate(fault)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "latency", "method": "P*", "path": "*/order", "symbol": "BTC*"},
        {"kind": "latency", "symbol": "\u5e01\u5b89\u4eba\u751fUSDT"},
        {"kind": "silent_streams", "stream": "!miniTicker@arr"},
        {"kind": "silent_streams", "stream": "*@kline_1M"},
        {"kind": "late_user_events", "stream": "ORDER_*"},
        {"kind": "silent_route", "route": "un*"},
        {"kind": "repeated_income", "income_type": "*FEE"},
    ],
)
def test_an_aim_that_something_can_meet_is_taken(fault: dict[str, object]) -> None:
    """OPS-9: globs of every field."""
    assert Fault.model_validate(fault).kind == fault["kind"]


def test_reducing_orders_and_cancels_pass_the_throttle() -> None:
    """EXEC-6: -1008 spares cancels, reduce-only and close orders."""
    table = FaultTable(1)
    table.add(Fault(kind="throttled_503"), 0)
    assert judge(table, "POST", "/fapi/v1/order", NOTHING).reply is not None
    assert judge(table, "DELETE", "/fapi/v1/order", NOTHING).reply is None
    assert judge(table, "POST", "/fapi/v1/order", Parameters({"reduceOnly": "true"})).reply is None
    assert judge(table, "POST", "/fapi/v1/algoOrder", Parameters({"closePosition": "true"})).reply is None


def test_latency_comes_on_top_with_its_jitter() -> None:
    """OPS-9: between ms and ms + jitter_ms, drawn from the seed."""
    table = FaultTable(3)
    table.add(Fault(kind="latency", ms=100, jitter_ms=50), 0)
    table.add(Fault(kind="internal_503"), 0)
    verdicts = [judge(table, "GET", "/x", NOTHING) for _ in range(50)]
    delays = [verdict.delay_ms for verdict in verdicts]
    assert all(verdict.reply is not None for verdict in verdicts)
    assert 100 <= min(delays) < max(delays) <= 150


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("steps: [{at_s: 1, fault: {kind: earthquake}}]", "steps.0.fault: there is no kind of fault 'earthquake'"),
        ("steps: [{at_s: 1}]", "either a fault or a price"),
        ("steps: [{at_s: -1, price: {symbol: BTCUSDT, price: 1}}]", "steps.0.at_s"),
        ("steps: [", "is not YAML"),
    ],
)
def test_a_bad_scenario_is_refused_with_its_place(text: str, says: str, tmp_path: Path) -> None:
    """The message says which step and what is wrong."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(BadScenario, match=says):
        read_scenario(path)


def test_a_scenario_file_is_read_in_order_of_time(tmp_path: Path) -> None:
    """OPS-9: steps may be written in any order."""
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "steps:\n- {at_s: 9, price: {symbol: BTCUSDT, price: 90000}}\n- {at_s: 3, fault: {kind: latency, ms: 50}}\n"
    )
    assert [step.at_s for step in read_scenario(path).in_order()] == [3, 9]
    with pytest.raises(BadScenario, match="give the path"):
        read_scenario(tmp_path / "none.yaml")
