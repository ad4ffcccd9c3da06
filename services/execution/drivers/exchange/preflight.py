"""Checks key and account before the first order, and sets leverage and margin type (OPS-7, RISK-5).

With a position open nothing here keeps the process from starting: it protects what is held, and takes no entries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from shared.config.account import AccountSettings
from shared.exchange.account_truth import AccountTruth, Finding, of_account
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import SymbolConfig
from shared.exchange.port import TradingExchange
from shared.runtime.process.exits import Exit, Leave

log = structlog.get_logger(__name__)


async def key_fault(exchange: TradingExchange) -> str:
    """Return why this key must not be used, for people; empty if nothing speaks against it. Raises ExchangeError."""
    try:
        rights = await exchange.key_rights()
    except ExchangeError as error:
        if error.action == "halt":
            return f"the exchange refuses the key: {error}"
        raise
    if rights.withdraw:
        return "the API key may withdraw: make a key without withdrawals"
    if rights.trade is False:
        return "the API key may not trade futures: permit it, or use another key"
    if rights.ip_restricted is False:
        log.warning("key_not_bound_to_address", advice="bind the API key to this machine's IP address")
    return ""


async def truth_of(exchange: TradingExchange) -> AccountTruth:
    """Ask for the account's modes, balances and settings of every symbol. Raises ExchangeError."""
    config, balances, symbols = await asyncio.gather(
        exchange.account_config(), exchange.balances(), exchange.symbol_configs()
    )
    return AccountTruth(config=config, balances=balances, symbols=symbols)


async def set_up(
    exchange: TradingExchange, symbols: Iterable[str], account: AccountSettings, found: dict[str, SymbolConfig]
) -> tuple[str, ...]:
    """Set margin type and leverage of the symbols where they differ, all at once. Returns those that could not be set.

    found: the settings as they are. Whether they fit is judged by what the exchange states after this. Raises ExchangeError
    for what a person must mend.
    """

    async def one(symbol: str) -> bool:
        config = found.get(symbol)
        try:
            if config is None or config.margin_type != account.margin_type:
                await exchange.set_margin_type(symbol, account.margin_type)
            if config is None or config.leverage != account.leverage:
                await exchange.set_leverage(symbol, account.leverage)
        except ExchangeError as error:
            if error.action == "halt":
                raise
            log.warning("setting_not_made", symbol=symbol, error=str(error))
            return False
        return True

    asked = tuple(symbols)
    done = await asyncio.gather(*(one(symbol) for symbol in asked))
    return tuple(symbol for symbol, well in zip(asked, done, strict=True) if not well)


def modes_fault(findings: Iterable[Finding]) -> str:
    """Return which modes of the whole account are not traded in, for people; empty if all are well."""
    return "; ".join(each.text for each in of_account(tuple(findings)))


async def holds_something(exchange: TradingExchange, exposed: bool) -> bool:
    """True if a position is open, by the exchange's word or, where it gives none, as we last knew it (``exposed``)."""
    try:
        return exposed or bool(await exchange.positions())
    except ExchangeError:
        return exposed


async def refuse(exchange: TradingExchange, fault: str, exposed: bool) -> None:
    """Raise Leave for a fault, unless a position is open: then what is held is protected first."""
    if not await holds_something(exchange, exposed):
        raise Leave(Exit.REFUSED, f"{fault}; nothing was sent")
