"""The replay driver among bad messages: each is parked, and a report that arrives meanwhile is not slept through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from shared.bus.port import InvalidMessage
from shared.domain.account import RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.control import Alert
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.orders import StepReport
from shared.domain.timeframes import MINUTE
from simulator.recorder import Recorder
from simulator.replay_driver import ReplayDriver


class OneMinute:
    """A source of one candle."""

    symbols = ("BTCUSDT",)
    first = last = MINUTE

    def __len__(self) -> int:
        return 1

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        candle = RawCandle(symbol="BTCUSDT", open_time=0, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
        yield MINUTE, (candle,)


class NoFunding:
    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        return {}


class Arriving:
    """A delivery in the replay driver's queue; None cannot be decoded, and while it is parked something else arrives."""

    queue, topic, message_id = "replay", "report.execution", "x"

    def __init__(self, message: Message | None, meanwhile: Callable[[], None] | None = None) -> None:
        self._message = message
        self._meanwhile = meanwhile
        self.parked: str | None = None

    def decode(self) -> Message:
        if self._message is None:
            raise InvalidMessage("malformed: a specimen")
        return self._message

    async def ack(self) -> None:
        """Nothing to give back to."""

    async def dead_letter(self, reason: str) -> None:
        self.parked = reason
        if self._meanwhile is not None:
            self._meanwhile()


class Answering:
    """A bus that answers each phase at once: the feed with garbage first, the report in the moment that is parked."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.garbage = Arriving(None, lambda: self._take(Arriving(StepReport(close_time=MINUTE))))
        self._take: Callable[[Arriving], None]

    async def subscribe(self, queue: str, handler: Callable[[Arriving], None]) -> Answering:
        self._take = handler
        return self

    async def cancel(self) -> None:
        """The end of the subscription."""

    async def publish(self, messages: Sequence[Message], *, now: int | None = None) -> None:
        for message in messages:
            if isinstance(message, MarketStep):
                self._take(Arriving(risk_report(message.close_time)))
            elif isinstance(message, FeedStep):
                self._take(self.garbage)
            elif isinstance(message, Alert):
                self.alerts.append(message)


def risk_report(time: int) -> RiskReport:
    zero = Decimal(0)
    return RiskReport(
        time=time, kill_switch="NORMAL", reason="", equity=zero, day_start_equity=zero, day_result=zero,
        trades_today=0, open_positions=0,
    )  # fmt: skip


async def test_garbage_is_parked_and_the_report_that_comes_meanwhile_ends_the_step() -> None:
    """OPS-1: a replay that met a bad message waited for ever for a report that it already had."""
    bus = Answering()
    driver = ReplayDriver(
        bus,  # type: ignore[arg-type]  # only what the replay driver uses of a bus
        OneMinute(), NoFunding(), Recorder(None), partitions=1, pinned={},
    )  # fmt: skip
    async with asyncio.timeout(30):
        await driver.run()
    assert bus.garbage.parked == "malformed: a specimen"
    assert [(alert.severity, alert.source) for alert in bus.alerts] == [("critical", "replay")]
