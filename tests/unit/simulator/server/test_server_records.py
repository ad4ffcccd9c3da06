"""Histories of what the account did: amendments, moves of margin, liquidations; and what is not simulated."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.core.interventions import deleverage
from simulator.server.rest.context import Context
from tests.support.simulator.protocol_server import make_context
from tests.support.simulator.signed_requests import ask, done

MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
RESTING = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}


@pytest.fixture
def context() -> Context:
    context = make_context()
    context.session.advance(context.session.time + 2_000)
    return context


def priced(context: Context, factor: str) -> str:
    """A BTCUSDT price at this multiple of the last one, on the grid."""
    last = Decimal(done(context, "GET", "/v1/ticker/price", symbol="BTCUSDT")["price"])
    return str((last * Decimal(factor)).quantize(Decimal("0.1")))


def test_an_amendment_is_answered_and_recorded_with_the_clients_number(context: Context) -> None:
    """EXEC-1: before and after, the count, and the sender's modifyId if there was one."""
    first, second, third = (priced(context, factor) for factor in ("0.97", "0.96", "0.95"))
    placed = done(context, "POST", "/v1/order", **RESTING, price=first, newClientOrderId="mine")
    which = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    change = {**which, "side": "BUY", "quantity": "0.020"}
    changed = done(context, "PUT", "/v1/order", **change, price=second, modifyId=77)
    assert (changed["pair"], changed["modifyId"], changed["origQty"]) == ("BTCUSDT", 77, "0.020")
    context.session.advance(context.session.time + 1_000)
    assert "modifyId" not in done(context, "PUT", "/v1/order", **change, price=third)
    rows = done(context, "GET", "/v1/orderAmendment", **which)
    assert [row["amendment"]["count"] for row in rows] == [1, 2]
    assert [row["amendment"].get("modifyId") for row in rows] == [77, None]
    assert [each.rstrip("0") for each in rows[0]["amendment"]["price"].values()] == [first.rstrip("0"), second.rstrip("0")]
    assert rows[0]["amendment"]["origQty"] == {"before": "0.010", "after": "0.020"}
    assert done(context, "GET", "/v1/orderAmendment", symbol="BTCUSDT", orderId=placed["orderId"]) == rows
    assert done(context, "GET", "/v1/orderAmendment", symbol="BTCUSDT", orderId=placed["orderId"] + 1) == []
    assert done(context, "GET", "/v1/orderAmendment", **which, startTime=rows[1]["time"]) == rows[1:]


def test_a_refused_amendment_is_not_recorded(context: Context) -> None:
    """EXEC-1: nothing was changed."""
    placed = done(context, "POST", "/v1/order", **RESTING, price=priced(context, "0.97"))
    same = {"symbol": "BTCUSDT", "side": "BUY", "orderId": placed["orderId"], "quantity": "0.010", "price": placed["price"]}
    assert ask(context, "PUT", "/v1/order", **same).body["code"] == -5027
    assert done(context, "GET", "/v1/orderAmendment", symbol="BTCUSDT", orderId=placed["orderId"]) == []


def test_moves_of_margin_are_listed(context: Context) -> None:
    """EXEC-1: what was added and taken, by type."""
    done(context, "POST", "/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    done(context, "POST", "/v1/order", **MARKET)
    done(context, "POST", "/v1/positionMargin", symbol="BTCUSDT", amount="50", type=1)
    done(context, "POST", "/v1/positionMargin", symbol="BTCUSDT", amount="20", type=2)
    rows = done(context, "GET", "/v1/positionMargin/history", symbol="BTCUSDT")
    assert [(row["type"], Decimal(row["amount"]), row["positionSide"]) for row in rows] == [(1, 50, "BOTH"), (2, 20, "BOTH")]
    assert done(context, "GET", "/v1/positionMargin/history", symbol="BTCUSDT", type=2) == rows[1:]
    assert done(context, "GET", "/v1/positionMargin/history", symbol="ETHUSDT") == []


def test_the_accounts_liquidations_are_listed(context: Context) -> None:
    """EXEC-1: forceOrders has what the exchange closed, and nothing else."""
    done(context, "POST", "/v1/leverage", symbol="BTCUSDT", leverage=125)
    done(context, "POST", "/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    done(context, "POST", "/v1/order", **MARKET)
    assert done(context, "GET", "/v1/forceOrders") == []
    assert done(context, "GET", "/v1/adlQuantile")[0]["adlQuantile"]["BOTH"] == 0
    context.session.set_price("BTCUSDT", Decimal(priced(context, "0.9")))
    context.session.advance(context.session.time + 2_000)
    (row,) = done(context, "GET", "/v1/forceOrders", symbol="BTCUSDT", autoCloseType="LIQUIDATION")
    assert (row["status"], row["executedQty"], row["side"]) == ("FILLED", "0.010", "SELL")
    assert row["clientOrderId"].startswith("autoclose-")
    assert done(context, "GET", "/v1/forceOrders", autoCloseType="ADL") == []
    assert done(context, "GET", "/v1/adlQuantile") == []


def test_deleveraging_is_listed_apart_from_liquidation(context: Context) -> None:
    """EXEC-1: by the client ids of the exchange's own orders."""
    done(context, "POST", "/v1/order", **MARKET)
    deleverage(context.session.core, "BTCUSDT", Decimal("0.5"), context.session.time)
    (row,) = done(context, "GET", "/v1/forceOrders", autoCloseType="ADL")
    assert (row["clientOrderId"], row["executedQty"], row["side"]) == ("adl_autoclose", "0.005", "SELL")
    assert done(context, "GET", "/v1/forceOrders") == [row]
    assert done(context, "GET", "/v1/forceOrders", autoCloseType="LIQUIDATION") == []


def test_fees_are_not_paid_in_bnb(context: Context) -> None:
    """EXEC-1: the account has none; switching it off changes nothing."""
    assert done(context, "GET", "/v1/feeBurn") == {"feeBurn": False}
    assert done(context, "POST", "/v1/feeBurn", feeBurn="false")["code"] == 200


def test_index_and_premium_klines_agree_with_the_markets(context: Context) -> None:
    """DATA-1: the index follows the last price, the premium is zero, none has a volume."""
    rows = done(context, "GET", "/v1/klines", symbol="BTCUSDT", interval="1m", limit=3)
    index = done(context, "GET", "/v1/indexPriceKlines", pair="BTCUSDT", interval="1m", limit=3)
    premium = done(context, "GET", "/v1/premiumIndexKlines", symbol="BTCUSDT", interval="1m", limit=3)
    assert [row[:5] for row in index] == [row[:5] for row in rows]
    assert [(row[0], set(row[1:5])) for row in premium] == [(row[0], {"0.00000000"}) for row in rows]
    assert {row[5] for row in (*index, *premium)} == {"0"}
    book = done(context, "GET", "/v1/rpiDepth", symbol="BTCUSDT")
    assert book == done(context, "GET", "/v1/depth", symbol="BTCUSDT", limit=1_000)
    assert done(context, "GET", "/v1/indexInfo") == []


def test_an_aggregate_trade_has_its_quantity_without_rpi_orders(context: Context) -> None:
    """DATA-1: there are no RPI orders, so both quantities are the same."""
    rows = done(context, "GET", "/v1/aggTrades", symbol="BTCUSDT", limit=5)
    assert rows
    assert all(row["nq"] == row["q"] for row in rows)
