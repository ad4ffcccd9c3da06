"""What cannot be said: messages that contradict themselves are refused where they are made and where they are read."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from shared.domain.candles import Candle
from shared.domain.decisions import Exit, LimitEntry, MarketEntry, Signal
from shared.domain.facts import Fact
from shared.domain.intents import ExitRung, OrderIntent

SIGNAL = {
    "id": "s", "symbol": "BTCUSDT", "strategy": "ob_fvg", "side": "BUY", "entry": MarketEntry(price=100.0), "stop": 95.0,
    "exits": (Exit(price=105.0, share=0.5), Exit(price=110.0, share=0.5)), "score": 4.0, "close_time": 60_000,
    "valid_until": 120_000, "rests_on": ("ob",), "why": "a zone",
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
    "id": "i", "signal_id": "s", "symbol": "BTCUSDT", "side": "BUY", "quantity": Decimal(1), "price": Decimal(100),
    "bound": Decimal(101), "stop": Decimal(95), "exits": (ExitRung(price=Decimal(110)),), "close_time": 60_000,
    "decided_at": 60_100, "valid_until": 65_100, "risk_amount": Decimal(5), "risk_budget": Decimal(6),
}  # fmt: skip


def test_a_signal_has_its_stop_and_exits_on_their_sides() -> None:
    """SIG-7: a stop on the wrong side of the entry would be hit at once; a ladder leads away from it."""
    assert Signal(**SIGNAL).target == 110.0
    down = (Exit(price=95.0, share=0.5), Exit(price=90.0, share=0.5))
    assert Signal(**{**SIGNAL, "side": "SELL", "stop": 105.0, "exits": down}).target == 90.0
    rising, single = SIGNAL["exits"], (Exit(price=100.0),)
    for wrong in ({"stop": 100.0}, {"exits": single}, {"stop": 105.0}, {"side": "SELL"}, {"exits": rising[::-1]}):
        with pytest.raises(ValueError, match="cannot have stop"):
            Signal(**{**SIGNAL, **wrong})


def test_a_ladder_takes_at_most_the_whole_position() -> None:
    """EXEC-7: what the shares leave rides; more than all cannot leave."""
    rests = (Exit(price=105.0, share=0.3), Exit(price=110.0, share=0.3))
    assert Signal(**{**SIGNAL, "exits": rests}).exits == rests
    with pytest.raises(ValueError, match="more than the whole"):
        Signal(**{**SIGNAL, "exits": (Exit(price=105.0, share=0.6), Exit(price=110.0, share=0.6))})
    with pytest.raises(ValueError, match="shares"):
        OrderIntent(**{**INTENT, "exits": (ExitRung(price=Decimal(110), share=Decimal("1.1")),)})


def test_an_entry_says_of_which_kind_it_is() -> None:
    """SIG-7: a market entry is never read as one that rests."""
    resting = Signal(**{**SIGNAL, "entry": LimitEntry(price=100.0, rests_until=90_000)})
    for each in (resting, Signal(**SIGNAL)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=Signal) == each


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


@pytest.mark.parametrize("wrong", [{"stop": Decimal(100)}, {"exits": ()}, {"side": "SELL"}, {"price": Decimal(110)}])
def test_an_entrys_prices_are_in_order(wrong: dict) -> None:
    """RISK-1: stop, price, exits; a close or a moved stop has no ladder."""
    with pytest.raises(ValueError, match="not in order"):
        OrderIntent(**{**INTENT, **wrong})
    assert OrderIntent(**{**INTENT, "purpose": "close", "exits": (), "about": "another"}).exits == ()


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


@pytest.mark.parametrize(
    ("side", "void_at", "fits"),
    [("BUY", 100.5, True), ("BUY", 100.0, False), ("BUY", 96.0, False), ("SELL", 99.5, True), ("SELL", 100.0, False)],
)
def test_a_limit_entry_is_voided_on_its_winning_side_only(side, void_at, fits) -> None:
    """SIG-7: a price that a filled trade would win at; None ends it by time alone."""
    turned = {"stop": 105.0, "exits": (Exit(price=95.0),)} if side == "SELL" else {}
    fields = {**SIGNAL, **turned, "side": side}
    assert Signal(**{**fields, "entry": LimitEntry(price=100.0, rests_until=90_000)}).entry.void_at is None
    entry = LimitEntry(price=100.0, rests_until=90_000, void_at=void_at)
    if fits:
        one = Signal(**{**fields, "entry": entry})
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Signal) == one
    else:
        with pytest.raises(ValueError, match="cannot be voided at"):
            Signal(**{**fields, "entry": entry})


def test_an_entry_that_no_price_voids_costs_no_byte() -> None:
    """ARCH: the setting ``never`` travels as nothing."""
    assert msgspec.to_builtins(LimitEntry(price=100.0, rests_until=1)) == {"type": "limit", "price": 100.0, "rests_until": 1}


@pytest.mark.parametrize(
    ("kind", "void_at", "fits"),
    [
        ("limit", "0", True),
        ("limit", "105", True),
        ("limit", "100", False),
        ("limit", "9", False),
        ("market", "105", False),
    ],
)
def test_an_intent_is_voided_on_its_winning_side_and_never_at_the_market(kind, void_at, fits) -> None:
    """SIG-7, EXEC-1."""
    fields = {**INTENT, "kind": kind, "void_at": Decimal(void_at)}
    if fits:
        assert OrderIntent(**fields).void_at == Decimal(void_at)
    else:
        with pytest.raises(ValueError, match="voids no"):
            OrderIntent(**fields)
