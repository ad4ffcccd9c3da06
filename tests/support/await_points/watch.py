"""Judges from the exchange's side: what reached it, what it holds, and for how long something stood there bare."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from services.execution.settings import ExecutionSettings
from shared.domain.intents import OrderIntent
from simulator.server.rest import algo_orders, order_history
from simulator.server.rest.context import Context
from tests.support.await_points.virtual_loop import EPOCH
from tests.support.exchange_driver.scene import BTC, Ears

if TYPE_CHECKING:
    from tests.support.await_points.world import Life

#: Beyond ``naked_ms``: a process starts, reads the account, and its closing trades.
START_MS: Final = 2_000
_LOOK_S: Final = 0.05


class Watch:
    """``violations``: each begins with the number of the invariant that it breaks. longest: time stood bare, ms."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.violations: list[str] = []
        self.approved: dict[str, OrderIntent] = {}
        self.arrived: list[tuple[float, str, bool]] = []
        self.lives: list[tuple[Life, float]] = []
        self.longest = 0.0
        self._bare_since: float | None = None
        core = context.session.core
        place, place_algo = core.place, core.place_algo

        def seen(request: Any, time: int) -> Any:
            self._note(request.client_id, enters=not request.reduce_only)
            return place(request, time)

        def seen_algo(request: Any, time: int) -> Any:
            self._note(request.client_algo_id, enters=False)
            return place_algo(request, time)

        core.place, core.place_algo = seen, seen_algo  # type: ignore[method-assign]  # a witness at the exchange's door

    def say(self, violation: str) -> None:
        if violation not in self.violations:
            self.violations.append(violation)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._look()
            await asyncio.sleep(_LOOK_S)

    def held(self) -> Decimal:
        """Quantity of the position, signed."""
        return self._context.session.core.position(BTC).quantity

    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = order_history.every_order(self._context)
        return found

    def algos(self) -> list[dict[str, Any]]:
        return [algo_orders.shown(self._context, algo) for algo in self._context.session.core.algo_orders()]

    def trades(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = order_history.every_trade(self._context)
        return found

    def resting(self) -> list[str]:
        """Client ids of what stands in either book."""
        plain = [each["clientOrderId"] for each in self.orders() if each["status"] in ("NEW", "PARTIALLY_FILLED")]
        return plain + [each["clientAlgoId"] for each in self.algos() if each["algoStatus"] == "NEW"]

    def stops(self) -> list[dict[str, Any]]:
        return [each for each in self.algos() if each["algoStatus"] == "NEW" and each["orderType"] == "STOP_MARKET"]

    def cancel(self, client_algo_id: str) -> None:
        """Cancel a conditional order behind everybody's back."""
        session = self._context.session
        session.core.cancel_algo(session.time, client_algo_id=client_algo_id)
        session.publish()

    def judge(self, ears: Ears, no_entry_after: float | None) -> list[str]:
        """What is wrong at the end: the books must be those of the exchange.

        no_entry_after: seconds of the loop; a successor leads since then.
        """
        wrong: list[str] = []
        for client_id, times in Counter(name for _, name, _ in self.arrived).items():
            if times > 1:
                wrong.append(f"3 {client_id} reached the exchange {times} times")
        for at, client_id, enters in self.arrived:
            if enters and client_id not in self.approved:
                wrong.append(f"5 {client_id}: nobody approved it")
            if enters and no_entry_after is not None and at > no_entry_after and self._old(client_id, no_entry_after):
                wrong.append(f"3 {client_id}: an entry of the frozen process leaves under its successor")
        if self.held() or self.resting():
            wrong.append(f"4 held {self.held()}, and {self.resting()} rest at the end")
        trades = {str(each["id"]): Decimal(each["qty"]) for each in self.trades()}
        told = {each.fill.id: each.fill.quantity for each in ears.events if each.fill is not None}
        if sorted(told.values()) != sorted(trades.values()):
            wrong.append(f"3 fills {sorted(told.items())} were told, the exchange has {sorted(trades.items())}")
        closed = {trade.intent_id: trade.quantity for each in ears.statements for trade in each.closed_trades}
        for client_id, intent in self.approved.items():
            orders = [each for each in self.orders() if each["clientOrderId"] == client_id]
            filled = sum((Decimal(each["executedQty"]) for each in orders), Decimal(0))
            if len(orders) > 1:
                wrong.append(f"3 {len(orders)} entries for {intent.id}")
            if closed.get(intent.id, Decimal(0)) != filled:
                wrong.append(f"3 {intent.id}: {closed.get(intent.id)} in the books, {filled} filled")
        return wrong

    # -- inside -------------------------------------------------------------------------------------------------------

    def _old(self, client_id: str, since: float) -> bool:
        return self.approved[client_id].decided_at < (EPOCH + since) * 1000 if client_id in self.approved else True

    def _note(self, client_id: str, *, enters: bool) -> None:
        self.arrived.append((asyncio.get_running_loop().time(), client_id, enters))

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        running = [since for life, since in self.lives if life.victim.state == "running"]
        if not running or not self.held() or self.stops():
            self._bare_since = None
            return
        self._bare_since = now if self._bare_since is None else self._bare_since
        bare = (now - self._bare_since) * 1000
        self.longest = max(self.longest, bare)
        if bare > ExecutionSettings().naked_ms + START_MS:
            self.say(f"4 held without a stop for {round(bare, -3)} ms while a process runs")
