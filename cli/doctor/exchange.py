"""Checks of the exchange: reachable, its clock beside ours, what our key may do. None is needed in mode sim."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from cli.doctor.check import Outcome
from cli.settings import Settings
from services.ingest.service import ENDPOINTS
from shared.exchange.errors import ExchangeError
from shared.exchange.open import make_exchange
from shared.exchange.port import Exchange

#: Seconds of difference from which our clock is worth a word, and from which messages would be refused.
_APART: Final = 1.0
_TOO_FAR: Final = 30.0
_MANAGED: Final = "in the exchange's API management"
_SET_KEY: Final = "set exchange.key and exchange.secret"
#: What to do when the exchange does not answer.
NETWORK: Final = "look at the network and at the exchange's status page, or set exchange.rest_url"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Exchange]:
    """Open the exchange of the mode, which is asked once and without patience; close it at the end."""
    hasty = settings.exchange.model_copy(update={"request_timeout_s": 2.0, "read_attempts": 1, "clock_samples": 1})
    exchange = make_exchange(ENDPOINTS[settings.mode], hasty, None, "rest")
    try:
        yield exchange
    finally:
        await exchange.close()


def not_needed(name: str, settings: Settings) -> Outcome | None:
    """Return the outcome of a check in a mode without an exchange; None in the others."""
    if settings.mode in ENDPOINTS:
        return None
    return Outcome(name, "ok", f"mode {settings.mode} needs none")


def _address(settings: Settings) -> str:
    return settings.exchange.addresses(ENDPOINTS[settings.mode])[0]


async def reachable(settings: Settings) -> Outcome:
    """The exchange's REST address answers."""
    if (none := not_needed("exchange", settings)) is not None:
        return none
    try:
        async with opened(settings) as exchange:
            await exchange.server_time()
    except (ExchangeError, OSError) as error:
        return Outcome("exchange", "fail", f"{_address(settings)}: {error}"[:300], NETWORK, unreachable=True)
    return Outcome("exchange", "ok", f"{_address(settings)} answers")


async def clock(settings: Settings) -> Outcome:
    """Our clock agrees with the exchange's."""
    if (none := not_needed("clock", settings)) is not None:
        return none
    try:
        async with opened(settings) as exchange:
            await exchange.start()
            ahead = time.time() - exchange.now() / 1000
    except (ExchangeError, OSError):
        return Outcome("clock", "fail", "not compared: the exchange does not answer", NETWORK, unreachable=True)
    text = f"ours is {abs(ahead):.3f} s {'ahead of' if ahead > 0 else 'behind'} the exchange's"
    if abs(ahead) >= _TOO_FAR:
        return Outcome("clock", "fail", text, "sudo timedatectl set-ntp true")
    if abs(ahead) >= _APART:
        return Outcome("clock", "warn", f"{text} (signatures allow for it)", "sudo timedatectl set-ntp true")
    return Outcome("clock", "ok", text)


async def key(settings: Settings) -> Outcome:
    """The API key works, may trade, and may not withdraw."""
    if settings.mode not in ENDPOINTS or not settings.exchange.has_key:
        if settings.mode in ("testnet", "live"):
            return Outcome("key", "fail", f"mode {settings.mode} sends orders and has no key", _SET_KEY)
        return Outcome("key", "ok", f"none is used in mode {settings.mode}")
    try:
        async with opened(settings) as exchange:
            await exchange.start()
            rights = await exchange.key_rights()
    except OSError as error:
        return Outcome("key", "fail", f"not asked: {error}"[:300], NETWORK, unreachable=True)
    except ExchangeError as error:
        unanswered = error.status == 0
        cure = NETWORK if unanswered else "check exchange.key, exchange.secret and the key's IP list at the exchange"
        return Outcome("key", "fail", str(error)[:300], cure, unreachable=unanswered)
    if rights.withdraw:
        return Outcome("key", "fail", "the key may withdraw money", f"switch withdrawals off {_MANAGED}")
    if rights.trade is False:
        return Outcome("key", "fail", "the key may not trade futures", f"switch futures trading on {_MANAGED}")
    if rights.ip_restricted is False:
        return Outcome("key", "warn", "withdrawals are off; any address may use the key", f"restrict it {_MANAGED}")
    if rights.withdraw is None:
        return Outcome("key", "ok", "the key works; this exchange does not report its permissions")
    return Outcome("key", "ok", "the key may trade and may not withdraw")
