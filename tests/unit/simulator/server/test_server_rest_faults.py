"""Each fault of a REST request, by its verdict (OPS-9, binance.md §4.8)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.server.fault_table import FaultTable
from simulator.server.faults import Fault
from simulator.server.parameters import Parameters
from simulator.server.rest_faults import judge


def struck(fault: Fault, method: str = "POST", parameters: Parameters | None = None) -> Any:
    table = FaultTable(1)
    table.add(fault, 0)
    return judge(table, method, "/fapi/v1/order", parameters or Parameters({}))


@pytest.mark.parametrize(
    ("fault", "executed", "silent", "cut"),
    [
        (Fault(kind="rest_outage"), False, False, True),
        (Fault(kind="timeout_before_accept"), False, True, False),
        (Fault(kind="timeout_after_accept"), True, True, False),
    ],
)
def test_some_faults_answer_nothing(fault: Fault, executed: bool, silent: bool, cut: bool) -> None:
    """OPS-9: and only one of them does what was asked."""
    verdict = struck(fault)
    assert (verdict.executed, verdict.silent, verdict.cut, verdict.reply) == (executed, silent, cut, None)


@pytest.mark.parametrize(
    ("fault", "executed", "status", "code"),
    [
        (Fault(kind="unavailable_503"), False, 503, -1001),
        (Fault(kind="internal_503"), False, 503, -1001),
        (Fault(kind="throttled_503"), False, 503, -1008),
        (Fault(kind="unknown_503"), True, 503, -1000),
        (Fault(kind="unknown_503", executed=False), False, 503, -1000),
        (Fault(kind="error_answer", code=-2019), False, 400, -2019),
        (Fault(kind="error_answer", code=-4411), False, 400, -4411),
        (Fault(kind="error_answer", code=-2019, executed=True), True, 400, -2019),
        (Fault(kind="error_answer", code=-1000), True, 400, -1000),
        (Fault(kind="error_answer", code=-1007), True, 400, -1007),
        (Fault(kind="backend_timeout_408"), True, 408, -1007),
        (Fault(kind="backend_timeout_408", executed=False), False, 408, -1007),
        (Fault(kind="rate_limited_429", retry_after_s=7), False, 429, -1003),
        (Fault(kind="banned_418", retry_after_s=9), False, 418, -1003),
    ],
)
def test_the_others_answer_in_the_exchanges_words(fault: Fault, executed: bool, status: int, code: int) -> None:
    """OPS-9: unknown means that the order may have been taken all the same."""
    verdict = struck(fault)
    assert (verdict.executed, verdict.reply.status, verdict.reply.body["code"]) == (executed, status, code)
    if status in (429, 418):
        assert verdict.reply.headers["Retry-After"] == str(fault.retry_after_s)


@pytest.mark.parametrize(
    ("method", "parameters", "spared"),
    [
        ("POST", {}, False),
        ("DELETE", {}, True),
        ("POST", {"reduceOnly": "true"}, True),
        ("POST", {"closePosition": "true"}, True),
    ],
)
def test_throttling_spares_what_makes_a_position_smaller(method: str, parameters: dict[str, str], spared: bool) -> None:
    """OPS-9: -1008 exempts reduce-only and close-position orders."""
    verdict = struck(Fault(kind="throttled_503"), method, Parameters(parameters))
    assert (verdict.reply is None) == spared


def test_latency_comes_on_top_of_any_other_fault() -> None:
    """OPS-9: late and refused."""
    table = FaultTable(1)
    table.add(Fault(kind="latency", ms=200, jitter_ms=50), 0)
    table.add(Fault(kind="unavailable_503"), 0)
    verdict = judge(table, "POST", "/fapi/v1/order", Parameters({}))
    assert 200 <= verdict.delay_ms <= 250
    assert verdict.reply is not None
