"""The brackets of every symbol of the recorded file: our margin against ccxt's rows, our price against the formula."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Context, localcontext
from pathlib import Path
from typing import Any

import pytest

from simulator.core.margin.brackets import Brackets, bracket_tables
from tests.support.simulator.core_trader import BRACKETS, BTC, ETH, SOL, CoreTrader, D, filters

pytestmark = pytest.mark.realdata
Document = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def document(market_data: Path) -> Document:
    with (market_data / "exchange" / "leverage_tiers_2026-09.json").open() as file:
        read: Document = json.load(file)
    return read


@pytest.fixture(scope="module")
def tables(document: Document) -> dict[str, Brackets]:
    return bracket_tables(document)


def test_cum_worked_out_is_the_files_in_every_bracket(document: Document, tables: dict[str, Brackets]) -> None:
    """BT-1: cum_k = cum_(k-1) + floor_k (rate_k - rate_(k-1)), for some seven thousand brackets."""
    checked = 0
    for table, tiers in zip(tables.values(), document.values(), strict=True):
        for row, tier in zip(table.rows, tiers, strict=True):
            assert float(row.cum) == pytest.approx(tier["info"]["cum"], rel=1e-9, abs=1e-6)
            assert (row.notional_floor, row.notional_cap, row.leverage) == (
                tier["minNotional"],
                tier["maxNotional"],
                tier["maxLeverage"],
            )
            checked += 1
    assert checked > 7_000


def test_the_shipped_tables_are_the_files(tables: dict[str, Brackets]) -> None:
    """BT-1: three symbols, as recorded."""
    assert {symbol: BRACKETS[symbol] for symbol in (BTC, ETH, SOL)} == {symbol: tables[symbol] for symbol in (BTC, ETH, SOL)}


def test_margin_and_liquidation_price_agree_with_the_files_tiers(document: Document, tables: dict[str, Brackets]) -> None:
    """BT-1: a long and a short in the middle of every fourth bracket of every eighth symbol: the tier's own numbers in the
    formula of §7.3 as it stands there."""
    checked = 0
    for market in list(document)[::8]:
        symbol = market.partition(":")[0].replace("/", "")
        if not symbol.isascii() or "-" in market.partition(":")[2]:  # dated futures are not traded here
            continue
        for tier in document[market][::4]:
            info = tier["info"]
            middle = (D(str(info["notionalFloor"])) + D(str(info["notionalCap"]))) / 2
            quantity = (middle / 100).quantize(D("0.001"))
            for sign in (1, -1):
                _check(symbol, tables[symbol], sign * quantity, info)
                checked += 1
    assert checked > 400


def _check(symbol: str, table: Brackets, quantity: Any, info: Mapping[str, Any]) -> None:
    notional = abs(quantity) * 100
    rate, cum = D(str(info["maintMarginRatio"])), D(str(info["cum"]))
    margin = notional * rate - cum
    # A wallet that brings liquidation half a percent away: still within the bracket.
    wallet = margin + notional / 200
    leverage = int(info["initialLeverage"])
    bounds = {"max_quantity": D(10**12), "market_max_quantity": D(10**12)}
    trader = CoreTrader(
        starting_wallet=max(wallet, notional), brackets={symbol: table}, filters={symbol: filters(symbol, **bounds)},
        leverage=leverage,
    )  # fmt: skip
    (trader.buy if quantity > 0 else trader.sell)(abs(quantity), symbol=symbol)
    trader.core.state.saved.wallet = wallet
    leg = trader.core.position(symbol)
    assert float(leg.maintenance_margin) == pytest.approx(float(margin), rel=1e-9)
    with localcontext(Context(prec=60)):
        side = 1 if quantity > 0 else -1
        size = abs(quantity)
        price = (wallet + cum - side * size * 100) / (size * rate - side * size)
    assert float(leg.liquidation_price) == pytest.approx(float(price), rel=1e-9)
