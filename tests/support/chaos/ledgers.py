"""Ledgers as an exchange would keep them of a trader who does everything right, and of those who do one thing wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from simulator.ledger.case import Approval, Case, Limits
from simulator.ledger.record import Conditional, FaultOver, FaultSet, Line, Note, Noted, Ordered, Wallet

LOT = Decimal("0.010")
PRICE = Decimal(100)
#: A lineage, and ids as execution makes them.
ENTRY, STOP, CLOSE = "icte0000-entry", "icte0000-stop", "icte0000-close"
#: The same as the guardian makes them.
GUARDIANS = "ictg0000-one"
Side = Literal["BUY", "SELL"]


class Story:
    """A ledger that grows; every step takes ``ms`` since the one before. Two processes run from its begin."""

    def __init__(self, *, running: tuple[str, ...] = ("execution.a", "guardian"), start: int = 1_000_000) -> None:
        self.now = start
        self.lines: list[Line] = []
        self.approvals: dict[str, Approval] = {}
        self._number = 0
        self._held: dict[str, Decimal] = {}
        for name in running:
            self.note("running", name)
        self.now += 1

    # -- what is done -------------------------------------------------------------------------------------------------

    def wait(self, ms: int) -> None:
        self.now += ms

    def note(self, what: Noted, who: str = "") -> None:
        self.lines.append(Note(at=self.now, what=what, who=who))

    def fault(self, **fields: Any) -> int:
        number = self._next()
        self.lines.append(FaultSet(at=self.now, number=number, fields=fields))
        return number

    def lift(self, number: int, hits: int = 1) -> None:
        self.lines.append(FaultOver(at=self.now, number=number, hits=hits))

    def approve(self, client_id: str = ENTRY, *, valid_ms: int = 5_000, quantity: Decimal = LOT, told: bool = False) -> None:
        self.approvals[client_id] = Approval(
            intent_id=f"intent of {client_id}",
            symbol="BTCUSDT",
            quantity=quantity,
            valid_until=self.now + valid_ms,
            told=told,
        )

    def order(
        self, client_id: str = ENTRY, side: Side = "BUY", *, reduces: bool = False, quantity: Decimal = LOT,
        fills: bool = True,
        algo_id: int = 0, symbol: str = "BTCUSDT", created: int | None = None,
    ) -> None:  # fmt: skip
        """An order is taken, and trades at once unless it rests."""
        taken = Ordered(
            at=self.now, change="NEW", order_id=self._next(), client_id=client_id, symbol=symbol, side=side, leg="BOTH",
            type="MARKET", status="NEW", quantity=quantity, executed=Decimal(0), created=created or self.now,
            reduces=reduces, algo_id=algo_id,
        )  # fmt: skip
        self.lines.append(taken)
        if not fills:
            return
        self._held[symbol] = self._held.get(symbol, Decimal(0)) + (quantity if side == "BUY" else -quantity)
        self.lines.append(
            msgspec.structs.replace(
                taken,
                change="TRADE",
                status="FILLED",
                executed=quantity,
                trade_id=self._next(),
                filled=quantity,
                price=PRICE,
                fee=Decimal("0.05"),
            )
        )
        self.lines.append(Wallet(at=self.now, reason="ORDER", balance=Decimal(1_000), legs={symbol: self._held[symbol]}))

    def stop(
        self, client_id: str = STOP, side: Side = "SELL", *, quantity: Decimal = Decimal(0), symbol: str = "BTCUSDT"
    ) -> int:
        """A stop is taken; by ``quantity``, else for the whole leg."""
        number = self._next()
        self.lines.append(
            Conditional(
                at=self.now,
                algo_id=number,
                client_id=client_id,
                symbol=symbol,
                side=side,
                leg="BOTH",
                type="STOP_MARKET",
                status="NEW",
                trigger=PRICE,
                quantity=quantity,
                closes=not quantity,
                reduces=bool(quantity),
            )
        )
        return number

    def stop_is(self, number: int, status: Any) -> None:
        """A conditional order has another status."""
        last = next(each for each in reversed(self.lines) if isinstance(each, Conditional) and each.algo_id == number)
        self.lines.append(msgspec.structs.replace(last, at=self.now, status=status))

    def trade(self) -> None:
        """A whole trade as it should be."""
        self.approve()
        self.wait(100)
        self.order()
        self.wait(200)
        stop = self.stop()
        self.wait(5_000)
        self.stop_is(stop, "TRIGGERED")
        self.order(STOP, "SELL", reduces=True, algo_id=stop)
        self.stop_is(stop, "FINISHED")
        self.wait(1_000)
        self.note("settled")

    def case(self, limits: Limits | None = None) -> Case:
        return Case(self.lines, self.approvals, limits or Limits())

    def _next(self) -> int:
        self._number += 1
        return self._number


def twice() -> Story:
    """The entry is sent again under its own id."""
    story = Story()
    story.approve(quantity=LOT * 2)
    story.order()
    story.stop()
    story.wait(10)
    story.order()
    return story


def too_much() -> Story:
    """More trades than was approved."""
    story = Story()
    story.approve(quantity=LOT)
    story.order(quantity=LOT * 2)
    story.stop()
    return story


def unapproved() -> Story:
    """Nobody approved it."""
    story = Story()
    story.order()
    story.stop()
    return story


def opened_by_the_guardian() -> Story:
    """It opens what it is to guard."""
    story = Story()
    story.order(GUARDIANS)
    story.stop()
    return story


def left_by_the_guardian() -> Story:
    """The guardian's stop stays when all is closed."""
    story = Story()
    story.approve()
    story.order()
    story.stop(GUARDIANS)
    story.order(CLOSE, "SELL", reduces=True)
    story.wait(25_000)
    story.note("settled")
    return story


def needless() -> Story:
    """The guardian closes what a stop covers."""
    story = Story()
    story.approve()
    story.order()
    stop = story.stop()
    story.wait(10_000)
    story.order(GUARDIANS, "SELL", reduces=True)
    story.stop_is(stop, "CANCELED")
    return story


def too_soon() -> Story:
    """The guardian closes what has been bare for a second."""
    story = Story()
    story.approve()
    story.order()
    story.wait(1_000)
    story.order(GUARDIANS, "SELL", reduces=True)
    return story


def doubled() -> Story:
    """The guardian's stop stays beside the one of execution."""
    story = Story()
    story.approve()
    story.order()
    stops = [story.stop(), story.stop(GUARDIANS, quantity=LOT)]
    story.wait(25_000)
    for each in stops:
        story.stop_is(each, "CANCELED")
    story.order(CLOSE, "SELL", reduces=True)
    return story


def lost() -> Story:
    """It was approved, and nothing came of it."""
    story = Story()
    story.trade()
    story.approve("icte0000-forgotten")
    story.wait(60_000)
    story.note("settled")
    return story


def late() -> Story:
    """It was valid for 5 s, and is taken after 6."""
    story = Story()
    story.approve()
    story.wait(6_000)
    story.order()
    story.stop()
    return story


def halted() -> Story:
    """An entry 4 s after execution said that it takes none."""
    story = Story()
    story.note("halted")
    story.wait(4_000)
    story.approve()
    story.order()
    story.stop()
    story.wait(1_000)
    story.note("rearming")
    return story


def naked() -> Story:
    """Four seconds without a stop."""
    story = Story()
    story.approve()
    story.order()
    story.wait(4_000)
    story.stop()
    return story


def half_covered() -> Story:
    """A stop for half of what is held."""
    story = Story()
    story.approve()
    story.order()
    story.stop(quantity=LOT / 2)
    story.wait(4_000)
    story.note("settled")
    return story


def wrong_side() -> Story:
    """A stop that would buy more."""
    story = Story()
    story.approve()
    story.order()
    story.stop(side="BUY")
    story.wait(4_000)
    story.note("settled")
    return story


def orphan() -> Story:
    """Closed at the market, and the stop stays."""
    story = Story()
    story.approve()
    story.order()
    story.stop()
    story.order(CLOSE, "SELL", reduces=True)
    story.wait(25_000)
    story.note("settled")
    return story


def contradiction() -> Story:
    """The exchange states another position than it traded."""
    story = Story()
    story.trade()
    story.lines.append(Wallet(at=story.now, reason="ORDER", balance=Decimal(1), legs={"BTCUSDT": LOT}))
    return story


#: One thing wrong each → the invariant that it breaks.
SPECIMENS = {
    twice: "twice",
    too_much: "twice",
    unapproved: "unapproved",
    opened_by_the_guardian: "unapproved",
    lost: "lost",
    late: "late",
    halted: "halted",
    naked: "naked",
    half_covered: "naked",
    wrong_side: "naked",
    orphan: "orphan",
    left_by_the_guardian: "orphan",
    needless: "needless",
    too_soon: "needless",
    doubled: "doubled",
    contradiction: "ledger",
}
