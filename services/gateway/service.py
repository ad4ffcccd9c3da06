"""Wiring of the gateway: one source, because the account has one hand; replicas stand by."""

from __future__ import annotations

from functools import partial

from services.gateway.flow import GatewayFlow
from services.gateway.settings import GatewaySettings
from shared.config.settings import CommonSettings
from shared.exchange.open import make_exchange
from shared.exchange.port import TradingExchange
from shared.exchange.settings import Endpoint
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.service import ServiceSpec
from shared.runtime.source import SourceSpec
from shared.store.port import StateStore


def _venue(endpoint: Endpoint, common: CommonSettings, store: StateStore | None) -> TradingExchange:
    if not common.exchange.has_key:
        raise Leave(
            Exit.REFUSED, "no API key: set ICT_EXCHANGE__KEY and ICT_EXCHANGE__SECRET, or secret files of those names"
        )
    return make_exchange(endpoint, common.exchange, store)


def spec(common: CommonSettings, settings: GatewaySettings) -> ServiceSpec:
    """The account's gateway to the venue of the mode."""
    endpoint: Endpoint = "mainnet" if common.mode == "live" else "demo"
    return ServiceSpec(
        name="gateway",
        group="gateway",
        sources=(
            SourceSpec(
                name="gateway",
                build=lambda bus, store: GatewayFlow(bus, partial(_venue, endpoint, common, store), common, settings),
            ),
        ),
    )
