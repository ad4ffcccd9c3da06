"""Rows of exchangeInfo and tradingSchedule that are odd in a known way, and what is said of each."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.exchange_info import Info, Schedule
from shared.exchange.binance.wire.rest import decode
from shared.exchange.model.market_data import ExchangeInfo


def row(symbol: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    filters = {
        "PRICE_FILTER": {"tickSize": "0.10", "minPrice": "1", "maxPrice": "900000"},
        "LOT_SIZE": {"stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
    }
    for name, values in changes.pop("filters", {}).items():
        filters[name] = {**filters.get(name, {}), **values}
    plain = {
        "symbol": symbol, "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": "BTC", "quoteAsset": "USDT",
        "filters": [{"filterType": name, **values} for name, values in filters.items()],
    }  # fmt: skip
    return {**plain, **changes}


def read(*rows: Any) -> ExchangeInfo:
    return decode(json.dumps({"serverTime": 1, "symbols": rows}), Info).value()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contractType": "HYPER_PERPETUAL"}, "contract type 'HYPER_PERPETUAL' is not one that the exchange documents"),
        ({"contractType": ""}, "contract type '' is not one that the exchange documents"),
        ({"status": "BREAK"}, "status 'BREAK' is not one that the exchange documents"),
        ({"symbol": "btc/usdt"}, "its name has characters that no symbol has"),
        ({"filters": {"PRICE_FILTER": {"tickSize": "0"}}}, "PRICE_FILTER.tickSize is 0"),
        ({"filters": {"PRICE_FILTER": {"tickSize": None}}}, "has no PRICE_FILTER.tickSize"),
        ({"filters": {"PRICE_FILTER": {"maxPrice": "0.5"}}}, "PRICE_FILTER.maxPrice 0.5 is below minPrice"),
        ({"filters": {"PRICE_FILTER": {"minPrice": "-1"}}}, "PRICE_FILTER.minPrice is -1"),
        ({"filters": {"LOT_SIZE": {"stepSize": "NaN"}}}, "LOT_SIZE.stepSize is 'NaN', which is no price or quantity"),
        ({"filters": {"LOT_SIZE": {"stepSize": "-0.1"}}}, "LOT_SIZE.stepSize is -0.1"),
        ({"filters": {"LOT_SIZE": {"minQty": "many"}}}, "LOT_SIZE.minQty is 'many', which is no number"),
        ({"filters": {"LOT_SIZE": {"maxQty": "0.0001"}}}, "LOT_SIZE.maxQty 0.0001 is below minQty"),
        (
            {"filters": {"MARKET_LOT_SIZE": {"maxQty": "NaN"}}},
            "MARKET_LOT_SIZE.maxQty is 'NaN', which is no price or quantity",
        ),
        ({"filters": {"MIN_NOTIONAL": {"notional": "-5"}}}, "MIN_NOTIONAL.notional is -5"),
        ({"filters": {"MAX_NUM_ORDERS": {"limit": 0}}}, "MAX_NUM_ORDERS.limit is 0"),
        ({"liquidationFee": "NaN"}, "liquidationFee, marketTakeBound or triggerProtect is no number"),
    ],
)
def test_an_odd_symbol_is_left_out_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    """RISK-1: the one beside it is read."""
    info = read(row(**{"symbol": "ODDUSDT", **changes}), row())
    assert list(info.symbols) == ["BTCUSDT"]
    assert [(each.symbol, each.reason) for each in info.left_out] == [(changes.get("symbol", "ODDUSDT"), reason)]


@pytest.mark.parametrize("odd", [None, 7, "BTCUSDT", [], {}, {"symbol": 5}])
def test_a_row_that_is_no_symbol_at_all_is_named_by_its_place(odd: Any) -> None:
    """RISK-1."""
    info = read(row(), odd)
    assert list(info.symbols) == ["BTCUSDT"]
    assert [each.symbol for each in info.left_out] == ["symbol number 2"]


def test_of_a_symbol_that_is_listed_twice_the_first_counts() -> None:
    """RISK-1: the second is told."""
    info = read(row(), row(filters={"PRICE_FILTER": {"tickSize": "5"}}))
    assert str(info.symbols["BTCUSDT"].tick_size) == "0.10"
    assert [(each.symbol, each.reason) for each in info.left_out] == [("BTCUSDT", "is listed twice; the first counts")]


@pytest.mark.parametrize("contract", ["CURRENT_QUARTER", "NEXT_MONTH", "CURRENT_QUARTER DELIVERING"])
def test_a_contract_that_ends_on_a_named_day_is_skipped_and_nothing_odd(contract: str) -> None:
    """RISK-1: not one of ours."""
    info = read(row(symbol="BTCUSDT_261225", contractType=contract), row())
    assert (list(info.symbols), info.left_out) == (["BTCUSDT"], ())


@pytest.mark.parametrize("contract", ["TRADIFI_PERPETUAL", "PERPETUAL", "PERPETUAL DELIVERING"])
def test_every_contract_without_an_end_is_read(contract: str) -> None:
    """RISK-1: those on shares and commodities too, and before a company's listing."""
    info = read(row(contractType=contract, underlyingType="PREMARKET", deliveryDate=4_133_404_800_000))
    assert (info.symbols["BTCUSDT"].underlying, info.symbols["BTCUSDT"].delivers_at) == ("PREMARKET", 0)


def test_a_delivery_date_within_reach_is_told() -> None:
    """EXEC-4: the exchange has announced the end."""
    assert read(row(deliveryDate=1_800_000_000_000)).symbols["BTCUSDT"].delivers_at == 1_800_000_000_000


@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 5), (-1, 5), (5, 10**15)])
def test_a_session_without_length_or_out_of_time_is_unreadable(start: int, end: int) -> None:
    """EXEC-4: no hours are guessed."""
    sessions = [{"startTime": start, "endTime": end, "type": "REGULAR"}]
    body = json.dumps({"updateTime": 1, "marketSchedules": {"EQUITY": {"sessions": sessions}}})
    with pytest.raises(Unreadable, match=f"a session of EQUITY is from {start} to {end}"):
        decode(body, Schedule).value()


def test_the_most_that_one_market_order_trades_reaches_execution() -> None:
    """EXEC-3: it was read and never used; exits over it were refused for ever."""
    info = read(row(filters={"MARKET_LOT_SIZE": {"maxQty": "120"}}))
    assert info.symbols["BTCUSDT"].instrument().market_max_quantity == 120


def test_without_a_bound_of_market_orders_exits_leave_whole() -> None:
    """EXEC-3."""
    one = read(row()).symbols["BTCUSDT"].instrument()
    assert one.market_parts(Decimal(5_000)) == [5_000]
