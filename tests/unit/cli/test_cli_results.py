"""What is printed at the end of a run: latency from buckets, and the tables of an empty and of a rich run."""

from __future__ import annotations

import io
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.play.latency import by_stage, quantile
from cli.play.summary import STAGES, as_json, show
from shared.domain.account import Trade
from shared.domain.decisions import Decision
from shared.runtime.lane import metrics
from simulator.recorder import Summary

INFINITY = float("inf")


@pytest.mark.parametrize(
    ("buckets", "q", "value"),
    [
        ([], 0.5, 0.0),
        ([(1.0, 0.0), (INFINITY, 0.0)], 0.99, 0.0),
        ([(1.0, 10.0), (INFINITY, 10.0)], 0.5, 0.5),
        ([(1.0, 5.0), (3.0, 10.0), (INFINITY, 10.0)], 0.75, 2.0),
        ([(1.0, 0.0), (3.0, 4.0), (INFINITY, 4.0)], 0.5, 2.0),
        ([(1.0, 5.0), (3.0, 5.0), (INFINITY, 10.0)], 0.99, 3.0),  # beyond the last bound nothing is known but the bound
        ([(1.0, 0.0), (3.0, 4.0), (INFINITY, 4.0)], 0.0, 1.0),  # the smallest lies in the first bucket that has one
        ([(1.0, 4.0), (INFINITY, 4.0)], 1.0, 1.0),
    ],
)
def test_a_quantile_is_linear_inside_its_bucket(buckets: list[tuple[float, float]], q: float, value: float) -> None:
    """OPS-4: the figures are Prometheus's own estimate."""
    assert quantile(buckets, q) == pytest.approx(value)


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=8), qs=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_quantiles_grow_with_q_and_stay_within_the_bounds(counts: list[int], qs: tuple[float, float]) -> None:
    """OPS-4: p99 is never below p50."""
    total, buckets = 0, []
    for bound, count in enumerate(counts, start=1):
        total += count
        buckets.append((float(bound), float(total)))
    buckets.append((INFINITY, float(total)))
    low, high = (quantile(buckets, q) for q in sorted(qs))
    assert 0.0 <= low <= high <= len(counts)


def test_latencies_come_in_the_order_asked_for_and_only_of_stages_that_worked() -> None:
    """OPS-4: a stage that handled nothing has no latency, not one of zero."""
    timings = metrics.of("results-test", "lane").timings
    for seconds in (0.0015, 0.0015, 0.0015, 0.004):
        timings.hop.observe(seconds)
        timings.handle.observe(seconds / 100)
        timings.since_candle.observe(seconds)
    rows = by_stage(("nobody", "results-test"))
    assert [row.stage for row in rows] == ["results-test"]
    assert rows[0].count == 4
    assert 1.0 <= rows[0].hop_p50 <= 2.0
    assert 3.0 <= rows[0].hop_p99 <= 5.0
    assert rows[0].handle_p99 < 0.1


def trade(number: int, **changes: object) -> Trade:
    fields = {
        "intent_id": f"i{number}", "symbol": "BTCUSDT", "side": "BUY", "state": "closed", "quantity": Decimal("0.100"),
        "entry_price": Decimal(100), "exit_price": Decimal(110), "result": Decimal("0.90"), "fees": Decimal("0.10"),
        "risk_amount": Decimal("0.5"), "opened_at": 1_700_000_000_000 + number * 60_000, "closed_at": 1_700_000_900_000,
        "exit_reason": "target",
    }  # fmt: skip
    return Trade(**{**fields, **changes})


def rich_summary() -> Summary:
    summary = Summary()
    for reason in ("no_fvg", "no_fvg", "warming_up"):
        summary.add_decision(Decision(id="d", symbol="BTCUSDT", close_time=60_000, reasons=(reason,)))
    for equity in ("10000", "10100", "9999", "10050.50"):
        summary.add_equity(Decimal(equity))
    summary.trades = [trade(number) for number in range(20)]
    summary.trades.append(trade(20, side="SELL", result=Decimal("-1.10"), risk_amount=Decimal(0), exit_reason="stop"))
    summary.fills = 42
    return summary


def shown(summary: Summary, seconds: float, candles: int) -> str:
    out = io.StringIO()
    show(Console(file=out, width=200), summary, seconds, candles)
    return out.getvalue()


def test_a_run_in_which_nothing_happened_is_shown_without_an_error() -> None:
    """No trade, no equity, no time: nothing is divided by it."""
    text = shown(Summary(), 0.0, 0)
    assert "Trades (0)" in text
    assert "0 of 0" in text
    figures = as_json(Summary(), 0.0, 0)
    assert figures["trades"] == figures["signals"] == figures["candles_per_s"] == 0
    assert figures["max_drawdown"] == 0.0


def test_a_run_with_trades_shows_the_last_of_them_the_result_and_why_not() -> None:
    """SIG-7: the reasons why not, in a trader's words, most frequent first."""
    text = shown(rich_summary(), 2.0, 4_000)
    assert "Trades (21), the last 12" in text
    assert text.count("long") == 11
    assert text.count("short") == 1
    assert "20 of 21" in text
    assert "+50.50 USDT" in text
    assert "1.00 %" in text  # from 10100 down to 9999
    assert text.index("no fair value gap to rest on") < text.index("too little history yet")
    assert "2,000 a second" in text


def test_a_trade_without_a_known_risk_has_no_multiple_of_it() -> None:
    """R is result / amount risked; nothing is invented where nothing was risked."""
    last = next(line for line in shown(rich_summary(), 1.0, 1).splitlines() if "short" in line)
    assert "-1.10" in last
    assert " - " in last.replace("│", " ")


def test_the_json_has_the_same_facts_and_money_as_text() -> None:
    """Money is never rounded through a binary float."""
    figures = msgspec.json.decode(msgspec.json.encode(as_json(rich_summary(), 2.0, 4_000)))
    assert figures["result"] == "50.50"
    assert figures["equity"] == "10050.50"
    assert (figures["trades"], figures["won"], figures["fees"], figures["fills"]) == (21, 20, "2.10", 42)
    assert figures["max_drawdown"] == pytest.approx(101 / 10_100)
    assert figures["why_not"] == {"no_fvg": 2, "warming_up": 1}
    assert figures["candles_per_s"] == 2_000
    assert set(figures["latency_ms"]) <= set(STAGES)


def test_a_run_that_risk_has_stopped_says_so_and_why() -> None:
    """RISK-3: else nobody would know why there are no more trades."""
    stopped = rich_summary()
    assert "Risk is" not in shown(stopped, 1.0, 1)
    stopped.kill_switch, stopped.kill_switch_reason = "HALTED", "5 trades in a row were lost"
    assert "Risk is HALTED at the end: 5 trades in a row were lost" in shown(stopped, 1.0, 1)
    assert as_json(stopped, 1.0, 1)["kill_switch"] == "HALTED"
