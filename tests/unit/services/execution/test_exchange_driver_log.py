"""What is written ahead can be read again, all of it; memory stays bounded while the store is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import pytest

from services.execution.drivers.exchange import log_entries
from services.execution.drivers.exchange.wakefulness import Wakefulness
from services.execution.drivers.exchange.write_ahead import WriteAhead
from services.execution.inputs import (
    Answer,
    Connected,
    Executions,
    Input,
    Leaving,
    News,
    Paid,
    Sent,
    Statement,
    Withheld,
)
from shared.domain.account import FundingPayment
from shared.domain.control import ClockTick, Control
from shared.domain.message import Message
from shared.exchange.exchange_time import ExchangeTime
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import AccountTrade, ExchangeOrder
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, Executed, MarginCall, OrderUpdate
from shared.runtime.source import Lease
from shared.store.port import Fenced

ONE = Decimal(1)
ORDER = ExchangeOrder(
    symbol="BTCUSDT", id=7, client_id="c", book="plain", side="BUY", type="LIMIT", status="NEW", quantity=ONE,
    executed=Decimal(0), updated_at=5,
)  # fmt: skip
FILL = Executed(
    trade_id=1, quantity=ONE, price=ONE, commission=ONE, commission_asset="BNB", realized=ONE, maker=False, time=5
)
LEG = PositionRisk(
    symbol="BTCUSDT", side="LONG", quantity=ONE, entry=ONE, break_even=ONE, mark=ONE, unrealized=ONE, liquidation=ONE,
    notional=ONE, isolated_wallet=ONE, initial_margin=ONE, maintenance_margin=ONE, updated_at=5,
)  # fmt: skip
TRADE = AccountTrade(
    symbol="BTCUSDT", id=1, order_id=7, side="BUY", position_side="BOTH", price=ONE, quantity=ONE, quote=ONE,
    commission=ONE, commission_asset="USDT", realized=ONE, maker=False, time=5,
)  # fmt: skip
INPUTS: tuple[Message | Input, ...] = (
    ClockTick(time=3),
    Control(id="c", command="halt", by="me", reason="a test"),
    Sent(client_id="c"),
    Withheld(client_id="c", why="expired"),
    Answer(kind="place", client_id="c", result="done", asked_at=3, order=ORDER, child=ORDER),
    News(event=OrderUpdate(time=3, execution="TRADE", order=ORDER, fill=FILL)),
    News(event=AlgoUpdate(time=3, order=ORDER)),
    News(event=AccountUpdate(time=3, reason="ORDER", wallets=(), positions=())),
    News(event=MarginCall(time=3, symbols=("BTCUSDT",))),
    Statement(
        time=3, asked_at=2, wallet=ONE, equity=ONE, legs=(LEG,), orders=(ORDER,), listed=frozenset({"BTCUSDT"}),
        fee_prices={"BNB": ONE, "X": None},
    ),
    Executions(symbol="BTCUSDT", asked_at=3, trades=(TRADE,), orders=(ORDER,)),
    Paid(payments=(FundingPayment(symbol="BTCUSDT", time=3, rate=ONE, amount=ONE, id="9"),)),
    Connected(open=False),
    Leaving(flatten=True),
)  # fmt: skip


@pytest.mark.parametrize("taken", INPUTS, ids=lambda each: type(each).__name__)
def test_every_input_is_read_as_it_was_written(taken: Message | Input) -> None:
    """EXEC-2: the log hands the core the same inputs again, with their stamps."""
    assert log_entries.read(log_entries.taken_entry(taken, 99)) == (taken, 99)


def test_the_number_up_to_which_messages_were_told_is_read_as_written() -> None:
    """Invariant 3."""
    assert log_entries.read(log_entries.published_entry(41)) == (41, 0)


class Store:
    """A lease whose store answers while it is ``here``."""

    def __init__(self) -> None:
        self.here = asyncio.Event()
        self.here.set()
        self.base: bytes | None = None
        self.entries: list[bytes] = []
        self.appends = 0
        self.fenced = False

    async def append(self, entries: Sequence[bytes], state: bytes | None = None) -> None:
        await self.here.wait()
        if self.fenced:
            raise Fenced("over")
        self.appends += 1
        if state is not None:
            self.base, self.entries = state, []
        self.entries += entries


def written_ahead(store: Store, every: int = 1_000, linger: float = 0.001) -> tuple[WriteAhead, list[int]]:
    count = [0]
    log = WriteAhead(cast(Lease, store), lambda: f"state after {count[0]}".encode(), snapshot_every=every, linger=linger)
    return log, count


async def test_entries_that_come_together_are_one_append() -> None:
    """NFR: a round trip a group."""
    store = Store()
    log, _ = written_ahead(store)
    task = asyncio.create_task(log.run())
    numbers = [log.add(b"%d" % each) for each in range(10)]
    assert await log.written(numbers[-1], 1.0)
    assert (store.appends, len(store.entries)) == (1, 10)
    task.cancel()


async def test_an_entry_of_the_log_that_somebody_waits_for_is_written_at_once() -> None:
    """NFR: an entry does not wait for the company of its log entry."""
    store = Store()
    log, _ = written_ahead(store, linger=3_600.0)
    task = asyncio.create_task(log.run())
    for each in range(3):
        number = log.add(b"%d" % each)
        assert await log.written(number, 10.0)
    assert store.appends == 3
    task.cancel()


async def test_who_gives_up_waiting_is_forgotten_and_the_others_are_told() -> None:
    """Invariant 6."""
    store = Store()
    log, _ = written_ahead(store)
    task = asyncio.create_task(log.run())
    store.here.clear()
    number = log.add(b"1")
    cancelled, patient = asyncio.create_task(log.written(number, 10.0)), asyncio.create_task(log.written(number, 10.0))
    assert not await log.written(number, 0.01)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    store.here.set()
    assert await patient
    assert not log._waiters
    task.cancel()


async def test_while_the_store_is_away_memory_is_bounded_and_the_log_is_caught_up_after_it() -> None:
    """Invariant 6: what waits is folded into the state; nothing is lost by that."""
    store = Store()
    log, count = written_ahead(store, every=10)
    task = asyncio.create_task(log.run())
    store.here.clear()
    for each in range(1, 1_001):
        count[0] = each
        log.add(b"%d" % each)
    assert not await log.written(log.number, 0.02)
    assert len(log.history[1]) < 10
    store.here.set()
    assert await log.written(log.number, 1.0)
    assert store.base == b"state after 1000"
    assert store.entries == []
    log.add(b"after")
    assert await log.written(log.number, 1.0)
    assert store.entries == [b"after"]
    task.cancel()


async def test_a_superseded_writer_ends() -> None:
    """Invariant 3."""
    store = Store()
    log, _ = written_ahead(store)
    store.fenced = True
    log.add(b"late")
    with pytest.raises(Fenced):
        await asyncio.wait_for(log.run(), 1.0)


def test_time_never_goes_back_and_never_stands_still() -> None:
    """Time: a measurement sets the offset back by five seconds; deadlines of the core still come."""
    told, elapsed = [1_000_000], [0.0]
    clock = ExchangeTime(lambda: told[0], lambda: elapsed[0])
    assert clock.now() == 1_000_000
    told[0] -= 5_000
    seen = []
    for _ in range(100):
        elapsed[0] += 0.1
        told[0] += 100
        seen.append(clock.now())
    assert seen == sorted(seen)
    assert seen[9] - seen[0] > 400
    assert seen[-1] == told[0]


def test_a_wrong_measurement_neither_ends_what_has_an_end_nor_stays() -> None:
    """Time: for two seconds the exchange says that it is an hour later, then the truth again."""
    told, elapsed = [1_000_000], [0.0]
    clock = ExchangeTime(lambda: told[0], lambda: elapsed[0])
    start = clock.now()

    def pass_time(seconds: int) -> int:
        for _ in range(seconds * 10):
            elapsed[0] += 0.1
            told[0] += 100
            clock.now()
        return clock.now() - start

    told[0] += 3_600_000
    assert pass_time(2) == 4_000
    told[0] -= 3_600_000
    assert pass_time(4) == 6_000
    assert pass_time(10) == 16_000


def test_the_first_stamp_is_as_measured_however_long_ago_the_last_process_ended() -> None:
    """Time: nothing is made up for after a night."""
    clock = ExchangeTime(lambda: 90_000_000, lambda: 0.0)
    clock.start_at(1_000)
    assert clock.now() == 90_000_000


def test_time_goes_on_from_the_last_stamp_of_an_earlier_process() -> None:
    """Time: the log's stamps are in the past of every later one."""
    clock = ExchangeTime(lambda: 500, lambda: 0.0)
    clock.start_at(900)
    assert clock.now() == 900


def test_a_process_that_was_frozen_knows_it_until_it_has_read_the_account_again() -> None:
    """EXEC-2, fault 7: its successor may have decided otherwise; a statement asked for before says nothing."""
    elapsed = [0.0]
    awake = Wakefulness(1.5, lambda: elapsed[0])
    elapsed[0] = 1.4
    assert not awake.look(1_000)
    elapsed[0] = 9.0
    assert awake.look(9_000)
    awake.stated(8_000)
    assert awake.look(9_001)
    awake.stated(9_002)
    assert not awake.look(9_003)
