"""What must hold before the first order may leave: key, modes, leverage, margin type (OPS-7, RISK-5). Part of the shell."""

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


async def check_key(exchange: TradingExchange) -> None:
    """Raises Leave for a key that could do harm, or that the exchange refuses."""
    try:
        rights = await exchange.key_rights()
    except ExchangeError as error:
        if error.action == "halt":
            raise Leave(Exit.REFUSED, f"the exchange refuses the key: {error}") from error
        raise
    if rights.withdraw:
        raise Leave(Exit.REFUSED, "the API key may withdraw: make a key without withdrawals; nothing was sent")
    if rights.trade is False:
        raise Leave(Exit.REFUSED, "the API key may not trade futures: permit it, or use another key")
    if rights.ip_restricted is False:
        log.warning("the API key is not bound to an IP address; bind it")


async def truth_of(exchange: TradingExchange) -> AccountTruth:
    """Ask for the account's modes, balances and settings of every symbol. Raises ExchangeError."""
    config, balances, symbols = await asyncio.gather(
        exchange.account_config(), exchange.balances(), exchange.symbol_configs()
    )
    return AccountTruth(config=config, balances=balances, symbols=symbols)


async def set_up(
    exchange: TradingExchange, symbols: Iterable[str], account: AccountSettings, found: dict[str, SymbolConfig]
) -> tuple[str, ...]:
    """Set margin type and leverage of the symbols where they differ, all at once. Returns those that refused a change.

    found: the settings as they are. Raises ExchangeError if the exchange could not be asked.
    """

    async def one(symbol: str) -> bool:
        config = found.get(symbol)
        try:
            if config is None or config.margin_type != account.margin_type:
                await exchange.set_margin_type(symbol, account.margin_type)
            if config is None or config.leverage != account.leverage:
                await exchange.set_leverage(symbol, account.leverage)
        except ExchangeError as error:
            if error.action != "refuse":
                raise
            log.warning("the exchange refuses leverage or margin type", symbol=symbol, error=str(error))
            return False
        return True

    asked = tuple(symbols)
    done = await asyncio.gather(*(one(symbol) for symbol in asked))
    return tuple(symbol for symbol, well in zip(asked, done, strict=True) if not well)


async def refuse_modes(exchange: TradingExchange, findings: Iterable[Finding]) -> None:
    """Raises Leave for modes of the whole account that are not traded in; with an open position only for hedge mode.

    Who holds a position needs the gateway: it starts, entries stay closed, and exits are managed. In hedge mode no order of
    ours is taken, exits included.
    """
    wrong = of_account(tuple(findings))
    if not wrong:
        return
    if any(each.fault == "hedge_mode" for each in wrong) or not await exchange.positions():
        raise Leave(Exit.REFUSED, "; ".join(each.text for each in wrong))
