"""The account against the settings: nothing that does not fit goes unsaid, and each sentence names what mends it."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from shared.exchange.account_truth import (
    ACCOUNT,
    CREDITS,
    SYMBOL,
    AccountFault,
    AccountTruth,
    SymbolFault,
    Wanted,
    closures,
    judge,
    of_account,
)
from shared.exchange.model.account import AccountConfig, Balance, MarginType, SymbolConfig

SYMBOLS = ("BTCUSDT", "ETHUSDT")
MARGIN_TYPES: tuple[MarginType, ...] = ("cross", "isolated")


def balance(asset: str, wallet: Decimal) -> Balance:
    return Balance(
        asset=asset, wallet=wallet, cross_wallet=wallet, cross_unrealized=Decimal(0), available=wallet, updated_at=0
    )


@st.composite
def truths(draw: st.DrawFn) -> AccountTruth:
    flags = st.booleans()
    config = AccountConfig(
        hedge=draw(flags), multi_assets=draw(flags), may_trade=draw(flags), fee_tier=draw(st.integers(0, 9))
    )
    credit = draw(st.sampled_from((None, Decimal(0), Decimal("12.5"), Decimal(-3))))
    balances = (balance("USDT", Decimal(100)), *((balance(CREDITS, credit),) if credit is not None else ()))
    symbols = {
        symbol: SymbolConfig(
            symbol=symbol,
            margin_type=draw(st.sampled_from(MARGIN_TYPES)),
            leverage=draw(st.integers(1, 125)),
            max_notional=Decimal(1),
        )
        for symbol in draw(st.sets(st.sampled_from((*SYMBOLS, "XRPUSDT"))))
    }
    return AccountTruth(config=config, balances=balances, symbols=symbols)


@st.composite
def wishes(draw: st.DrawFn) -> Wanted:
    return Wanted(symbols=SYMBOLS, leverage=draw(st.integers(1, 125)), margin_type=draw(st.sampled_from(MARGIN_TYPES)))


@given(truths(), wishes())
def test_the_account_fits_exactly_when_nothing_is_found(truth: AccountTruth, wanted: Wanted) -> None:
    """RISK-5: one-way, single asset, no credits, trading; every symbol at leverage and margin type of the settings."""
    found = judge(truth, wanted)
    config = truth.config
    modes = config.may_trade and not config.hedge and not config.multi_assets
    paid_in_usdt = all(not each.wallet for each in truth.balances if each.asset == CREDITS)
    set_right = all(
        (each := truth.symbols.get(symbol)) is not None
        and (each.leverage, each.margin_type) == (wanted.leverage, wanted.margin_type)
        for symbol in wanted.symbols
    )
    assert (not found) == (modes and paid_in_usdt and set_right)
    assert {each.symbol for each in found} <= {"", *wanted.symbols}
    assert len({(each.fault, each.symbol) for each in found}) == len(found)


@given(truths(), wishes())
def test_a_finding_closes_its_symbol_and_one_of_the_account_closes_all(truth: AccountTruth, wanted: Wanted) -> None:
    """RISK-5: and the closure says what the finding says."""
    found = judge(truth, wanted)
    shut = closures(found, wanted.symbols)
    named = {each.symbol for each in found if each.symbol}
    assert {each.symbol for each in shut} == (set(wanted.symbols) if of_account(found) else named)
    assert {each.text for each in shut} == {each.text for each in found}
    assert all(each.holds(time) for each in shut for time in (0, 4_000_000_000_000))


@given(truths(), wishes())
def test_each_sentence_says_the_setting_found_and_the_one_wanted(truth: AccountTruth, wanted: Wanted) -> None:
    """RISK-5: a person reads it and knows what to do."""
    for each in judge(truth, wanted):
        if each.fault == "leverage":
            assert f"leverage is {truth.symbols[each.symbol].leverage}" in each.text
            assert f"account.leverage is {wanted.leverage}" in each.text
        elif each.fault == "margin_type":
            assert truth.symbols[each.symbol].margin_type in each.text
            assert f"account.margin_type is {wanted.margin_type}" in each.text
        elif each.fault in ("hedge_mode", "multi_assets"):
            assert "in the Binance app" in each.text


def test_every_fault_has_a_row() -> None:
    """RISK-5: the tables are whole."""
    assert set(ACCOUNT) == set(get_args(AccountFault))
    assert {*SYMBOL, "not_stated"} == set(get_args(SymbolFault))
