"""Every recorded message is accepted and says the right thing; a message without a mandatory field is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.exchange.binance.wire import account, orders, rest
from shared.exchange.binance.wire import exchange_info as wire_info
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.streams import read_event, read_frame
from shared.exchange.binance.wire.user import read_user_event
from shared.exchange.model.market_data import AggTrade, BookTicker, ExchangeInfo, MarkPrice
from shared.exchange.model.streams import DayTicker, DepthEvent, KlineEvent, LiquidationEvent
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, FillNotice, OrderUpdate

pytestmark = pytest.mark.realdata

MARKET: dict[str, type] = {
    "agg_trade_stream": AggTrade,
    "book_ticker_stream": BookTicker,
    "depth_update_stream": DepthEvent,
    "kline_stream_closed": KlineEvent,
    "kline_stream_open": KlineEvent,
    "liquidation_stream": LiquidationEvent,
    "mark_price_stream": MarkPrice,
    "ticker_stream": DayTicker,
    "trade_stream": AggTrade,
}
USER: dict[str, type] = {
    "account_update": AccountUpdate,
    "account_update_bnfcr": AccountUpdate,
    "algo_update_canceled": AlgoUpdate,
    "algo_update_new": AlgoUpdate,
    "order_update_adl": OrderUpdate,
    "order_update_calculated": OrderUpdate,
    "order_update_calculated_pending": OrderUpdate,
    "order_update_delivery": OrderUpdate,
    "order_update_insurance": OrderUpdate,
    "order_update_new": OrderUpdate,
    "order_update_settlement": OrderUpdate,
    "order_update_trade": OrderUpdate,
    "order_update_trade_partial": OrderUpdate,
    "trade_lite": FillNotice,
}
ANSWERS: dict[str, Any] = {
    "account_info_v2": account.Account,
    "balance": list[account.BalanceRow],
    "open_algo_orders": list[orders.AlgoOrder],
    "order_response": orders.PlainOrder,
    "position_risk": list[account.PositionRow],
}
#: Mandatory fields, one for each kind: without it the message says nothing that may be relied on.
MANDATORY = {
    "agg_trade_stream": "p", "book_ticker_stream": "b", "depth_update_stream": "pu", "kline_stream_closed": "k.x",
    "kline_stream_open": "k.c", "liquidation_stream": "o.S", "mark_price_stream": "p", "ticker_stream": "c",
    "trade_stream": "q", "account_update": "a.m", "account_update_bnfcr": "a", "algo_update_canceled": "o.X",
    "algo_update_new": "o.caid", "order_update_adl": "o.z", "order_update_calculated": "o.x",
    "order_update_calculated_pending": "o.q", "order_update_delivery": "o.s", "order_update_insurance": "o.i",
    "order_update_new": "o.c", "order_update_settlement": "o.L", "order_update_trade": "o.t",
    "order_update_trade_partial": "o.X", "trade_lite": "t", "account_info_v2": "totalWalletBalance", "balance": "balance",
    "open_algo_orders": "clientAlgoId", "order_response": "executedQty", "position_risk": "positionAmt",
}  # fmt: skip


def fixture(market_data: Path, name: str) -> bytes:
    (path,) = (market_data / "fixtures").glob(f"*/{name}.json")
    return path.read_bytes()


def reader(name: str) -> Callable[[bytes], object]:
    if name in MARKET:
        return read_event
    if name in USER:
        return read_user_event
    return lambda body: rest.decode(body, ANSWERS[name])


def test_no_recorded_message_is_left_out(market_data: Path) -> None:
    """DATA-1: a new recording is noticed."""
    recorded = {path.stem for path in (market_data / "fixtures").glob("*/*.json")}
    assert recorded == MARKET.keys() | USER.keys() | ANSWERS.keys() == MANDATORY.keys()


@pytest.mark.parametrize(("name", "kind"), [*MARKET.items(), *USER.items()])
def test_recorded_events_are_read(market_data: Path, name: str, kind: type) -> None:
    """DATA-1, RISK-5: each as what it is."""
    assert type(reader(name)(fixture(market_data, name))) is kind


@pytest.mark.parametrize("name", ANSWERS)
def test_recorded_answers_are_read(market_data: Path, name: str) -> None:
    """EXEC-4: and said in the port's words."""
    answer = rest.decode(fixture(market_data, name), ANSWERS[name])
    for each in answer if isinstance(answer, list) else [answer]:
        assert each.value() is not None


@pytest.mark.parametrize(("name", "field"), MANDATORY.items())
def test_a_missing_field_is_refused_by_name(market_data: Path, name: str, field: str) -> None:
    """DATA-3: what is mandatory is never guessed."""
    message = msgspec.json.decode(fixture(market_data, name))
    holder = message[0] if isinstance(message, list) else message
    *path, last = field.split(".")
    for part in path:
        holder = holder[part]
    del holder[last]
    with pytest.raises(Unreadable, match=last):
        reader(name)(msgspec.json.encode(message))


def with_unknown_fields(message: Any) -> Any:
    """The message with a field more in each of its objects."""
    if isinstance(message, dict):
        return {**{key: with_unknown_fields(value) for key, value in message.items()}, "addedIn2027": {"deep": [1]}}
    return [with_unknown_fields(each) for each in message] if isinstance(message, list) else message


@pytest.mark.parametrize("name", [*MARKET, *USER, *ANSWERS])
def test_unknown_fields_are_ignored(market_data: Path, name: str) -> None:
    """EXEC-9: the exchange adds fields every few months, at any depth; what is known is read as before."""
    recorded = fixture(market_data, name)
    read = reader(name)(msgspec.json.encode(with_unknown_fields(msgspec.json.decode(recorded))))
    assert read == reader(name)(recorded)


def test_orders_made_by_the_exchange_are_read(market_data: Path) -> None:
    """RISK-5: liquidation, ADL and insurance orders have words of their own for their status, and may lack a commission."""

    def read(name: str) -> OrderUpdate:
        event = read_user_event(fixture(market_data, name))
        assert isinstance(event, OrderUpdate)
        return event

    adl, insurance, pending = (
        read("order_update_adl"),
        read("order_update_insurance"),
        read("order_update_calculated_pending"),
    )
    assert (adl.execution, adl.order.status, adl.order.client_id) == ("CALCULATED", "FILLED", "adl_autoclose_12345")
    assert insurance.order.status == "FILLED"
    assert (pending.order.status, pending.fill) == ("NEW", None)
    delivery = read("order_update_delivery")
    assert delivery.fill is not None
    assert (delivery.fill.commission, delivery.fill.commission_asset) == (Decimal(0), "")


def test_the_rule_book_of_production_is_read(market_data: Path) -> None:
    """RISK-1: every perpetual's filters, exact."""
    recorded = msgspec.json.decode((market_data / "exchange" / "fapi_exchangeInfo_PROD_2025-08-11.json").read_bytes())
    info = rest.decode(msgspec.json.encode(recorded["info"]), wire_info.Info).value()
    assert isinstance(info, ExchangeInfo)
    btc = info.symbols["BTCUSDT"]
    assert (btc.tick_size, btc.step_size, btc.min_notional) == (Decimal("0.10"), Decimal("0.001"), Decimal(100))
    assert btc.trading
    assert {(each.kind, each.interval_ms): each.limit for each in info.limits} == {
        ("REQUEST_WEIGHT", 60_000): 2_400,
        ("ORDERS", 60_000): 1_200,
        ("ORDERS", 10_000): 300,
    }


def test_frames_carry_their_stream() -> None:
    """DATA-1: and a frame of a kind that nobody knows is refused."""
    event = (
        b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"1","i":"1","r":"","T":2}}'
    )
    stream, mark = read_frame(event)
    assert stream == "btcusdt@markPrice@1s"
    assert isinstance(mark, MarkPrice)
    assert mark.funding_rate == 0
    with pytest.raises(Unreadable):
        read_frame(b'{"stream":"x","data":{"e":"somethingElse"}}')
