"""Operators' commands at the simulator's server, through the whole of execution's driver (RISK-7, OPS-7)."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared.approval.risk_orders import sign
from shared.approval.signing import COMMAND, Realm, Signer
from shared.domain.control import Control
from shared.domain.intents import RiskOrder
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from tests.support.approval.commands import command
from tests.support.approval.pairs import OTHER
from tests.support.exchange_driver.scene import ETH, Scene, scene


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


async def a_person_buys(at: Scene, symbol: str, quantity: str) -> None:
    exchange = at.adapter()
    await exchange.start()
    try:
        name = f"web_{uuid.uuid4().hex[:20]}"
        order = NewOrder(client_id=name, symbol=symbol, side="BUY", type="MARKET", quantity=Decimal(quantity))
        assert isinstance(await exchange.place(order), Accepted)
    finally:
        await exchange.close()


async def test_flatten_leaves_nothing_held_and_nothing_resting_and_outlives_a_restart(at: Scene) -> None:
    """RISK-7: ours and a person's, and entries stay halted in the process that comes after."""
    async with at.running() as process:
        await at.open("ours")
        await a_person_buys(at, ETH, "0.500")
        await at.until(lambda: process.core.state.leg(ETH).foreign > 0)
        await at.command("flatten", "a drill")
        await at.until(at.flat)
        await at.until(lambda: at.flat(ETH))
        await at.ears.until(lambda: any(alert.key.endswith(".flat") for alert in at.ears.alerted("control.flatten")))
        assert all(each["reduceOnly"] for each in (await at.truth())["orders"] if each["side"] == "SELL")
        await at.until(lambda: process.driver._log.caught_up)
    async with at.running(rearm=False) as process:
        assert process.core.state.halted is not None
        assert "a drill" in process.core.state.halted.why


async def test_an_order_of_risk_closes_everything_and_tells_risk_nothing_that_it_knows(at: Scene) -> None:
    """RISK-3: ours and a person's, through the queue of commands; what is not risk's own closes nothing."""
    ordered = RiskOrder(kind="flatten", id="f1", reason="a drawdown", decided_at=0, sent_at=time.time_ns() // 1_000_000)
    async with at.running() as process:
        await at.open("ours")
        await a_person_buys(at, ETH, "0.500")
        await at.until(lambda: process.core.state.leg(ETH).foreign > 0)
        stranger = Signer(OTHER.private, at.common.realm())
        await at.bus.publish([sign(ordered, stranger)])
        await at.ears.until(lambda: bool(at.ears.alerted("risk_order_refused.forged")))
        assert process.core.state.halted is None
        await at.bus.publish([sign(ordered, at.common.signer())])
        await at.until(at.flat)
        await at.until(lambda: at.flat(ETH))
        await at.until(lambda: process.core.state.flattening is None)
        assert process.core.state.halted is not None
        assert [each for each in at.ears.controls if "a drawdown" in each.reason] == []


async def test_close_and_cancel_act_on_what_they_name(at: Scene) -> None:
    """RISK-7: the other trade goes on, protected."""
    async with at.running() as process:
        await at.open("one")
        await at.open("two", ETH)
        await at.command("close", symbol=ETH)
        await at.until(lambda: at.flat(ETH))
        await at.command("cancel")
        await at.ears.until(lambda: bool(at.ears.alerted("control.cancel")))
        assert await at.protected()
        assert process.core.state.halted is None


async def test_a_command_is_obeyed_while_intents_fill_the_other_queue(at: Scene) -> None:
    """RISK-7: commands have a queue of their own."""
    async with at.running() as process:
        await at.open("ours")
        for number in range(300):
            await at.approve(await at.intent(f"late-{number}", valid_until=1))
        await at.command("flatten")
        await at.until(at.flat)
        assert process.core.state.halted is not None


async def test_two_thousand_pieces_of_junk_do_not_hold_a_pause_up(at: Scene) -> None:
    """RISK-7, OPS-7: the first is dead-lettered and alerted; the others are discarded."""
    async with at.running() as process:
        junk = [Control(id="i" * 300, command="halt", by="nobody", reason="") for _ in range(2_000)]
        flood = asyncio.create_task(at.bus.publish(junk))
        await at.command("halt", "enough")
        await at.until(lambda: process.core.state.halted is not None)
        await flood
        await at.ears.until(lambda: bool(at.ears.alerted("control.halt")))
        alerts = [alert for alert in at.ears.alerts if "no command: " in alert.text]
        assert len(alerts) == 1
        assert len(await at.bus.dead_letters("execution.commands", 9)) == 1


async def test_forged_altered_and_repeated_commands_change_nothing(at: Scene) -> None:
    """OPS-7: whoever can write to the broker cannot re-arm."""
    async with at.running() as process:
        await at.command("halt")
        await at.until(lambda: process.core.state.halted is not None)
        realm = Realm("testnet", at.common.namespace, "main")
        forged = [
            Control(id="f1", command="rearm", by="me", reason="let me"),
            command("rearm", "f2", Signer(OTHER.private, realm, COMMAND)),
            command("rearm", "f3", Signer(OTHER.private, Realm("live", "ict", "main"), COMMAND)),
        ]
        await at.bus.publish(forged)
        await at.ears.until(lambda: len(at.ears.alerted("command_refused.")) == 2)
        assert process.core.state.halted is not None
        assert process.core.state.commands.all_refused == 3
        rearm = command("rearm", "r", at.common.command_signer())
        await at.bus.publish([rearm])
        await at.until(lambda: process.core.state.halted is None)
        await at.command("halt")
        await at.until(lambda: process.core.state.halted is not None)
        await at.bus.publish([rearm])
        await at.ears.until(lambda: bool(at.ears.alerted("command_refused.replayed")))
        assert process.core.state.halted is not None
