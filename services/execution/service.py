"""Wiring of execution at a real exchange: one source, because one process trades for the account. Replicas, and
other deployments that share the store, stand by.

In modes sim and paper the same core runs in a lane with the matching engine (``simulator``).
"""

from __future__ import annotations

from functools import partial

from services.execution.core import ExecutionCore
from services.execution.drivers.exchange.alone import lease_of
from services.execution.drivers.exchange.driver import ExchangeDriver
from services.execution.settings import ExecutionSettings
from shared.approval.risk_orders import judge_of
from shared.config.settings import CommonSettings
from shared.domain.client_ids import lineage
from shared.exchange.open import make_exchange
from shared.exchange.port import Exchange
from shared.exchange.settings import Endpoint
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.service import ServiceSpec
from shared.runtime.source import SourceSpec
from shared.store.port import StateStore


def make_core(common: CommonSettings, settings: ExecutionSettings) -> ExecutionCore:
    """Build the account's core, empty. In mode live its first trades are capped in size, unless that is acknowledged."""
    capped = common.mode == "live" and not settings.first_trades_acknowledged
    verifier = common.verifier()
    return ExecutionCore(
        common.instrument_table(),
        settings,
        verifier.approved,
        commands=common.command_judge(),
        risk_orders=judge_of(verifier, timed=True),
        lineage=lineage(common.mode, common.namespace),
        validity_ms=common.exchange.recv_window_ms,
        first_trades=settings.first_trades if capped else 0,
    )


def spec(common: CommonSettings, settings: ExecutionSettings) -> ServiceSpec:
    """Return the service in modes testnet and live."""
    endpoint: Endpoint = "mainnet" if common.mode == "live" else "demo"
    paged: set[str] = set()

    def make(store: StateStore | None) -> Exchange:
        if not common.exchange.has_key:
            raise Leave(
                Exit.REFUSED, "no API key: set ICT_EXCHANGE__KEY and ICT_EXCHANGE__SECRET, or secret files of those names"
            )
        return make_exchange(endpoint, common.exchange, store, "execution")

    return ServiceSpec(
        name="execution",
        group="execution",
        sources=(
            SourceSpec(
                name="execution",
                build=lambda bus, store: ExchangeDriver(
                    bus, partial(make, store), partial(make_core, common, settings), common, settings, paged
                ),
                lease=lease_of(common),
                deployment=common.namespace,
            ),
        ),
    )
