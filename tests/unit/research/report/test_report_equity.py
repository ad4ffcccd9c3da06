"""The equity of every minute, rebuilt from wallet, fills and closes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from research.report.equity import Curve, equity_of, thinned
from research.report.record import Record, read_record
from shared.domain.timeframes import MINUTE
from tests.support.research.results import NEW_YEAR
from tests.support.research.runs import Sample, run_directory, walk


def curve_of(record: Record, minutes: int = 1_440) -> Curve | None:
    orders = {order.client_id: order for order in record.orders}
    return equity_of(record.equity, record.fills, orders, walk(minutes=minutes), record.result.played_until)


def test_every_recorded_equity_is_on_the_curve(tmp_path: Path) -> None:
    """BT-3: what the account said at its changes is what the curve says there, long and short."""
    samples = [Sample(100, 200), Sample(200, 260, side="SELL", exit_reason="stop"), Sample(900, 1_000, exit_reason="time")]
    record = read_record(run_directory(tmp_path, walk(), samples))
    curve = curve_of(record)
    assert curve is not None
    found = dict(zip(curve.times.tolist(), curve.values.tolist(), strict=True))
    assert len(found) == 1_440
    at_a_decision = [line for line in record.equity if line.time in (NEW_YEAR + 1_001 * MINUTE,)]  # its fill comes behind
    for line in record.equity:
        if line not in at_a_decision:
            assert abs(found[line.time] - float(line.equity)) < 1e-6
    assert curve.held == ()


def test_position_that_is_open_at_the_end_moves_the_equity_and_is_named(tmp_path: Path) -> None:
    """BT-3: unrealised profit counts, and a reader hears of it."""
    record = read_record(run_directory(tmp_path, walk(), [Sample(100, 200)]))
    half = Record(**{name: getattr(record, name) for name in record.__struct_fields__} | {"fills": record.fills[:1]})
    curve = curve_of(half)
    assert curve is not None
    assert curve.held == ("BTCUSDT",)
    assert len(set(curve.values[150:199].tolist())) > 20


def test_run_that_ended_before_its_first_line_has_no_curve() -> None:
    """BT-3: nothing is made up."""
    tape = walk(minutes=10)
    assert equity_of((), (), {}, tape, tape.last) is None
    assert equity_of((), (), {}, tape, tape.first - MINUTE) is None


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=300), st.integers(1, 50))
def test_thinning_keeps_ends_extremes_and_the_deepest_fall(values: list[int], stretch: int) -> None:
    """BT-3: a picture with fewer points shows the same drawdown."""
    times = NEW_YEAR + MINUTE * np.arange(1, len(values) + 1, dtype=np.int64)
    whole = Curve(times, np.array(values, dtype=np.float64) + 1.0, ())
    thin = thinned(whole, stretch * MINUTE)
    assert thin.times[0] == times[0]
    assert thin.times[-1] == times[-1]
    assert thin.values.min() == whole.values.min()
    assert thin.values.max() == whole.values.max()
    assert len(thin.times) <= 3 * (len(values) // stretch + 2)
    assert deepest_in_stretches(thin) <= deepest_in_stretches(whole) + 1e-12
    assert set(zip(thin.times.tolist(), thin.values.tolist(), strict=True)) <= set(
        zip(times.tolist(), whole.values.tolist(), strict=True)
    )


def deepest_in_stretches(curve: Curve) -> float:
    peaks = np.maximum.accumulate(curve.values)
    return float((1.0 - curve.values / peaks).max())


def test_wallet_decimal_is_taken_as_it_is(tmp_path: Path) -> None:
    """BT-3: before the first fill the equity is the wallet."""
    record = read_record(run_directory(tmp_path, walk(), [Sample(100, 200)]))
    curve = curve_of(record)
    assert curve is not None
    assert curve.values[0] == float(Decimal(10_000))
