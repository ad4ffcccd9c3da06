"""Execution at the simulator's server shows what it holds, from its first look at the account on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.execution.drivers.exchange.driver import ExchangeDriver
from services.execution.overview import ExecutionOverview
from services.execution.service import make_core
from services.execution.settings import ExecutionSettings
from tests.support.exchange_driver.scene import BTC, LOT, Scene, scene


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


async def test_a_trade_at_the_exchange_is_shown_with_mark_stop_and_r(at: Scene) -> None:
    """EXEC-2, OPS-3: as a statement of the account has it."""
    async with at.running() as process:
        intent = await at.open()

        def shown() -> ExecutionOverview:
            found = process.driver.overview()["execution"]
            assert isinstance(found, ExecutionOverview)
            return found

        await at.until(lambda: shown().positions and shown().positions[0].mark_price)
        (leg,) = shown().positions
        assert leg.trade is not None
        assert (leg.symbol, leg.quantity, leg.foreign) == (BTC, LOT, 0)
        assert (leg.trade.intent_id, leg.trade.stop, leg.trade.protected) == (intent.id, intent.stop, True)
        assert leg.trade.unrealized_r is not None
        assert {order.purpose for order in shown().orders} == {"stop", "target"}
        assert (shown().unprotected, shown().halted) == ((), None)


async def test_a_driver_that_has_not_begun_has_no_state_to_show(at: Scene) -> None:
    """EXEC-4: nothing known is never shown as a flat account."""
    settings = ExecutionSettings()
    driver = ExchangeDriver(at.bus, at.adapter, lambda: make_core(at.common, settings), at.common, settings)
    assert driver.overview() == {"execution": None}
