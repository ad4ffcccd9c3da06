"""A stop that somebody else has set protects the position: ours is not placed, and theirs is followed and taken away."""

from __future__ import annotations

import msgspec

from shared.exchange.model.orders import NewOrder
from tests.support.gateway.desk import ENTRY
from tests.support.gateway.simulator_scene import gateway_at_the_simulator


async def test_a_stop_set_in_the_app_protects_instead_of_ours() -> None:
    """EXEC-3: the exchange takes one closing stop a side (-4130); the position counts as protected, a person is told."""
    async with gateway_at_the_simulator() as scene:
        await scene.desk.place(ENTRY)
        assert scene.stop.trigger is not None
        theirs = NewOrder(
            client_id="app-1", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", trigger=scene.stop.trigger + 100,
            close_position=True,
        )  # fmt: skip
        await scene.by_hand(theirs)
        answer = await scene.desk.place(scene.stop)
        assert [(each.client_id, each.status, each.trigger) for each in answer.orders] == [
            ("ict-stop", "NEW", theirs.trigger)
        ]
        await scene.desk.until(lambda: any(alert.key == "stands.ict-stop" for alert in scene.desk.alerts))
        closing = msgspec.structs.replace(ENTRY, client_id="ict-close", side="SELL", reduce_only=True)
        await scene.desk.place(closing)
        await scene.desk.cancel(scene.stop)
        await scene.desk.until(lambda: scene.desk.told("ict-stop")[-1].status == "CANCELED")
        told = await scene.hand.ask("GET", "account")
    assert [(each["clientAlgoId"], each["algoStatus"]) for each in told["algo_orders"]] == [("app-1", "CANCELED")]
