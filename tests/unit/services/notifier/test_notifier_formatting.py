"""The texts, word for word."""

from __future__ import annotations

import pytest

from services.notifier import formatting
from tests.support.journal.scenes import D, trade


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"result": D("19.1"), "risk_amount": D(10), "exit_reason": "target"}, "closed at target: +1.9 R, +19.10 USDT"),
        ({"result": D("-10.04"), "risk_amount": D(10), "exit_reason": "stop"}, "closed at stop: -1.0 R, -10.04 USDT"),
        ({"result": D(-1234), "risk_amount": D(0), "exit_reason": "liquidation"}, "closed (liquidation): -1,234.00 USDT"),
        ({"result": D(0), "risk_amount": D(10)}, "closed: +0.0 R, +0.00 USDT"),
    ],
)
def test_closed_trade_reads_as_a_trader_says_it(changes: dict[str, object], text: str) -> None:
    """OPS-5: direction, place, multiple of the risk, amount."""
    assert formatting.trade_closed(trade("closed", **changes)) == f"BTCUSDT long {text}"


@pytest.mark.parametrize(
    ("number", "text"), [("0.0150", "0.015"), ("100", "100"), ("1E+3", "1000"), ("1E-8", "0.00000001"), ("20.0", "20")]
)
def test_numbers_have_neither_exponent_nor_idle_zeros(number: str, text: str) -> None:
    """A quantity is read, not parsed."""
    assert formatting.plain(D(number)) == text
