"""Judges the account at the exchange against the settings: a table of what must hold, and what mends it. Pure.

Sizing counts USDT in one-way, single-asset mode at a fixed leverage. In another mode its figures are wrong without any
error of the exchange: the balance reads zero, a stop closes the wrong leg, liquidation comes before the stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.listing import Closure, ClosureReason
from shared.exchange.model.account import AccountConfig, Balance, MarginType, SymbolConfig

#: What does not fit: of the whole account, or of one symbol.
AccountFault = Literal["no_trading", "hedge_mode", "multi_assets", "credits"]
SymbolFault = Literal["leverage", "margin_type", "not_stated"]
Fault = AccountFault | SymbolFault

#: Futures credits, the unit of account of Binance's Credits Trading Mode in the European Economic Area.
CREDITS: Final = "BNFCR"


class AccountTruth(msgspec.Struct, frozen=True, kw_only=True):
    """The account as the exchange states it. ``symbols``: settings by symbol; ``balances``: one for each asset."""

    config: AccountConfig
    balances: tuple[Balance, ...]
    symbols: dict[str, SymbolConfig]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration asks for, of every symbol in ``symbols``."""

    symbols: tuple[str, ...]
    leverage: int
    margin_type: MarginType


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not fit: what is set, what is wanted, the cure. ``symbol``: empty = the whole account."""

    fault: Fault
    symbol: str
    text: str


def _credits(truth: AccountTruth) -> Decimal:
    return sum((each.wallet for each in truth.balances if each.asset == CREDITS), Decimal(0))


#: Fault of the account → (when it holds, what is the matter and what mends it).
ACCOUNT: Final[dict[AccountFault, tuple[Callable[[AccountTruth], bool], str]]] = {
    "no_trading": (
        lambda truth: not truth.config.may_trade,
        "the exchange lets the account place no orders; look at the account's status in the Binance app, or ask its support",
    ),
    "hedge_mode": (
        lambda truth: truth.config.hedge,
        "the account is in hedge mode, one-way mode is wanted: close all positions and orders, then set Position Mode to "
        "One-way Mode in the Binance app (USDⓈ-M Futures, Preferences)",
    ),
    "multi_assets": (
        lambda truth: truth.config.multi_assets,
        "the account is in multi-assets mode, single-asset mode is wanted, because equity is counted in USDT alone: set "
        "Asset Mode to Single-Asset Mode in the Binance app (USDⓈ-M Futures, Preferences)",
    ),
    "credits": (
        lambda truth: _credits(truth) != 0,
        f"the account trades on futures credits ({CREDITS}), USDT is wanted, because equity is counted in USDT alone: leave "
        "Credits Trading Mode in the Binance app, or use an account that has USDT",
    ),
}


def _leverage(set_: SymbolConfig, wanted: Wanted) -> str:
    if set_.leverage == wanted.leverage:
        return ""
    return (
        f"leverage is {set_.leverage}, account.leverage is {wanted.leverage}: set {wanted.leverage} in the Binance app, or "
        f"account.leverage to {set_.leverage}; the exchange may allow the symbol less, and lowers none of a position"
    )


def _margin_type(set_: SymbolConfig, wanted: Wanted) -> str:
    if set_.margin_type == wanted.margin_type:
        return ""
    return (
        f"margin type is {set_.margin_type}, account.margin_type is {wanted.margin_type}: close the symbol's position and "
        f"orders, then it is set here at the next check; or set account.margin_type to {set_.margin_type}"
    )


#: Fault of a symbol → what is the matter and what mends it; empty = it fits.
SYMBOL: Final[dict[SymbolFault, Callable[[SymbolConfig, Wanted], str]]] = {
    "leverage": _leverage,
    "margin_type": _margin_type,
}

#: Fault → the reason of the closure that it causes.
_CLOSES: Final[dict[Fault, ClosureReason]] = {
    "no_trading": "account_mode",
    "hedge_mode": "account_mode",
    "multi_assets": "account_mode",
    "credits": "account_mode",
    "leverage": "leverage",
    "margin_type": "margin_type",
    "not_stated": "unreadable",
}


def judge(truth: AccountTruth, wanted: Wanted) -> tuple[Finding, ...]:
    """Return all that does not fit: the account's first, then by symbol, in the order of the tables; empty = all is well."""
    found = [Finding(fault=fault, symbol="", text=text) for fault, (holds, text) in ACCOUNT.items() if holds(truth)]
    for symbol in wanted.symbols:
        found += _of_symbol(symbol, truth, wanted)
    return tuple(found)


def _of_symbol(symbol: str, truth: AccountTruth, wanted: Wanted) -> Iterator[Finding]:
    config = truth.symbols.get(symbol)
    if config is None:
        text = f"{symbol}: the exchange does not state leverage and margin type, or in words that are not documented"
        yield Finding(fault="not_stated", symbol=symbol, text=text)
        return
    for fault, says in SYMBOL.items():
        if text := says(config, wanted):
            yield Finding(fault=fault, symbol=symbol, text=f"{symbol}: {text}")


def of_account(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that concern every symbol."""
    return tuple(each for each in findings if not each.symbol)


def closures(findings: Sequence[Finding], symbols: Sequence[str]) -> tuple[Closure, ...]:
    """Return what the findings close to entries: one of the account closes every symbol, the others their own."""
    return tuple(
        Closure(symbol=symbol, reason=_CLOSES[each.fault], since=0, until=None, text=each.text)
        for each in findings
        for symbol in ((each.symbol,) if each.symbol else symbols)
    )
