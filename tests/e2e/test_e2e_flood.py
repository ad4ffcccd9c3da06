"""Invariant 6: a flood of order flow is bounded and counted, and the candles go their way."""

from __future__ import annotations

import pytest
import uvloop

from cli.bench.flood import measure

pytestmark = [pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.timeout(600)]


@pytest.mark.parametrize("messages", [10_000, pytest.param(200_000, marks=pytest.mark.soak)])
def test_a_flood_is_bounded_and_counted_while_candles_flow(messages: int) -> None:
    """OPS-1, ICT-14: bounded queue and memory, newest kept, every message received or counted as dropped, no candle lost."""
    result = uvloop.run(measure(messages, quiet_samples=50))
    assert result["every_message_accounted_for"], result
    assert result["newest_kept"], result
    assert result["deepest_queue"] <= result["queue_bound"], result
    assert result["candle_to_order_ms"]["flooded"]["n"] >= 20, "the candles stood still under the flood"
    before, after = result["rss_mb"]["before"], result["rss_mb"]["after"]
    assert all(after[name] < before[name] + 20 for name in before), result["rss_mb"]
    assert all(rss < 250 for rss in after.values()), after
