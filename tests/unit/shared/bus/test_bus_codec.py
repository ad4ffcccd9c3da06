"""The border: what cannot be a message never gets past decode."""

from __future__ import annotations

import msgspec
import pytest

from shared.bus.codec import MAX_BODY_BYTES, decode, encode
from shared.bus.port import InvalidMessage
from shared.domain.candles import Candle, CandleBundle
from shared.domain.control import Control

CANDLE = {
    "symbol": "BTCUSDT",
    "timeframe": "1m",
    "open_time": 0,
    "open": 2.0,
    "high": 3.0,
    "low": 1.0,
    "close": 2.5,
    "volume": 1.0,
}


def body(**changes: object) -> bytes:
    bundle = {"partition": 0, "timeframe": "1m", "close_time": 60_000, "candles": [{**CANDLE, **changes}]}
    return msgspec.msgpack.encode(bundle)


def test_a_message_survives_the_wire() -> None:
    """What is decoded equals what was encoded."""
    bundle = CandleBundle(partition=0, timeframe="1m", close_time=60_000, candles=(Candle(**CANDLE),), missing=("ETHUSDT",))
    assert decode("candle_bundle", 2, encode(bundle)) == bundle


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"low": -1.0}, "low"),
        ({"high": float("nan")}, "high"),
        ({"close": float("inf")}, "close"),
        ({"close": 9.0}, "must lie within"),
        ({"symbol": "btc usdt"}, "symbol"),
        ({"timeframe": "2m"}, "timeframe"),
        ({"open_time": "yesterday"}, "open_time"),
        ({"volume": -5.0}, "volume"),
    ],
)
def test_a_value_out_of_range_is_refused_with_its_place(changes: dict[str, object], reason: str) -> None:
    """Bad input on any queue: the reason names the field."""
    with pytest.raises(InvalidMessage, match=reason):
        decode("candle_bundle", 2, body(**changes))


@pytest.mark.parametrize(
    ("type_name", "version", "content", "reason"),
    [
        ("candle_bundle", CandleBundle.VERSION + 1, body(), "version"),
        ("candle_bindle", 2, body(), "unknown type"),
        ("candle_bundle", 2, b"\xc1garbage", "malformed"),
        ("candle_bundle", 2, body()[:-3], "malformed"),
        ("candle_bundle", 2, b"", "malformed"),
        ("candle_bundle", 2, b"x" * (MAX_BODY_BYTES + 1), "oversized"),
        (
            "control",
            3,
            msgspec.msgpack.encode({"id": "1", "command": "sell everything", "by": "x", "reason": ""}),
            "command",
        ),
    ],
)
def test_unreadable_body_is_refused_with_the_reason(type_name: str, version: int, content: bytes, reason: str) -> None:
    """Malformed, oversized, unknown type or version."""
    with pytest.raises(InvalidMessage, match=reason):
        decode(type_name, version, content)


def test_the_ids_of_a_message_derive_from_its_content() -> None:
    """EXEC-2: two messages of one id say the same thing."""
    control = Control(id="a", command="halt", by="me", reason="test")
    assert control.message_id == Control(id="a", command="halt", by="me", reason="test").message_id
