"""What a person must mend stops entries at once, everywhere; what protects goes on; only a person re-arms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.domain.control import Control
from shared.exchange.errors import RULES
from shared.store.memory import MemoryStore
from tests.support.exchange.moved_port import MovedPort
from tests.support.execution.desk import INSTRUMENTS
from tests.support.gateway.desk import ENTRY, gateway, memory_desk
from tests.support.gateway.simulator_scene import SimulatorScene, gateway_at_the_simulator

OTHER = msgspec.structs.replace(ENTRY, client_id="ict-eth", symbol="ETHUSDT", quantity=Decimal("0.500"))
CLOSE = msgspec.structs.replace(ENTRY, client_id="ict-close", side="SELL", reduce_only=True)
REARM = Control(id="person-1", command="rearm", by="a person", reason="mended")


@pytest.fixture
async def scene() -> AsyncIterator[SimulatorScene]:
    async with gateway_at_the_simulator() as scene:
        yield scene


def refusing(code: int, path: str) -> dict[str, Any]:
    """Fields of a fault: the exchange answers with the code, and nothing happens."""
    return {"code": code, "path": path, "executed": False}


@pytest.mark.parametrize("code", [-2015, -2014, -1022, -4400, -4087, -2017])
async def test_an_entry_that_is_refused_for_good_stops_every_entry_and_nothing_else(
    scene: SimulatorScene, code: int
) -> None:
    """EXEC-6, EXEC-3, invariant 5: the next entry is not sent; stop, close and cancel are."""
    await scene.desk.place(ENTRY)
    await scene.hand.ask("POST", "faults", kind="error_answer", method="POST", count=1, **refusing(code, "/fapi/v1/order"))
    refused = await scene.desk.place(msgspec.structs.replace(OTHER, client_id="ict-refused"))
    assert [(each.status, each.reject_code) for each in refused.orders] == [("REJECTED", code)]
    held = await scene.desk.place(OTHER)
    assert [(each.status, each.reject_code) for each in held.orders] == [("REJECTED", code)]
    assert RULES[code].sentence in held.orders[0].reject_reason
    protected = await scene.desk.place(scene.stop)
    assert [each.status for each in protected.orders] == ["NEW"]
    closed = await scene.desk.place(CLOSE)
    assert [each.status for each in closed.orders] == ["FILLED"]
    await scene.desk.cancel(scene.stop)
    assert scene.desk.told("ict-stop")[-1].status == "CANCELED"
    assert await scene.sent() == {"ict-entry", "ict-stop", "ict-close"}


async def test_a_halt_is_said_with_the_sentence_that_mends_it(scene: SimulatorScene) -> None:
    """OPS-2, OPS-7: in the alert, in the command that risk and execution obey, and in /readyz; once."""
    await scene.hand.ask("POST", "faults", kind="error_answer", method="POST", **refusing(-2015, "/fapi/v1/order"))
    await scene.desk.place(ENTRY)
    await scene.desk.place(CLOSE)
    await scene.halted(-2015)
    sentence = RULES[-2015].sentence
    assert [sentence in alert.text for alert in scene.desk.alerts if alert.key == "halt.-2015"] == [True]
    assert [sentence in control.reason for control in scene.desk.controls] == [True]
    assert sentence in scene.trouble()
    await scene.hand.lift()
    await scene.desk.command(REARM)
    await scene.desk.until(lambda: "halted" not in scene.trouble())
    assert [each.status for each in (await scene.desk.place(OTHER)).orders] == ["FILLED"]


async def test_a_key_that_dies_between_orders_is_noticed_by_the_statement(scene: SimulatorScene) -> None:
    """EXEC-6: the account is read regularly; the first refusal stops entries, before one is tried."""
    await scene.hand.ask("POST", "faults", kind="error_answer", **refusing(-2015, "/fapi/v3/balance"))
    await scene.halted(-2015)
    assert [each.status for each in (await scene.desk.place(ENTRY)).orders] == ["REJECTED"]
    assert await scene.sent() == set()


async def test_a_key_that_gets_no_user_stream_stops_entries(scene: SimulatorScene) -> None:
    """EXEC-6: the listen key is refused while everything else still answers: news would come late, and the key is dying."""
    await scene.hand.ask("POST", "faults", kind="error_answer", method="POST", **refusing(-2015, "/fapi/v1/listenKey"))
    await scene.hand.fault("disconnect", stream="private")
    await scene.halted(-2015)
    assert [each.status for each in (await scene.desk.place(ENTRY)).orders] == ["REJECTED"]


async def test_the_gateways_command_halts_execution(scene: SimulatorScene) -> None:
    """Invariant 5: the command is the one that ``ict halt`` sends; execution takes no intent from then on."""
    await scene.hand.ask("POST", "faults", kind="error_answer", method="POST", **refusing(-4087, "/fapi/v1/order"))
    await scene.desk.place(ENTRY)
    await scene.halted(-4087)
    core = ExecutionCore(INSTRUMENTS, ExecutionSettings(), "a-key")
    core.handle(scene.desk.controls[0])
    assert core.state.halted
    assert scene.desk.controls[0].by == "gateway"


async def test_a_command_to_halt_holds_for_the_entries_that_wait_behind_it(scene: SimulatorScene) -> None:
    """Invariant 5: an entry that was decided before, and is sent after, is not sent."""
    await scene.desk.command(Control(id="person-0", command="halt", by="a person", reason="too hot"))
    held = await scene.desk.place(ENTRY)
    assert [each.status for each in held.orders] == ["REJECTED"]
    assert "too hot" in held.orders[0].reject_reason
    assert await scene.sent() == set()


async def test_a_refusal_of_one_symbol_stops_no_other(scene: SimulatorScene) -> None:
    """EXEC-6: what a symbol does not take is that symbol's affair."""
    await scene.hand.ask(
        "POST", "faults", kind="error_answer", method="POST", symbol="ETHUSDT", **refusing(-4140, "/fapi/v1/order")
    )
    refused = await scene.desk.place(OTHER)
    assert [(each.status, each.reject_code) for each in refused.orders] == [("REJECTED", -4140)]
    assert [each.status for each in (await scene.desk.place(ENTRY)).orders] == ["FILLED"]
    assert scene.desk.controls == []


async def test_a_halt_outlives_a_restart() -> None:
    """EXEC-2, invariant 5: who takes the account over sends no entry either."""
    exchange, store = MovedPort(), MemoryStore()
    await store.start()
    async with memory_desk() as (desk, bus):
        async with gateway(bus, store, exchange):
            await desk.until(lambda: bool(desk.news))
            await desk.command(Control(id="person-0", command="halt", by="a person", reason="too hot"))
            await desk.place(ENTRY)
        async with gateway(bus, store, exchange):
            held = await desk.place(OTHER)
    assert [each.status for each in held.orders] == ["REJECTED"]
    assert await exchange.positions() == ()
