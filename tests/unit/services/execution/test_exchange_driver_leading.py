"""What leaves of a process that has just begun to lead, that was frozen, or that may have lost its lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from services.execution.drivers.exchange.first_sends import FirstSends
from services.execution.drivers.exchange.money_loop import Handled
from services.execution.drivers.exchange.sending import Sending
from services.execution.drivers.exchange.wakefulness import Wakefulness
from services.execution.inputs import Answer
from services.execution.requests import CancelOrder, PlaceOrder
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, NotReady

STOP = NewOrder(
    client_id="icte-stop", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", trigger=Decimal(90), close_position=True
)
TARGET = NewOrder(
    client_id="icte-target", symbol="BTCUSDT", side="SELL", type="TAKE_PROFIT_MARKET", trigger=Decimal(110),
    quantity=Decimal(1), reduce_only=True,
)  # fmt: skip
ENTRY = NewOrder(
    client_id="icte-entry", symbol="BTCUSDT", side="BUY", type="LIMIT", price=Decimal(100), quantity=Decimal(1),
    time_in_force="IOC",
)  # fmt: skip


class Stage:
    """An exchange that counts what leaves, a money loop that may have been frozen, a lease of which a store may speak."""

    def __init__(self, standing: str = "ours", *, frozen: bool = False, sure: bool = True) -> None:
        self.standing_is = standing
        self.frozen = frozen
        self.is_sure = sure
        self.times = 0
        self.held: Any = ()
        self.sent: list[str] = []
        self.answers: list[Answer] = []
        self.before_leaving: Callable[[], None] = lambda: None
        self.core = SimpleNamespace(state=SimpleNamespace(halted=None), confirm=lambda *_: None)
        self.sending = Sending(self, self, self, self, 1_500, refused=None, failed=None, leadership=self)  # type: ignore[arg-type]
        self.sending.first.reconciled()

    # the exchange
    async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Any = None) -> Accepted:
        return await self._leave(order.client_id, ready)

    async def cancel(self, ref: OrderRef, *, ready: Any = None) -> Accepted:
        return await self._leave(f"cancel {ref.client_id}", ready)

    async def _leave(self, what: str, ready: Any) -> Accepted:
        self.before_leaving()
        if ready is not None and not await ready():
            raise NotReady(what)
        self.sent.append(what)
        return Accepted(order=None)

    async def positions(self, symbol: str) -> Any:
        if isinstance(self.held, Exception):
            raise self.held
        return self.held

    async def admit(self, order: NewOrder) -> None:
        return None

    # the loop
    def now(self) -> int:
        return 1_000

    def freezes(self) -> int:
        return self.times

    def was_frozen(self) -> bool:
        return self.frozen

    def feed(self, taken: Any) -> Handled:
        self.answers.append(taken)
        return Handled(stamp=1_000, number=1, requests=0)

    # the quotes
    def streamed(self, symbol: str) -> None:
        return None

    # the log
    async def written(self, number: int, seconds: float) -> bool:
        return True

    # the lease
    async def standing(self, patience: float) -> str:
        return self.standing_is

    async def sure(self, seconds: float, patience: float) -> bool:
        assert seconds == 1.5, "as long as the exchange takes what was signed"
        return self.is_sure

    def freeze_once(self) -> None:
        self.frozen = True
        self.times += 1
        self.before_leaving = lambda: None


@pytest.mark.parametrize(
    ("standing", "held", "leaves"),
    [
        ("ours", (), True),
        ("lost", ("a position",), False),
        ("unknown", (), False),
        ("unknown", ("a position",), True),
        ("unknown", ExchangeError("retry", -1001, "no answer", call="positions"), True),
    ],
)
async def test_a_stop_leaves_after_a_freeze_only_of_whoever_leads_or_holds_something(
    standing: str, held: Any, leaves: bool
) -> None:
    """EXEC-2: a leader that thaws after another has led leaves no stray stop; without a store it protects."""
    stage = Stage(standing, frozen=True)
    stage.held = held
    await stage.sending.place(PlaceOrder(STOP))
    assert stage.sent == ([STOP.client_id] if leaves else [])
    assert [each.result for each in stage.answers] == ["done" if leaves else "unsent"]


@pytest.mark.parametrize("standing", ["ours", "lost", "unknown"])
async def test_other_orders_than_stops_leave_after_a_freeze_of_whoever_leads(standing: str) -> None:
    """EXEC-2: somebody else may have decided otherwise by now. Who leads need not wait until the account can be read."""
    stage = Stage(standing, frozen=True)
    await stage.sending.place(PlaceOrder(TARGET))
    await stage.sending.cancel(CancelOrder(STOP.client_id, OrderRef(symbol="BTCUSDT", client_id=STOP.client_id)))
    leaves = standing == "ours"
    assert stage.sent == ([TARGET.client_id, f"cancel {STOP.client_id}"] if leaves else [])
    assert [each.result for each in stage.answers] == (["done", "done"] if leaves else ["unsent", "unknown"])


@pytest.mark.parametrize(("standing", "leaves"), [("ours", True), ("lost", False)])
async def test_a_freeze_between_decision_and_signature_is_noticed_before_anything_leaves(
    standing: str, leaves: bool
) -> None:
    """EXEC-2: signed after the thaw it would be valid; so it is asked once more when it is signed."""
    for order in (STOP, TARGET):
        stage = Stage(standing)
        stage.before_leaving = stage.freeze_once
        await stage.sending.place(PlaceOrder(order))
        assert stage.sent == ([order.client_id] if leaves else [])
    stage = Stage(standing)
    stage.before_leaving = stage.freeze_once
    await stage.sending.cancel(CancelOrder(STOP.client_id, OrderRef(symbol="BTCUSDT", client_id=STOP.client_id)))
    assert (stage.sent, [each.result for each in stage.answers]) == ([], ["unknown"])


async def test_an_entry_leaves_only_while_nobody_else_can_lead_before_it_is_invalid() -> None:
    """EXEC-2: the lease outlives the request; a halt that came meanwhile counts, too."""
    sent = Handled(stamp=1_000, number=1, requests=0)
    assert await Stage().sending._may_leave(ENTRY, sent)
    assert not await Stage(sure=False).sending._may_leave(ENTRY, sent)
    for why, leaves in (("halted", False), ("expired", False), ("no_price", True)):
        stage = Stage()
        stage.core.confirm = lambda *_, why=why: (why, "")
        assert await stage.sending._may_leave(ENTRY, sent) is leaves


async def test_a_process_reconciles_before_it_sends_and_protects_without_an_account_all_the_same() -> None:
    """EXEC-2, invariant 4: a takeover asks first; an exchange that states nothing leaves no position bare."""
    for asked in (True, False):
        stage = Stage()
        stage.sending.first = FirstSends(alone=True, patience=60.0 if asked else 0.01)
        placing = asyncio.create_task(stage.sending.place(PlaceOrder(STOP)))
        await asyncio.sleep(0)
        assert stage.sent == []
        if asked:
            stage.sending.first.reconciled()
        await placing
        assert stage.sent == [STOP.client_id]


async def test_the_first_entry_of_a_leader_leaves_alone() -> None:
    """EXEC-4: a second one leaves when an order of another deployment would have been heard of."""
    first, order = FirstSends(alone=False, listen=0.05), list[str]()

    async def enter(name: str, leaves: bool) -> None:
        async with first.entry() as left:
            order.append(f"{name} has its turn")
            await asyncio.sleep(0)
            left += [True] if leaves else []
        order.append(f"{name} is over")

    await asyncio.gather(enter("withheld", False), enter("one", True), enter("two", True))
    assert order.index("one is over") < order.index("two has its turn")
    assert first.alone
    order.clear()
    await asyncio.gather(enter("three", True), enter("four", True))
    assert order[:2] == ["three has its turn", "four has its turn"]


def test_a_lease_that_could_not_be_renewed_counts_like_a_freeze_until_the_account_is_read() -> None:
    """EXEC-2: another may lead by now. Once read, what reduces leaves also while the store is away."""
    leads = [True]
    awake = Wakefulness(1.5, lambda: 0.0, lambda: leads[0])
    assert not awake.look(1_000)
    leads[0] = False
    assert awake.look(2_000)
    assert (awake.must_read(), awake.must_read(), awake.woke()) == (True, False, False)
    awake.stated(2_001)
    assert not awake.look(3_000)
    assert not awake.must_read()
    leads[0] = True
    assert not awake.look(4_000)
    leads[0] = False
    assert awake.look(5_000)
