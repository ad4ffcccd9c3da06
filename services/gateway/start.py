"""What must hold before the first order may leave: key, modes, filters (OPS-7, RISK-5). Part of the gateway's shell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from shared.config.account import AccountSettings
from shared.domain.control import Alert
from shared.domain.instruments import Instrument
from shared.exchange.errors import ExchangeError
from shared.exchange.port import TradingExchange
from shared.runtime.process.exits import Exit, Leave

log = structlog.get_logger(__name__)


async def check_account(exchange: TradingExchange) -> None:
    """Raises Leave for a key that could do harm, or an account in a mode that the system does not trade in."""
    try:
        rights = await exchange.key_rights()
        hedge = await exchange.hedge_mode()
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
    if hedge:
        raise Leave(Exit.REFUSED, "the account is in hedge mode: set one-way mode (no positions, no orders) and start again")


async def set_up(exchange: TradingExchange, symbols: Sequence[str], account: AccountSettings) -> None:
    """Set margin type and leverage of every symbol, all at once. Raises ExchangeError if the exchange refuses one."""

    async def one(symbol: str) -> None:
        await exchange.set_margin_type(symbol, account.margin_type)
        await exchange.set_leverage(symbol, account.leverage)

    await asyncio.gather(*(one(symbol) for symbol in symbols))


async def filters_apart(exchange: TradingExchange, configured: Mapping[str, Instrument], now: int) -> list[Alert]:
    """An alert for every symbol whose configured filters are not the venue's: its orders may be refused or rounded badly."""
    info = await exchange.exchange_info()
    alerts = []
    for symbol, instrument in configured.items():
        rules = info.symbols.get(symbol)
        if rules is None or not rules.trading:
            what = f"{symbol} is not traded at the exchange ({'unknown' if rules is None else rules.status})"
        elif rules.instrument() != instrument:
            what = f"{symbol}: the filters configured ({instrument}) are not the exchange's ({rules.instrument()})"
        else:
            continue
        alerts.append(
            Alert(
                severity="critical",
                source="gateway",
                key=f"filters.{symbol}",
                text=f"{what}; correct the settings",
                time=now,
            )
        )
    return alerts
