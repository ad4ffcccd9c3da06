"""Execution at the simulator's server: halts, key, modes, leverage, filters, funding: what a person must mend is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.exchange.errors import RULES
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from shared.runtime.process.exits import Exit, Leave
from tests.support.exchange_driver.scene import BTC, ETH, Scene, scene


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def refusing(code: int, path: str, **fields: Any) -> dict[str, Any]:
    """Fields of a fault: the exchange answers with the code, and nothing happens."""
    return {"code": code, "path": path, "executed": False, **fields}


@pytest.mark.parametrize("code", [-2015, -1022, -4400])
async def test_an_entry_that_is_refused_for_good_stops_every_entry_and_nothing_else(at: Scene, code: int) -> None:
    """EXEC-6, EXEC-3, invariant 5: said with the sentence that mends it, to risk too; exits go on; a person re-arms."""
    async with at.running() as process:
        held = await at.open("held")
        await at.hand.fault("error_answer", **refusing(code, "/fapi/v1/order", method="POST", count=1))
        await at.enter("refused", ETH)
        await at.ears.until(lambda: any(each.command == "halt" and each.by == "execution" for each in at.ears.controls[2:]))
        sentence = RULES[code].sentence
        assert sentence in at.ears.alerted(f"halt.{code}")[0].text
        assert sentence in at.ears.controls[-1].reason
        assert sentence in process.driver.trouble()
        await at.enter("kept", ETH)
        await at.ears.until(lambda: bool(at.ears.alerted("refused.halted")))
        await at.hand.price(BTC, float(held.target + 20))
        await at.until(at.flat)
        await at.command("rearm")
        await at.until(lambda: process.driver.trouble() == "")
        await at.open("again", ETH)


async def test_a_key_that_dies_between_orders_is_noticed_by_the_statement(at: Scene) -> None:
    """EXEC-6: before an entry is tried."""
    async with at.running(driver={"statement_every_s": 1.0}):
        await at.hand.fault("error_answer", **refusing(-2015, "/fapi/v3/balance"))
        await at.ears.until(lambda: bool(at.ears.alerted("halt.-2015")))
        await at.enter("one")
        await at.ears.until(lambda: bool(at.ears.alerted("refused.halted")))
        assert await at.sent() == []


async def test_a_ban_pages_at_once_and_entries_go_on_by_themselves_after_it(at: Scene) -> None:
    """EXEC-6: met by a read; while it lasts nothing is sent, an entry is refused with the reason, and nobody re-arms."""
    async with at.running(driver={"statement_every_s": 1.0}) as process:
        await at.hand.fault("banned_418", path="/fapi/v3/balance", retry_after_s=4, count=1)
        await at.ears.until(lambda: bool(at.ears.alerted("ban.")))
        await at.ears.until(lambda: at.ears.closed() == "ban")
        (page,) = at.ears.alerted("ban.")
        assert page.severity == "critical"
        assert "banned" in process.driver.trouble()
        await at.enter("banned")
        await at.ears.until(lambda: any("banned this machine" in each.text for each in at.ears.alerted("refused.")))
        assert process.core.state.halted is None
        await at.ears.until(lambda: bool(at.ears.alerted("ban_over.")))
        await at.until(lambda: process.driver.trouble() == "")
        await at.open("after")
    assert len(at.ears.alerted("ban.")) == 1


async def test_a_stop_that_meets_a_ban_is_placed_after_it_and_the_symbol_trades_on(at: Scene) -> None:
    """EXEC-3, EXEC-6: 418 says nothing of the stop, so it is no refused stop, which would freeze the symbol."""
    async with at.running(naked_ms=10_000) as process:
        await at.hand.fault("banned_418", path="/fapi/v1/algoOrder", method="POST", retry_after_s=1, count=3)
        await at.enter("one")
        await at.until(at.protected, 20.0)
        assert process.core.state.frozen == {}
        assert at.ears.alerted("ban.")


async def test_a_ban_at_the_start_is_waited_for(at: Scene) -> None:
    """EXEC-6: a process that ended and began again would ask again, and be banned for longer."""
    await at.hand.fault("banned_418", path="/fapi/v3/balance", retry_after_s=1, count=1)
    async with at.running() as process:
        assert at.ears.alerted("ban.")
        await at.open("one")
        assert not process.task.done()


async def test_a_key_that_gets_no_user_stream_stops_entries(at: Scene) -> None:
    """EXEC-6: the listen key is refused while everything else still answers."""
    async with at.running():
        await at.hand.fault("error_answer", **refusing(-2015, "/fapi/v1/listenKey", method="POST"))
        await at.hand.fault("disconnect", stream="private")
        await at.ears.until(lambda: bool(at.ears.alerted("halt.-2015")))


async def test_a_command_to_halt_holds_for_the_entries_behind_it_and_outlives_a_restart(at: Scene) -> None:
    """Invariant 5: who takes the account over sends no entry either."""
    async with at.running() as process:
        await at.command("halt", "too hot")
        await at.until(lambda: process.core.state.halted is not None)
        await at.until(lambda: process.driver._log.caught_up)
        await process.kill()
    async with at.running(rearm=False):
        await at.enter("one")
        await at.ears.until(lambda: any("too hot" in each.text for each in at.ears.alerted("refused.halted")))
    assert await at.sent() == []


async def test_hedge_mode_refuses_the_start_and_a_position_in_it_does_not(at: Scene) -> None:
    """OPS-7, fault 18: with something held the process starts, states the legs, and takes no entries."""
    client = at.adapter()
    await client.start()
    await client.set_hedge_mode(True)
    with pytest.raises(Leave, match="hedge mode") as left:
        async with at.running():
            pass
    assert left.value.code == Exit.REFUSED
    bought = NewOrder(
        client_id="hand-1", symbol=BTC, side="BUY", type="MARKET", quantity=Decimal("0.010"), position_side="LONG"
    )
    assert isinstance(await client.place(bought), Accepted)
    await client.close()
    async with at.running(ready=False) as process:
        await at.ears.until(lambda: bool(at.ears.statements) and bool(at.ears.lists))
        await at.ready(process)
        assert at.ears.closed() == "account_mode"
        (position,) = at.ears.statements[-1].account.positions
        assert (position.symbol, position.leg, position.quantity) == (BTC, "LONG", Decimal("0.010"))
        await at.enter("one")
        await at.ears.until(lambda: bool(at.ears.alerted("refused.")))
    assert len(await at.sent()) == 1, "the position by hand"


async def test_a_margin_type_that_cannot_be_set_closes_the_symbol_and_not_the_process(at: Scene) -> None:
    """RISK-5, fault 18: a position by hand is open in it; the other symbol trades."""
    client = at.adapter()
    await client.start()
    await client.set_margin_type(BTC, "isolated")
    by_hand = NewOrder(client_id="hand-1", symbol=BTC, side="BUY", type="MARKET", quantity=Decimal("0.010"))
    assert isinstance(await client.place(by_hand), Accepted)
    await client.close()
    async with at.running():
        assert at.ears.closed(BTC) == "margin_type"
        await at.open("one", ETH)
        configs = await _configs(at)
        assert configs[ETH].leverage == at.common.account.leverage


async def test_changed_filters_are_told_and_the_next_order_is_rounded_to_them(at: Scene) -> None:
    """RISK-1, EXEC-3, fault 11: the tick grows after the approval; one refused stop, then one that stands farther away."""
    async with at.running() as process:
        wanted = await at.intent("one")
        await at.hand.fault("filters", symbol=BTC, tick_size="50")
        stop = (wanted.stop // 50) * 50 + 20
        await at.approve(msgspec.structs.replace(wanted, stop=stop, bound=(wanted.bound // 50 + 1) * 50))
        await at.until(lambda: _stop_stands(at))
        (stands,) = await at.waiting("STOP_MARKET")
        assert Decimal(stands["triggerPrice"]) == (stop // 50) * 50
        assert process.core.state.frozen == {}
        assert at.ears.alerted("filters.BTCUSDT.tick_size")
        await at.hand.lift()


async def _stop_stands(at: Scene) -> bool:
    return len(await at.waiting("STOP_MARKET")) == 1


async def _configs(at: Scene) -> Any:
    client = at.adapter()
    await client.start()
    try:
        return await client.symbol_configs()
    finally:
        await client.close()
