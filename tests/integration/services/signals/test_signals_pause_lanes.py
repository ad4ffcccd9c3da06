"""The lanes of signals as they are wired, in one process with a bus in memory: pauses reach all, and go to the successor."""

from __future__ import annotations

import pytest

from cli.settings import Settings
from cli.wiring import make_memory_bus, service_spec
from services.signals.overview import SignalsOverview
from shared.approval.commands import sign
from shared.bus.memory.bus import MemoryBus
from shared.domain.control import Alert, Control
from shared.runtime.lane.spec import LanePolicy
from shared.runtime.service import Service
from shared.store.memory import MemoryStore
from tests.support.bus.contract import Collector

SETTINGS = Settings.model_validate(
    {
        "mode": "sim",
        "layout": "embedded",
        "symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"],
        "partitions": {"count": 3, "pinned": {"BTCUSDT": 0, "ETHUSDT": 1, "SOLUSDT": 1}},
    }
)
POLICY = LanePolicy(commit_linger=0.0, clock="player")


def command(name: str, identity: str, symbol: str | None = None) -> Control:
    control = Control(id=identity, command=name, by="me", reason="", strategy="ob_fvg", symbol=symbol)  # type: ignore[arg-type]  # a word of the table
    return sign(control, SETTINGS.command_signer())


class Ears(Collector):
    def __init__(self) -> None:
        super().__init__(ack=True)

    def sources(self, identity: str) -> list[str]:
        """Who answered the command."""
        alerts = [found for each in self.deliveries if isinstance(found := each.decode(), Alert)]
        return sorted(each.source for each in alerts if each.key == f"control.{identity}")


async def service_at(bus: MemoryBus, store: MemoryStore) -> Service:
    service = Service(service_spec("signals", SETTINGS), bus, store, POLICY)
    await service.start()
    return service


def paused(service: Service) -> dict[str, list[str]]:
    """Partition → symbols in which ob_fvg is paused; only of lanes that are here."""
    shown = {name: part for name, part in service.overview().items() if isinstance(part, SignalsOverview)}
    return {name: [each.symbol for each in part.paused] for name, part in shown.items()}


@pytest.mark.parametrize("codec", [False, True], ids=["memory", "memory-codec"])
async def test_every_partition_pauses_and_the_replica_that_takes_over_knows_it(codec: bool) -> None:
    """SIG-8, invariant 3: in every layout the lane has a queue of commands, and its state is the store's."""
    bus, store, ears = make_memory_bus(SETTINGS, codec=codec), MemoryStore(), Ears()
    await bus.start()
    await bus.subscribe("notifier", ears)
    first = await service_at(bus, store)
    await bus.publish([command("pause", "c1"), command("pause", "c2", "SOLUSDT")])
    await ears.until(lambda _: len(ears.sources("c1")) == 3 and len(ears.sources("c2")) == 1)
    assert ears.sources("c1") == ["signals.p0", "signals.p1", "signals.p2"]
    assert ears.sources("c2") == ["signals.p1"]
    assert paused(first) == {"signals.p0": [""], "signals.p1": [""], "signals.p2": [""]}
    second = await service_at(bus, store)
    await first.drain()
    await bus.publish([command("resume", "c3", "BTCUSDT"), command("resume", "c4"), command("pause", "c5", "ETHUSDT")])
    await ears.until(lambda _: len(ears.sources("c4")) == 3 and len(ears.sources("c5")) == 1)
    assert ears.sources("c3") == [], "paused in every symbol: it is resumed as a whole"
    assert paused(second) == {"signals.p0": [], "signals.p1": ["ETHUSDT"], "signals.p2": []}
    await second.drain()
    await bus.close()
