"""Wiring of the guardian: its settings out of the configuration, its exchange, its process."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.guardian.guarding import Guardian
from services.guardian.settings import GuardianSettings
from shared.config.account import AccountSettings
from shared.config.process import HttpSettings, LogSettings
from shared.domain.client_ids import lineage
from shared.domain.like import Like
from shared.domain.modes import Mode
from shared.exchange.open import make_guarded
from shared.exchange.settings import Endpoint, ExchangeSettings
from shared.runtime.process.exits import Exit, Leave

#: Request weight a minute that an address has (docs/binance.md §6.1).
_ADDRESS_WEIGHT: Final = 2_400
#: Longest wait for an answer, seconds: a stop that is not answered is sent again, under the same id.
_PATIENCE_S: Final = 2.0


class GuardianRoot(BaseModel):
    """What the guardian reads of a configuration file. It passes over every other section: a fault there is not its own."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    mode: Mode = Field("sim", description="Where the market is and where orders go")
    namespace: Annotated[str, Like("ict-2 (a to z, 0 to 9, _ and -, at most 40 characters)")] = Field(
        "ict", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="Name of the deployment"
    )
    account: AccountSettings = Field(default_factory=AccountSettings, description="Leverage and margin type")
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged, and how")
    http: HttpSettings = Field(default_factory=HttpSettings, description="Metrics and health over HTTP")
    exchange: ExchangeSettings = Field(default_factory=ExchangeSettings, description="The exchange")
    guardian: GuardianSettings = Field(default_factory=GuardianSettings, description="The guardian")


def refusal(mode: Mode, settings: GuardianSettings, exchange: ExchangeSettings) -> str:
    """Return why the guardian cannot start, as a sentence; empty if it can."""
    if mode in ("sim", "paper"):
        return f"mode {mode}: no order leaves this system, so there is nothing to guard; it is for testnet and live"
    if not settings.has_key:
        return (
            f"mode {mode}: the guardian has a key of its own: set ICT_GUARDIAN__KEY and ICT_GUARDIAN__SECRET, or secret "
            "files of the names guardian__key and guardian__secret. Make a second API key of the same account, which may "
            "trade futures and not withdraw"
        )
    if settings.key.get_secret_value() == exchange.key.get_secret_value():
        return "guardian.key is execution's (exchange.key): whoever revokes it takes both away. Make a second API key"
    return ""


def make_guardian(root: GuardianRoot) -> Guardian:
    """Build the guardian, inside the running event loop. Raises Leave if it may not start."""
    why = refusal(root.mode, root.guardian, root.exchange)
    if why:
        raise Leave(Exit.USAGE if root.mode in ("sim", "paper") else Exit.REFUSED, why)
    endpoint: Endpoint = "mainnet" if root.mode == "live" else "demo"
    return Guardian(make_guarded(endpoint, own_exchange(root)), root.guardian, lineage(root.mode, root.namespace))


def own_exchange(root: GuardianRoot) -> ExchangeSettings:
    """Return the exchange's settings with the guardian's key: each request is one attempt, and the core repeats."""
    exchange, limiter = root.exchange, root.exchange.limiter
    share = min(limiter.guardian, root.guardian.weight_per_minute / _ADDRESS_WEIGHT)
    return exchange.model_copy(
        update={
            "key": root.guardian.key,
            "secret": root.guardian.secret,
            "read_attempts": 1,
            "order_attempts": 1,
            "request_timeout_s": min(exchange.request_timeout_s, _PATIENCE_S),
            "limiter": limiter.model_copy(update={"guardian": share, "protect_wait_s": 1.0, "read_wait_s": 5.0}),
        }
    )
