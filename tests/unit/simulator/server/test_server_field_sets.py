"""Every message of the protocol server has the fields of the recorded one: no more, no fewer.

Where the recording is older than the exchange's present protocol, the difference is named here with its reason.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator.server.rest.context import Context
from simulator.server.streams import parse
from tests.support.simulator.protocol_server import make_context
from tests.support.simulator.signed_requests import done, told

#: Fields that we have and the recording has not: added since it was made (binance.md §1.3, §4.6, §4.7).
ADDED = {
    "agg_trade_stream": {"nq"},
    "mark_price_stream": {"ap"},
    "trade_stream": {"X", "st"},
    "account_info_v2": {"positions.breakEvenPrice"},
    "order_update": {"o.pm", "o.gtd", "o.er"},
    "algo_update_new": {"o.ia"},
    "algo_update_canceled": {"o.ia"},
    "open_algo_orders": {
        "orderType", "price", "icebergQuantity", "selfTradePreventionMode", "priceMatch", "closePosition", "priceProtect",
        "activatePrice", "callbackRate", "triggerTime", "goodTillDate", "actualOrderId", "actualPrice", "actualQty",
        "actualType", "tpTriggerPrice", "tpPrice", "slTriggerPrice", "slPrice", "tpOrderType",
    },
}  # fmt: skip
#: Fields that the recording has and this message has not, with the reason.
LEFT_OUT = {
    "open_algo_orders": {"type"},  # the documented name is orderType
    "order_update_new": {"o.N", "o.n"},  # pushed with an execution only (binance.md §4.7)
    "order_update_trade": {"o.AP", "o.cr"},  # pushed with a trailing order only
    "order_update_calculated": {"o.AP", "o.cr"},
}


def fields(message: Any, prefix: str = "") -> set[str]:
    """Names of all fields, dotted; elements of lists count as one."""
    found: set[str] = set()
    if isinstance(message, dict):
        for name, value in message.items():
            found |= {f"{prefix}{name}"} | fields(value, f"{prefix}{name}.")
    elif isinstance(message, list):
        for each in message:
            if isinstance(each, dict):
                found |= fields(each, prefix)
    return found


def recorded(market_data: Path, folder: str, name: str) -> set[str]:
    return fields(json.loads((market_data / "fixtures" / folder / f"{name}.json").read_text()))


def compare(ours: Any, theirs: set[str], *names: str) -> None:
    added = set().union(*(ADDED.get(name, set()) for name in names))
    left_out = set().union(*(LEFT_OUT.get(name, set()) for name in names))
    mine = fields(ours)
    assert mine - theirs == added & mine
    assert theirs - mine == left_out
    assert added <= mine, "an exemption that is not needed"


def buy(context: Context, **more: object) -> Any:
    return done(context, "POST", "/v1/order", symbol="BTCUSDT", side="BUY", **more)


def resting_price(context: Context) -> str:
    price = Decimal(done(context, "GET", "/v1/ticker/price", symbol="BTCUSDT")["price"]) * Decimal("0.97")
    return str(price.quantize(Decimal("0.1")))


@pytest.fixture
def context() -> Context:
    context = make_context()
    context.session.advance(context.session.time + 5_000)
    return context


def test_rest_answers_have_the_recorded_fields(market_data: Path, context: Context) -> None:
    """EXEC-1: account, balance, positions, orders of both books."""
    buy(context, type="MARKET", quantity="0.010")
    done(
        context, "POST", "/v1/algoOrder", algoType="CONDITIONAL", symbol="BTCUSDT", side="SELL", type="STOP_MARKET",
        triggerPrice=resting_price(context), closePosition="true",
    )  # fmt: skip
    order = buy(context, type="LIMIT", timeInForce="GTC", quantity="0.010", price=resting_price(context))
    answers = {
        "account_info_v2": done(context, "GET", "/v2/account"),
        "balance": done(context, "GET", "/v3/balance"),
        "position_risk": done(context, "GET", "/v2/positionRisk"),
        "order_response": done(context, "GET", "/v1/order", symbol="BTCUSDT", orderId=order["orderId"]),
        "open_algo_orders": done(context, "GET", "/v1/openAlgoOrders"),
    }
    for name, answer in answers.items():
        compare(answer, recorded(market_data, "http_json", name), name)


def test_placements_lack_what_the_exchange_took_out_in_july_2026(context: Context) -> None:
    """EXEC-1: place, change and cancel answer without avgPrice, cumQuote and cumBase, filled or not."""
    asked = done(context, "POST", "/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
    full = buy(context, type="MARKET", quantity="0.010", newOrderRespType="RESULT")
    limit = buy(context, type="LIMIT", timeInForce="GTC", quantity="0.010", price=resting_price(context))
    gone = done(context, "DELETE", "/v1/order", symbol="BTCUSDT", orderId=limit["orderId"])
    expected = {
        "orderId", "symbol", "status", "clientOrderId", "price", "origQty", "executedQty", "cumQty", "timeInForce", "type",
        "origType", "reduceOnly", "closePosition", "side", "positionSide", "stopPrice", "workingType", "priceProtect",
        "priceMatch", "selfTradePreventionMode", "goodTillDate", "updateTime",
    }  # fmt: skip
    for answer in (asked, full, limit, gone):
        assert set(answer) == expected
    assert (asked["status"], asked["executedQty"], full["status"]) == ("NEW", "0.000", "FILLED")


MARKET = {
    "agg_trade_stream": "btcusdt@aggTrade",
    "book_ticker_stream": "btcusdt@bookTicker",
    "depth_update_stream": "btcusdt@depth@100ms",
    "kline_stream_open": "btcusdt@kline_1m",
    "kline_stream_closed": "btcusdt@kline_1m",
    "mark_price_stream": "btcusdt@markPrice@1s",
    "ticker_stream": "btcusdt@ticker",
    "trade_stream": "btcusdt@trade",
    "liquidation_stream": "btcusdt@forceOrder",
}


def test_every_recorded_market_message_is_listed(market_data: Path) -> None:
    """A recording that nobody compares would prove nothing."""
    assert {path.stem for path in (market_data / "fixtures" / "market_data_json").glob("*.json")} == set(MARKET)


def liquidate(context: Context) -> None:
    """A long at high leverage, and a price that falls through its margin."""
    done(context, "POST", "/v1/leverage", symbol="BTCUSDT", leverage=50)
    for _ in range(10):
        done(context, "POST", "/v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="2")
    price = Decimal(done(context, "GET", "/v1/ticker/price", symbol="BTCUSDT")["price"])
    context.session.set_price("BTCUSDT", price * Decimal("0.8"))
    context.session.advance(context.session.time + 2_000)


@pytest.mark.parametrize("name", MARKET)
def test_market_messages_have_the_recorded_fields(name: str, market_data: Path, context: Context) -> None:
    """DATA-1: each stream's message; closed klines say so."""
    stream = parse(MARKET[name])
    assert stream is not None
    context.session.emitter.subscribe(stream)
    if name == "liquidation_stream":
        liquidate(context)
    else:
        context.session.advance(context.session.time + 60_000)
    messages = [json.loads(message.body) for message in told(context)[1]]
    if name.startswith("kline"):
        messages = [each for each in messages if each["k"]["x"] == (name == "kline_stream_closed")]
    assert messages
    for message in messages:
        compare(message, recorded(market_data, "market_data_json", name), name)


USER = {
    "account_update": ("ACCOUNT_UPDATE", ""),
    "order_update_new": ("ORDER_TRADE_UPDATE", "NEW"),
    "order_update_trade": ("ORDER_TRADE_UPDATE", "TRADE"),
    "order_update_calculated": ("ORDER_TRADE_UPDATE", "CALCULATED"),
    "algo_update_new": ("ALGO_UPDATE", "NEW"),
    "algo_update_canceled": ("ALGO_UPDATE", "CANCELED"),
    "trade_lite": ("TRADE_LITE", ""),
}


@pytest.mark.parametrize("name", USER)
def test_user_events_have_the_recorded_fields(name: str, market_data: Path, context: Context) -> None:
    """EXEC-4: orders, algo orders, account, trades, liquidations. The recorded NEW is of a trailing order."""
    stop: dict[str, object] = {
        "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.010", "clientAlgoId": "stop",
    }  # fmt: skip
    done(context, "POST", "/v1/algoOrder", type="STOP_MARKET", triggerPrice=resting_price(context), **stop)
    done(context, "DELETE", "/v1/algoOrder", clientAlgoId="stop")
    if name == "order_update_new":
        done(context, "POST", "/v1/algoOrder", type="TRAILING_STOP_MARKET", callbackRate="0.1", **stop)
        context.session.advance(context.session.time + 600_000)
    else:
        liquidate(context)
    kind, state = USER[name]
    found = [
        event
        for event in told(context)[0]
        if event["e"] == kind
        and (not state or state in (event["o"]["x"] if kind == "ORDER_TRADE_UPDATE" else event["o"]["X"],))
    ]
    if kind == "ACCOUNT_UPDATE":
        found = [event for event in found if event["a"]["P"]]
    assert found
    for event in found:
        compare(event, recorded(market_data, "user_data_json", name), name, "order_update" if "order_update" in name else "")


def test_the_other_recorded_order_updates_have_the_same_fields(market_data: Path) -> None:
    """EXEC-4: deliveries, settlements, ADL and insurance are not simulated; their messages have a fill's fields."""
    fill = recorded(market_data, "user_data_json", "order_update_trade")
    for path in (market_data / "fixtures" / "user_data_json").glob("order_update_*.json"):
        other = fields(json.loads(path.read_text()))
        assert other == fill or fill - other == {"o.N", "o.n"}, path.name
