"""One trade at a desk that two faults meet: from its approval to the gap through its stop, and a long calm after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from services.execution.core import ExecutionCore
from services.execution.settings import ExecutionSettings
from shared.domain.client_ids import client_order_id
from shared.domain.intents import ExitRung
from shared.domain.message import Message
from shared.domain.order_words import Side
from tests.support.execution.desk import BTC, LINEAGE, Desk, bundle, control, intent
from tests.support.execution.driver import Weather
from tests.support.execution.watch import Watch

D = Decimal
#: How long the faults last while the trade is held, ms: longer than the watchman excuses anything.
LASTING_MS = 25_000
CALM_MS = 45_000
#: How far the price jumps against the trade, USDT: its stop lies 5 away.
GAP = 7


class Scene:
    """A trade of BTC, long (``BUY``) or short, under a watchman. complaints: what a fault found wrong.

    ``weather`` is that of the driver. broker: what is said to execution arrives; else it waits for ``deliver``.
    """

    def __init__(self, side: Side, numbers: Sequence[str], kind: type[ExecutionCore] | None = None) -> None:
        self.desk = Desk(kind)
        self.desk.driver.statement_ms = int(ExecutionSettings().driver.statement_every_s * 1000)
        self.watch = Watch(self.desk)
        self.side: Side = side
        self.sign = 1 if side == "BUY" else -1
        self.complaints: list[str] = []
        self.broker = True
        self._numbers = set(numbers)
        self._queue: list[Message] = []
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._count = 0
        self.desk.run(1_000)

    # -- what is asked ------------------------------------------------------------------------------------------------

    @property
    def weather(self) -> Weather:
        return self.desk.driver.weather

    def beside(self, *numbers: str) -> bool:
        """One of these faults is at work, too."""
        return not self._numbers.isdisjoint(numbers)

    def wrong(self, complaint: str) -> None:
        """A fault found this."""
        self.complaints.append(complaint)

    def none_left(self, name: str) -> None:
        """No entry of the intents of this name may have reached the exchange."""
        arrived = {each.client_id for each in self.desk.exchange.arrived}
        if arrived.intersection(self._ids[name]):
            self.wrong(f"an entry reached the exchange that must not: {name}")

    # -- risk and operators -------------------------------------------------------------------------------------------

    def approve(self, symbol: str, name: str, *, at: int | None = None, approved: bool = True, **changes: Any) -> None:
        """Risk signs an intent of the scene's side, decided at ``at`` (now). approved: it may do so."""
        self._count += 1
        now = self.desk.now if at is None else at
        price = changes.pop("price", self.desk.exchange.price[symbol])
        fields: dict[str, Any] = {
            "side": self.side, "price": price, "bound": price + self.sign * D("0.5"), "stop": price - self.sign * 5,
            "exits": (ExitRung(price=price + self.sign * 10),), **changes,
        }  # fmt: skip
        one = intent(f"{name}{self._count}", now, symbol, **fields)
        self._ids[name].append(client_order_id("e", LINEAGE, one.id, "entry"))
        if approved:
            self.watch.approve(one)
        self._say(bundle(one))

    def forge(self, symbol: str, name: str) -> None:
        """Somebody who is not risk writes to its queue."""
        self._count += 1
        self._say(bundle(intent(f"{name}{self._count}", self.desk.now, symbol, side=self.side), signature="forged"))

    def rearm(self) -> None:
        """An operator looks, and permits entries again."""
        self._count += 1
        self._say(control("rearm", f"r{self._count}"))

    def deliver(self) -> None:
        """The broker is back: what waited arrives now."""
        self.broker = True
        queue, self._queue = self._queue, []
        for message in queue:
            self.desk.driver.give(message)

    def _say(self, message: Message) -> None:
        if self.broker:
            self.desk.driver.give(message)
        else:
            self._queue.append(message)

    # -- persons ------------------------------------------------------------------------------------------------------

    def person(self, symbol: str, quantity: Decimal) -> None:
        """Somebody trades on the scene's side, at the market."""
        self._count += 1
        self.watch.others_act()
        self.desk.person(str(self.sign * quantity), symbol, f"web_{self._count}")

    def person_cancels_stop(self) -> None:
        self.watch.excuse()
        for order in self.desk.resting():
            if order.close_position:
                self.desk.person_cancels(order)

    def person_cancels_targets(self) -> None:
        self.watch.excuse()
        for order in self.desk.resting():
            if order.type == "TAKE_PROFIT_MARKET":
                self.desk.person_cancels(order)

    def person_stop(self) -> None:
        """A stop that closes the whole position, a little nearer to the price than ours."""
        self._count += 1
        trigger = self.desk.exchange.price[BTC] - self.sign * 4
        self.desk.person_stop(str(trigger), f"web_s{self._count}", "SELL" if self.sign > 0 else "BUY")


Moment = Literal["before", "entered", "steady", "judged", "ends", "after"]


def play_scene(side: Side, faults: Sequence[Any], kind: type[ExecutionCore] | None = None) -> list[str]:
    """Let the faults meet one trade; returns what watchman and faults found wrong. faults: of ``fault_table.FAULTS``."""
    scene = Scene(side, [fault.number for fault in faults], kind)
    desk = scene.desk

    def strike(moment: Moment) -> None:
        for fault in faults:
            getattr(fault, moment)(scene)

    strike("before")
    scene.approve(BTC, "first")
    desk.run(200)
    strike("entered")
    desk.run(8_000)
    if not desk.held():  # it was closed, or its entry never arrived: the operator looks, and the next signal comes
        scene.rearm()
        scene.approve(BTC, "second")
        desk.run(3_000)
        if not desk.held():
            scene.wrong(f"no trade was opened: {desk.frozen} {desk.core.state.halted}")
    strike("steady")
    desk.run(LASTING_MS, step=250)
    strike("judged")
    desk.price(str(desk.exchange.price[BTC] - scene.sign * GAP))
    desk.run(5_000, step=250)
    strike("ends")
    scene.watch.excuse()
    desk.run(CALM_MS, step=500)
    strike("after")
    scene.watch.settled()
    if desk.held() or desk.resting():
        scene.wrong(f"the price has passed the stop, and {desk.held()} is held, {len(desk.resting())} orders rest")
    return [*scene.complaints, *scene.watch.violations]
