"""What cannot be said: messages that contradict themselves are refused where they are made and where they are read."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from shared.domain.candles import Candle
from shared.domain.decisions import Signal
from shared.domain.facts import Fact
from shared.domain.orders import OrderIntent

SIGNAL = {
    "id": "s", "symbol": "BTCUSDT", "strategy": "ob_fvg", "side": "BUY", "entry": 100.0, "stop": 95.0, "target": 110.0,
    "score": 4.0, "close_time": 60_000, "expires_at": 120_000, "rests_on": ("ob",), "why": "a zone",
}  # fmt: skip
FACT = {
    "id": "f", "kind": "fvg", "direction": "bullish", "top": 101.0, "bottom": 100.0, "formed_at": 60_000,
    "confirmed_at": 120_000, "changed_at": 120_000, "state": "active",
}  # fmt: skip
CANDLE = {
    "symbol": "BTCUSDT", "timeframe": "1m", "open_time": 0, "open": 100.0, "high": 101.0, "low": 99.0, "close": 100.5,
    "volume": 1.0,
}  # fmt: skip
INTENT = {
    "id": "i", "signal_id": "s", "symbol": "BTCUSDT", "side": "BUY", "quantity": Decimal(1), "entry": Decimal(100),
    "stop": Decimal(95), "target": Decimal(110), "close_time": 60_000, "expires_at": 120_000, "risk_amount": Decimal(5),
}  # fmt: skip


def test_a_signal_has_its_stop_and_target_on_their_sides() -> None:
    """SIG-7: a stop on the wrong side of the entry would be hit at once."""
    assert Signal(**SIGNAL).stop == 95.0
    assert Signal(**{**SIGNAL, "side": "SELL", "stop": 105.0, "target": 90.0}).target == 90.0
    for wrong in ({"stop": 100.0}, {"target": 100.0}, {"stop": 105.0}, {"side": "SELL"}):
        with pytest.raises(ValueError, match="cannot have stop"):
            Signal(**{**SIGNAL, **wrong})


def test_a_zone_has_its_top_above_its_bottom() -> None:
    """ICT-3, ICT-5: a level has both equal, a zone never has them crossed."""
    assert Fact(**{**FACT, "top": 100.0}).top == 100.0
    with pytest.raises(ValueError, match="is below bottom"):
        Fact(**{**FACT, "top": 99.0})


@pytest.mark.parametrize("wrong", [{"confirmed_at": 59_999}, {"changed_at": 119_999}])
def test_a_fact_is_not_known_before_it_forms_nor_changed_before_it_is_known(wrong: dict[str, int]) -> None:
    """ICT-1: causality is in the message itself (invariant 1)."""
    with pytest.raises(ValueError, match="must not decrease"):
        Fact(**{**FACT, **wrong})


@pytest.mark.parametrize("wrong", [{"open": 102.0}, {"open": 98.0}, {"close": 102.0}, {"close": 98.0}, {"low": 101.5}])
def test_a_candle_has_its_open_and_close_within_its_range(wrong: dict[str, float]) -> None:
    """DATA-3: OHLC sanity also holds for whoever publishes candles without the quality gate."""
    with pytest.raises(ValueError, match="must lie within"):
        Candle(**{**CANDLE, **wrong})


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal("-0.001")])
def test_an_intent_has_a_quantity(quantity: Decimal) -> None:
    """RISK-1: nothing is no trade, and less than nothing is a bug of sizing."""
    with pytest.raises(ValueError, match="must be positive"):
        OrderIntent(**{**INTENT, "quantity": quantity})


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        (Signal, SIGNAL, {"stop": 105.0}),
        (Fact, FACT, {"top": 99.0}),
        (Candle, CANDLE, {"close": 98.0}),
        (OrderIntent, INTENT, {"quantity": Decimal(0)}),
    ],
)
def test_invalid_message_is_refused_by_the_decoder(kind: type, fields: dict, wrong: dict) -> None:
    """OPS-1: a message from elsewhere is validated by the decoder, so it is parked and never handled."""
    assert isinstance(msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=kind), kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode({**fields, **wrong}), type=kind)
