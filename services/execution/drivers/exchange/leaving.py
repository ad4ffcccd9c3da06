"""The end of the process: entries are cancelled, protection stays, everything is written and published (EXEC-8)."""

from __future__ import annotations

import asyncio

import structlog

from services.execution.alerts import alert
from services.execution.drivers.exchange.dispatcher import Dispatcher
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.outbox import Outbox
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.inputs import Leaving
from services.execution.reporting import unprotected
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState

log = structlog.get_logger(__name__)

_LOOK_S = 0.05


async def leave(
    loop: MoneyLoop, write_ahead: WriteAhead, outbox: Outbox, dispatcher: Dispatcher, settings: ExecutionSettings
) -> None:
    """Cancel what rests, and close what is held if that is set, within ``leave_s``; write and publish within ``flush_s``."""
    driver = settings.driver
    loop.feed(Leaving(flatten=settings.flatten_on_stop))
    try:
        async with asyncio.timeout(driver.leave_s):
            while _undone(loop.core.state, settings.flatten_on_stop):  # noqa: ASYNC110  a state, no event
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        log.warning("leaving_unfinished", seconds=driver.leave_s)
        bare = ", ".join(unprotected(loop.core.state))
        if bare:
            text = f"execution stops, and no stop stands for what is held in {bare}: start it again, or place one yourself"
            loop.tell(alert("critical", f"left_bare.{loop.now()}", text, loop.now()))
    try:
        async with asyncio.timeout(driver.flush_s):
            await outbox.flushed()
            await write_ahead.written(write_ahead.number, driver.flush_s)
    except TimeoutError:
        log.warning("outbox_not_flushed", seconds=driver.flush_s)


def _undone(state: ExecutionState, flatten: bool) -> bool:
    """An entry rests or is under way, or something is held without a stop; with ``flatten``: a trade of ours lives."""
    if state.plans and (flatten or unprotected(state)):
        return True
    return any(not order.over for plan in state.plans.values() for order in plan.of(state.orders, "entry"))
