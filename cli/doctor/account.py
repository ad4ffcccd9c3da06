"""Checks of what would be traded: the symbols as the exchange lists them, and how our account is set there."""

from __future__ import annotations

from typing import Final

from cli.doctor.check import Outcome
from cli.doctor.exchange import NETWORK, not_needed, opened
from cli.settings import Settings
from services.execution.drivers.exchange.preflight import truth_of
from services.ingest.service import ENDPOINTS
from shared.domain.listing import ClosureReason
from shared.exchange import account_truth, listing
from shared.exchange.errors import ExchangeError

_HOUR_MS: Final = 3_600_000
#: Closures that pass by themselves, or that are known ahead: worth a word, no fault of the configuration.
_PASSING: Final[frozenset[ClosureReason]] = frozenset({"session", "delisting"})
_AGAIN: Final = "mend it as it says, then run `ict doctor` again"
_LEFT_OUT_NAMED: Final = 3


async def symbols(settings: Settings) -> Outcome:
    """Every configured symbol is listed, readable and traded, with the filters that this mode rounds to."""
    if (none := not_needed("symbols", settings)) is not None:
        return none
    try:
        async with opened(settings) as exchange:
            info = await exchange.exchange_info()
            asks = listing.needs_schedule(info, settings.symbols)
            schedule = await exchange.trading_schedule() if asks else None
    except (ExchangeError, OSError) as error:
        return Outcome("symbols", "fail", f"not asked: {error}"[:300], NETWORK, unreachable=True)
    now = info.time
    judged = listing.judge(info, schedule, settings.symbols, now, int(settings.execution.driver.delisting_lead_h * _HOUR_MS))
    shut = [each for each in judged.closures if each.holds(now)]
    if shut:
        passing = all(each.reason in _PASSING for each in shut)
        text = "; ".join(each.text for each in shut)
        return Outcome("symbols", "warn" if passing else "fail", text, "correct `symbols`, or wait; exits are not concerned")
    if settings.mode == "paper" and (apart := listing.changes(settings.instrument_table(), judged.instruments)):
        text = "; ".join(f"{each.symbol} {each.field} is {each.after} at the exchange, {each.before} here" for each in apart)
        return Outcome("symbols", "warn", text, "set `instruments` to the exchange's: mode paper rounds to them")
    text = f"{', '.join(settings.symbols)}: listed and traded"
    if info.left_out:
        named = "; ".join(f"{each.symbol}: {each.reason}" for each in info.left_out[:_LEFT_OUT_NAMED])
        text += f"; {len(info.left_out)} of the exchange's other symbols cannot be read: {named}"
    return Outcome("symbols", "ok", text)


async def account(settings: Settings) -> Outcome:
    """The account is in the modes that are traded in, and its leverage and margin type are those of the settings."""
    if settings.mode not in ENDPOINTS or settings.mode == "paper" or not settings.exchange.has_key:
        return Outcome("account", "ok", f"not looked at: mode {settings.mode} sends no order with a key")
    wanted = account_truth.Wanted(
        symbols=settings.symbols, leverage=settings.account.leverage, margin_type=settings.account.margin_type
    )
    try:
        async with opened(settings) as exchange:
            await exchange.start()
            truth = await truth_of(exchange)
            rates = await exchange.commission(settings.symbols[0])
    except OSError as error:
        return Outcome("account", "fail", f"not asked: {error}"[:300], NETWORK, unreachable=True)
    except ExchangeError as error:
        return Outcome("account", "fail", str(error)[:300], "check the key first", unreachable=error.status == 0)
    found = account_truth.judge(truth, wanted)
    modes = account_truth.of_account(found)
    if modes:
        return Outcome("account", "fail", "; ".join(each.text for each in modes), _AGAIN)
    if found:
        text = "; ".join(each.text for each in found)
        return Outcome(
            "account", "warn", text, "execution sets leverage and margin type at its start, where nothing is open"
        )
    fees = f"fees {rates.maker} maker, {rates.taker} taker (tier {truth.config.fee_tier})"
    return Outcome("account", "ok", f"one-way, single-asset, leverage {wanted.leverage}, {wanted.margin_type}; {fees}")
