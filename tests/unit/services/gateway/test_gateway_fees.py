"""Fees that were paid in BNB."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from services.gateway.core import GatewayCore
from services.gateway.fees import FeePrices
from services.gateway.settings import GatewaySettings
from services.gateway.words import fill_of
from shared.domain.orders import Fill
from shared.exchange.model.account import Balance
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AccountUpdate, Executed, OrderUpdate, PositionChange

D = Decimal
NOW = 1_700_000_000_000


def executed(commission: str, asset: str, number: int = 1) -> Executed:
    return Executed(
        trade_id=number, quantity=D("0.01"), price=D(100_000), commission=D(commission), commission_asset=asset,
        realized=D(0), maker=False, time=NOW,
    )  # fmt: skip


def of_exchange() -> ExchangeOrder:
    return ExchangeOrder(
        symbol="BTCUSDT", id=7, client_id="entry", book="plain", side="BUY", type="MARKET", status="FILLED",
        quantity=D("0.01"), executed=D("0.01"), updated_at=NOW,
    )  # fmt: skip


def paid(commission: str, asset: str) -> Fill:
    return fill_of(executed(commission, asset), of_exchange(), "entry")


def test_a_fee_in_usdt_is_the_fee_and_nothing_is_said_of_another_asset() -> None:
    """EXEC-4: and the record of such a fill is as it was: what stands at its default is not written."""
    fill = paid("0.5", "USDT")
    assert (fill.fee, fill.commission, fill.commission_asset) == (D("0.5"), D(0), "")
    assert b"commission" not in msgspec.json.encode(fill)


def test_a_fee_in_bnb_carries_what_was_paid_and_its_value() -> None:
    """EXEC-4: 0.00075 BNB at 600 are 0.45 USDT."""
    prices, fill = FeePrices(), paid("0.00075", "BNB")
    assert (fill.commission, fill.commission_asset) == (D("0.00075"), "BNB")
    assert prices.missing([fill, paid("1", "USDT")]) == ("BNB",)
    prices.learn({"BNB": D(600)})
    assert prices.missing([fill]) == ()
    assert prices.valued(fill).fee == D("0.45")
    assert prices.assets == ("BNB",)
    assert prices.not_counted([fill]) == ()
    prices.learn({"BNB": D(610)})
    assert prices.valued(fill).fee == D("0.4575")


def test_a_fee_without_a_price_is_told_once_and_counts_as_nothing() -> None:
    prices, fill = FeePrices(), paid("3", "XYZ")
    prices.learn({"XYZ": None})
    assert prices.missing([fill]) == (), "asked for once; it will be asked for with the next statement"
    assert prices.valued(fill) == fill
    assert fill.fee == 0
    assert prices.not_counted([fill]) == ("XYZ",)
    assert prices.not_counted([fill]) == ()


def test_news_wait_for_the_price_of_their_first_fee_in_bnb() -> None:
    """EXEC-4: execution must not book a trade's result with a fee of nothing because the price was a moment late."""
    core = GatewayCore(GatewaySettings(), 3_000)
    usdt = Balance(
        asset="USDT", wallet=D(1000), cross_wallet=D(1000), cross_unrealized=D(0), available=D(1000), updated_at=NOW
    )
    core.stated([usdt], [], NOW)
    core.settled(NOW)
    core.news(NOW)
    core.hear(OrderUpdate(time=NOW + 1, execution="TRADE", order=of_exchange(), fill=executed("0.00075", "BNB")), NOW + 1)
    held = PositionChange(
        symbol="BTCUSDT", side="BOTH", quantity=D("0.01"), entry=D(100_000), break_even=D(0), unrealized=D(0),
        isolated_wallet=D(0),
    )  # fmt: skip
    core.hear(AccountUpdate(time=NOW + 1, reason="ORDER", wallets=(), positions=(held,)), NOW + 1)
    assert core.balanced
    assert core.due(NOW + 2) == "refresh"
    core.fees.learn({"BNB": D(600)})
    core.settled(NOW + 2)
    assert core.due(NOW + 3) == "publish"
    assert [fill.fee for fill in core.news(NOW + 3).fills] == [D("0.45")]
