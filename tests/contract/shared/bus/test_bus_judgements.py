"""The feed of judgements on each bus: nobody must read it, and who reads too slowly loses the oldest (OPS-1)."""

from __future__ import annotations

from shared.bus.topology import Overflow
from shared.domain.judgements import JudgementBundle, ToldGate, ToldJudgement
from tests.support.bus.contract import Collector, Deployment, queue, until_depth


def said(close_time: int) -> JudgementBundle:
    gate = ToldGate(name="gap", reason="no_fvg", passed=False, value=0.0, limit=1.0, unit="gaps", text="No gap.")
    judgement = ToldJudgement(symbol="BTCUSDT", strategy="ob_fvg", timeframe="15m", reasons=("no_fvg",), gates=(gate,))
    return JudgementBundle(partition=0, close_time=close_time, judgements=(judgement,))


async def test_a_feed_that_nobody_reads_is_dropped_without_an_error(deployment: Deployment) -> None:
    """OPS-1: whoever publishes is not held up."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish([said(number) for number in range(200)])
    assert await bus.depth("q") == 0


async def test_a_slow_reader_of_the_feed_keeps_the_newest_and_holds_nobody_up(deployment: Deployment) -> None:
    """OPS-1: whole, and in order."""
    bus = await deployment.bus(queue("live", "judgement.#", overflow=Overflow.DROP_OLDEST, max_length=5))
    await bus.publish([said(number) for number in range(40)])
    await until_depth(bus, "live", 5)
    got = Collector(ack=True)
    await bus.subscribe("live", got)
    await got.until_count(5)
    assert [each.decode() for each in got.deliveries] == [said(number) for number in range(35, 40)]
