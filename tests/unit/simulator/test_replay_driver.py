"""The replay driver: one minute after the other, each settled before the next begins, and never back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import pytest

from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import build
from shared.domain.account import RiskReport
from shared.domain.candles import FeedStep, RawCandle
from shared.domain.control import Control
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.orders import StepReport
from shared.domain.timeframes import MINUTE
from simulator.recorder import Recorder
from simulator.replay_driver import ReplayDriver
from tests.support.journal.scenes import stated

PATIENCE = 20.0
SYMBOLS = ("BTCUSDT", "ETHUSDT")


class Minutes:
    """A candle source of so many minutes, from minute 1."""

    symbols = SYMBOLS
    first = MINUTE

    def __init__(self, count: int) -> None:
        self.last = count * MINUTE
        self._count = count

    def __len__(self) -> int:
        return self._count

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        for close in range(MINUTE, self.last + MINUTE, MINUTE):
            yield close, tuple(candle(symbol, close) for symbol in SYMBOLS)


class Funding:
    """A rate at minute 2, for BTCUSDT."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        return {"BTCUSDT": Decimal("0.0001")} if close_time == 2 * MINUTE else {}


class Noting(Recorder):
    """Notes which steps were declared done, and what had been taken by then."""

    def __init__(self) -> None:
        super().__init__(None)
        self.taken_quantity: list[str] = []
        self.done: list[list[str]] = []
        self._arrived = asyncio.Event()

    def take(self, message: Message) -> None:
        self.taken_quantity.append(message.message_id)
        self._arrived.set()
        super().take(message)

    async def until_taken(self, message: Message, times: int = 1) -> None:
        """Wait until the replay driver has taken it in so many times."""
        async with asyncio.timeout(PATIENCE):
            while self.taken_quantity.count(message.message_id) < times:
                self._arrived.clear()
                await self._arrived.wait()

    def step_done(self) -> None:
        self.done.append(list(self.taken_quantity))
        super().step_done()


def candle(symbol: str, close: int) -> RawCandle:
    return RawCandle(symbol=symbol, open_time=close - MINUTE, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)


def risk_report(close: int) -> RiskReport:
    zero = Decimal(0)
    return RiskReport(
        time=close, kill_switch="NORMAL", reason="", equity=zero, day_start_equity=zero, day_result=zero, trades_today=0,
        open_positions=0,
    )  # fmt: skip


Answer = Callable[[Message], Sequence[Message]]


def settling(message: Message) -> Sequence[Message]:
    """A system that settles everything at once."""
    if isinstance(message, MarketStep):
        return [risk_report(message.close_time)]
    if isinstance(message, FeedStep) and message.partition == 0:
        return [StepReport(close_time=message.close_time)]
    return []


class System:
    """Everything behind the bus, scripted; ``trail`` is what the replay driver sent, in order."""

    def __init__(self, answer: Answer = settling, partitions: int = 1) -> None:
        self.bus = MemoryBus(build("split", partitions))
        self.trail: list[Message] = []
        self._answer = answer
        self._partitions = partitions
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> System:
        await self.bus.start()
        for name in ("execution", *(f"ingest.p{partition}" for partition in range(self._partitions))):
            await self.bus.subscribe(name, self._receive)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*self._tasks)
        await self.bus.close()

    def _receive(self, delivery: Delivery) -> None:
        self._tasks.append(asyncio.create_task(self._handle(delivery)))

    async def _handle(self, delivery: Delivery) -> None:
        message = delivery.decode()
        await delivery.ack()
        if not isinstance(message, Control) or delivery.queue == "execution":
            self.trail.append(message)
            answers = self._answer(message)
            if answers:
                await self.bus.publish(answers)


def driver(system: System, minutes: int, recorder: Recorder | None = None, **changes: object) -> ReplayDriver:
    return ReplayDriver(
        system.bus, Minutes(minutes), Funding(), recorder or Noting(),
        **{"partitions": 1, "pinned": {}, **changes},  # type: ignore[arg-type]  # a test's shorthand
    )  # fmt: skip


async def test_each_minute_is_the_market_first_and_the_candles_when_that_is_settled() -> None:
    """BT-1: fills of T are known before anything is decided on the candles of T."""
    stepped: list[int] = []
    async with System() as system, asyncio.timeout(PATIENCE):
        await driver(system, 3).run(stepped.append)
    assert [(type(each), each.close_time // MINUTE) for each in system.trail] == [
        (kind, minute) for minute in (1, 2, 3) for kind in (MarketStep, FeedStep)
    ]
    assert stepped == [MINUTE, 2 * MINUTE, 3 * MINUTE]


async def test_candles_go_to_the_partition_of_their_symbol_and_funding_to_the_exchange() -> None:
    """OPS-1: a partition without candles is told that the minute passed."""
    pinned = {"BTCUSDT": 1, "ETHUSDT": 1}
    async with System(partitions=2) as system, asyncio.timeout(PATIENCE):
        await driver(system, 2, partitions=2, pinned=pinned).run()
    feeds = [each for each in system.trail if isinstance(each, FeedStep) and each.close_time == MINUTE]
    assert {feed.partition: [each.symbol for each in feed.candles] for feed in feeds} == {0: [], 1: list(SYMBOLS)}
    rates = [each.funding_rates for each in system.trail if isinstance(each, MarketStep)]
    assert rates == [{}, {"BTCUSDT": Decimal("0.0001")}]


async def test_candles_are_not_fed_before_the_risk_report_of_their_minute() -> None:
    """EXEC-2: an old report, repeated after a restart, settles nothing."""

    def stale(message: Message) -> Sequence[Message]:
        if isinstance(message, MarketStep) and message.close_time == 2 * MINUTE:
            return [risk_report(MINUTE), StepReport(close_time=MINUTE)]
        return settling(message)

    recorder = Noting()
    async with System(stale) as system:
        playing = asyncio.create_task(driver(system, 2, recorder).run())
        await recorder.until_taken(risk_report(MINUTE), times=2)
        await recorder.until_taken(StepReport(close_time=MINUTE), times=2)
        for nudge in (
            7,
            8,
            9,
        ):  # each wakes the replay driver once more: if the repeats had settled anything, it would have gone on
            await system.bus.publish([risk_report(nudge)])
            await recorder.until_taken(risk_report(nudge))
        assert not [each for each in system.trail if isinstance(each, FeedStep) and each.close_time == 2 * MINUTE]
        await system.bus.publish([risk_report(2 * MINUTE)])
        async with asyncio.timeout(PATIENCE):
            await playing
    assert len(recorder.done) == 2


async def test_a_repeat_of_an_old_report_after_the_new_one_does_not_turn_time_back() -> None:
    """EXEC-2: a killed service repeats itself late; taken for the newest word, it would hold the replay driver for ever."""

    def repeating(message: Message) -> Sequence[Message]:
        answers = list(settling(message))
        for each in list(answers):
            if isinstance(each, RiskReport):
                answers.append(risk_report(each.time - MINUTE))
            elif isinstance(each, StepReport):
                answers.append(StepReport(close_time=each.close_time - MINUTE))
        return answers

    recorder = Noting()
    async with System(repeating) as system, asyncio.timeout(PATIENCE):
        await driver(system, 5, recorder).run()
    assert len(recorder.done) == 5


async def test_a_step_is_recorded_with_all_that_came_before_its_report() -> None:
    """BT-1: what a minute caused stands in that minute's lines."""

    def reporting(message: Message) -> Sequence[Message]:
        if isinstance(message, MarketStep):
            return [stated(message.close_time // MINUTE), *settling(message)]
        return settling(message)

    recorder = Noting()
    async with System(reporting) as system, asyncio.timeout(PATIENCE):
        await driver(system, 2, recorder).run()
    first, second = recorder.done
    assert first == [stated(1).message_id, risk_report(MINUTE).message_id, StepReport(close_time=MINUTE).message_id]
    assert second[len(first) :] == [
        stated(2).message_id, risk_report(2 * MINUTE).message_id, StepReport(close_time=2 * MINUTE).message_id,
    ]  # fmt: skip


async def test_a_session_begins_with_a_reset_that_is_the_same_for_the_same_session() -> None:
    """EXEC-2: a reset that is sent twice acts once."""
    resets = []
    for session in ("a", "a", "b"):
        async with System() as system, asyncio.timeout(PATIENCE):
            await driver(system, 1).run(session=session)
        first = system.trail[0]
        assert isinstance(first, Control)
        assert first.command == "reset"
        resets.append(first.message_id)
    assert resets[0] == resets[1] != resets[2]


async def test_a_finite_speed_takes_its_time() -> None:
    """BT-1: 3 minutes at 1200 market seconds a second last a tenth of a second at least."""
    async with System() as system, asyncio.timeout(PATIENCE):
        began = asyncio.get_running_loop().time()
        await driver(system, 3, speed=1_200.0).run()
        assert asyncio.get_running_loop().time() - began >= 0.1


async def test_the_driver_leaves_its_queue_when_it_fails() -> None:
    """OPS-1: a queue that a dead replay driver still holds would fill up behind it."""

    def fail(close_time: int) -> None:
        raise RuntimeError(f"at {close_time}")

    async with System() as system, asyncio.timeout(PATIENCE):
        with pytest.raises(RuntimeError, match="at 60000"):
            await driver(system, 2).run(fail)
        await system.bus.publish([risk_report(9 * MINUTE)])
        assert await system.bus.depth("replay") == 1


async def test_a_minute_that_does_not_settle_is_waited_for_beyond_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-9: a killed service comes back; time never passes without it, and it is said what is waited for."""
    stuck: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    monkeypatch.setattr(ReplayDriver, "_say_stuck", staticmethod(lambda kind, close: stuck.put_nowait((kind, close))))

    def silent(message: Message) -> Sequence[Message]:
        return [] if isinstance(message, MarketStep) else settling(message)

    async with System(silent) as system:
        playing = asyncio.create_task(driver(system, 1, patience=0.01).run())
        async with asyncio.timeout(PATIENCE):
            assert await stuck.get() == ("RiskReport", MINUTE)
        assert not playing.done()
        assert [type(each) for each in system.trail] == [MarketStep]
        await system.bus.publish([risk_report(MINUTE)])
        async with asyncio.timeout(PATIENCE):
            await playing
