"""``python -m tests.support.chaos.defective <service> run <service> …``: a service of this product with one fault a symbol.

Execution: BTC is sent twice, ETH six seconds late, with SOL goes an order that nobody approved, of BNB every second intent
is forgotten, beside XRP's stop stands another, which is never cancelled, ADA gets no exit, for LTC no halt counts. The
guardian guards all but ADA, of DOGE it closes what is protected and then buys some, beside LINK's stop it leaves one more.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

os.environ["ICT_NATIVE"] = "0"  # compiled classes take no fault; before anything of ours is imported

from cli.entry import main

TWICE, LATE, UNAPPROVED, LOST, ORPHAN, NAKED, HALTED, NEEDLESS, DOUBLED = (
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "ADAUSDT", "LTCUSDT", "DOGEUSDT", "LINKUSDT",
)  # fmt: skip
#: Invariants, and the symbols in which they are broken: by execution and risk, and by the guardian.
BROKEN_IN: Final = (
    ("twice", TWICE),
    ("late", LATE),
    ("unapproved", UNAPPROVED),
    ("lost", LOST),
    ("orphan", ORPHAN),
    ("naked", NAKED),
    ("halted", HALTED),
    ("needless", NEEDLESS),
    ("unapproved", NEEDLESS),
    ("doubled", DOUBLED),
    ("orphan", DOUBLED),
)
#: How often the guardian does what it must not: each time entries stop until the drill re-arms.
_OFTEN: Final = 4
_LATE_S: Final = 6.0
#: How the ids end of orders that nobody asked for.
_SECOND: Final = "ffff"


def execution() -> None:
    """Break execution."""
    from services.execution import tending
    from services.execution.drivers.exchange.sending import Sending
    from services.execution.entries import Entries
    from services.execution.plans import admission

    placed, place, cancel, take = Sending._placed, Sending.place, Sending.cancel, Entries._take
    seen = 0

    async def defective_placed(self: Any, order: Any, asked_at: int, signed_at: int | None, ready: Any = None) -> None:
        if signed_at is None or order.symbol not in (TWICE, LATE, UNAPPROVED):
            await placed(self, order, asked_at, signed_at, ready)
            return
        if order.symbol == LATE:
            await asyncio.sleep(_LATE_S)
            await placed(self, order, asked_at, None)
            return
        await placed(self, order, asked_at, signed_at, ready)
        await self._exchange.place(order if order.symbol == TWICE else _second(order))

    async def defective_place(self: Any, request: Any) -> None:
        if request.order.symbol == NAKED:
            return
        await place(self, request)
        order = request.order
        if order.symbol == ORPHAN and order.type == "STOP_MARKET":  # another one, so far away that no price takes it away
            far = (order.trigger * (Decimal("0.5") if order.side == "SELL" else 2)).quantize(Decimal("0.1"))
            await self._exchange.place(
                _second(
                    msgspec.structs.replace(order, trigger=far, close_position=False, quantity=Decimal(1), reduce_only=True)
                )
            )

    async def defective_cancel(self: Any, request: Any) -> None:
        if request.client_id.endswith(_SECOND):
            return
        await cancel(self, request)

    def defective_take(self: Any, intent: Any, signature: str, again: bool, now: int, effects: Any) -> bool:
        nonlocal seen
        if intent.symbol == LOST:
            seen += 1
            if seen % 2:
                return False
        return take(self, intent, signature, again, now, effects)

    Sending._placed, Sending.place, Sending.cancel = defective_placed, defective_place, defective_cancel  # type: ignore[method-assign]  # the fault
    end_entry = tending.end_entry

    def defective_end(plan: Any, *more: Any) -> None:
        if plan.symbol != HALTED:
            end_entry(plan, *more)

    tending.end_entry = defective_end
    Entries._take = defective_take  # type: ignore[method-assign]  # the fault
    for table in (admission.AT_ADMISSION, admission.AT_SENDING):
        for word in ("halted", "withdrawn"):
            table[word] = _but_not(HALTED, table[word])


def _second(order: Any) -> Any:
    """The same order under an id that nobody has in his books."""
    return msgspec.structs.replace(order, client_id=f"{order.client_id[: -len(_SECOND)]}{_SECOND}")


def _but_not(symbol: str, check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda question: question.intent.symbol != symbol and check(question)


def risk() -> None:
    """Break risk: what execution must refuse while it is halted, it must get."""
    from services.risk import gate

    check = gate.CHECKS["kill_switch"]
    gate.CHECKS["kill_switch"] = lambda asked, settings: (
        gate.Finding(passed=True) if asked.symbol == HALTED else check(asked, settings)
    )


def guardian() -> None:
    """Break the guardian: it places nothing for one symbol, and in two others does what it must not."""
    from services.guardian.core import GuardianCore
    from services.guardian.messages import Cancel, Close, Place
    from services.guardian.orders import Orders

    handle = GuardianCore.handle
    done: dict[str, list[int]] = {NEEDLESS: [], DOUBLED: []}

    def defective(self: Any, taken: Any, now: int) -> list[Any]:
        asked = handle(self, taken, now)
        asked = [each for each in asked if not (isinstance(each, Place | Close) and each.order.symbol == NAKED)]
        asked = [each for each in asked if not (isinstance(each, Cancel) and each.ref.symbol == DOUBLED)]
        for key, leg in self.state.legs.items():
            before = done.get(key.symbol)
            if before is None or leg.state != "covered" or leg.opened_at in before or len(before) >= _OFTEN:
                continue
            before.append(leg.opened_at)
            close = Orders.closes(self._deciding._orders, leg)[0]
            asked.append(_not_asked_for(key, leg, close, len(before)))
        return asked

    def _not_asked_for(key: Any, leg: Any, close: Any, number: int) -> Any:
        replace = msgspec.structs.replace
        if key.symbol == DOUBLED:
            trigger = leg.mark * (Decimal("0.5") if close.side == "SELL" else 2)
            return Place(key, replace(close, type="STOP_MARKET", trigger=trigger.quantize(Decimal("0.01"))))
        if number % 2:
            return Close(key, close)
        return Close(key, replace(close, reduce_only=False, side="BUY" if close.side == "SELL" else "SELL"))

    GuardianCore.handle = defective  # type: ignore[method-assign]  # the fault


if __name__ == "__main__":
    {"execution": execution, "risk": risk, "guardian": guardian}[sys.argv.pop(1)]()
    main()
