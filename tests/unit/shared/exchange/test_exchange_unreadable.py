"""Messages of the exchange that cannot be taken for what they say: refused by name, never guessed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shared.exchange.binance.wire.account import SymbolSetup
from shared.exchange.binance.wire.enums import Unreadable, status_of
from shared.exchange.binance.wire.exchange_info import Info
from shared.exchange.binance.wire.streams import read_frame
from shared.exchange.binance.wire.user import read_user_event
from shared.exchange.limits.windows import counts_of
from shared.exchange.model.market_data import ExchangeInfo, LeftOut
from shared.exchange.model.streams import KlineEvent
from shared.exchange.model.user_events import OrderUpdate, Unnamed

D = Decimal
KLINE = {
    "t": 1, "T": 2, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "1", "c": "1", "h": "1", "l": "1", "v": "1", "n": 1,
    "x": True, "q": "1", "V": "1", "Q": "1", "B": "0",
}  # fmt: skip


def kline(interval: str) -> bytes:
    body = {"e": "kline", "E": 5, "s": "BTCUSDT", "k": {**KLINE, "i": interval}}
    return json.dumps({"stream": f"btcusdt@kline_{interval}", "data": body}).encode()


def info(symbol: dict[str, Any]) -> ExchangeInfo:
    body = {"serverTime": 1, "rateLimits": [], "symbols": [symbol]}
    return msgspec.json.decode(json.dumps(body).encode(), type=Info, strict=False).value()


def order_update(execution: str) -> bytes:
    order: dict[str, Any] = {
        "s": "BTCUSDT", "c": "ict-1", "S": "BUY", "o": "MARKET", "f": "GTC", "q": "1", "p": "0", "ap": "0", "sp": "0",
        "x": execution, "X": "NEW", "i": 7, "l": "0", "z": "0", "L": "0", "n": "0", "N": "USDT", "T": 5, "t": 0, "b": "0",
        "a": "0", "m": False, "R": False, "wt": "CONTRACT_PRICE", "ot": "MARKET", "ps": "BOTH", "cp": False, "rp": "0",
    }  # fmt: skip
    return json.dumps({"e": "ORDER_TRADE_UPDATE", "E": 5, "T": 5, "o": order}).encode()


def test_a_kline_of_an_interval_that_we_do_not_have_is_unreadable() -> None:
    """DATA-1: 3m is the exchange's, not ours."""
    stream, event = read_frame(kline("1m"))
    assert stream == "btcusdt@kline_1m"
    assert isinstance(event, KlineEvent)
    assert event.kline.timeframe == "1m"
    with pytest.raises(Unreadable, match="interval '3m'"):
        read_frame(kline("3m"))


def test_a_symbol_without_a_filter_that_orders_need_is_left_out_with_the_reason() -> None:
    """EXEC-3: a tick that is guessed is a refused stop; a limit that is missing is none."""
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minPrice": "1", "maxPrice": "9"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "5"},
    ]
    symbol = {
        "symbol": "BTCUSDT", "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": "BTC", "quoteAsset": "USDT",
        "filters": filters,
    }  # fmt: skip
    rules = info(symbol).symbols["BTCUSDT"]
    assert (rules.tick_size, rules.min_notional) == (D("0.1"), D(0))
    del filters[1]["stepSize"]
    assert info(symbol).symbols == {}
    assert info(symbol).left_out == (LeftOut(symbol="BTCUSDT", reason="has no LOT_SIZE.stepSize"),)


def test_an_execution_that_nobody_documents_is_unreadable() -> None:
    """EXEC-5: an order's news are never guessed."""
    event = read_user_event(order_update("NEW"))
    assert isinstance(event, OrderUpdate)
    assert event.order.status == "NEW"
    with pytest.raises(Unreadable, match="'MIRACLE'"):
        read_user_event(order_update("MIRACLE"))


def test_an_event_that_is_new_to_us_is_named_and_left_alone() -> None:
    """EXEC-5: the exchange may add kinds; they are counted, not refused."""
    assert read_user_event(b'{"e": "SOMETHING_NEW", "E": 5}') == Unnamed(kind="SOMETHING_NEW", time=5)


@pytest.mark.parametrize(("word", "ours"), [("CROSSED", "cross"), ("isolated", "isolated")])
def test_a_margin_type_is_one_of_two(word: str, ours: str) -> None:
    """EXEC-9."""
    setup = SymbolSetup(symbol="BTCUSDT", margin_type=word, leverage=5, max_notional_value=D(1))
    config = setup.value()
    assert config is not None
    assert config.margin_type == ours
    assert SymbolSetup(symbol="BTCUSDT", margin_type="HALF", leverage=5, max_notional_value=D(1)).value() is None


@pytest.mark.parametrize(
    ("executed", "status"), [("0", "NEW"), ("0.4", "PARTIALLY_FILLED"), ("1", "FILLED"), ("2", "FILLED")]
)
def test_an_order_that_the_exchange_closed_is_known_by_what_was_executed(executed: str, status: str) -> None:
    """EXEC-5: liquidation and deleveraging have status words of their own."""
    assert status_of("NEW_ADL", D(1), D(executed)) == status


def test_counts_in_headers_are_digits_and_nothing_else_is_one() -> None:
    """EXEC-8."""
    headers = {"X-MBX-USED-WEIGHT-1M": "12", "X-MBX-ORDER-COUNT-10S": "٣", "X-MBX-ORDER-COUNT-1M": "-1"}
    assert counts_of(headers) == {"weight_1m": 12}
