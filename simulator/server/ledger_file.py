"""Writes the ledger of a simulated exchange (``simulator.ledger.record``): each change as it happens, for a judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from simulator.core.model.events import AccountUpdate, AlgoUpdate, CoreEvent, OrderUpdate
from simulator.ledger.record import Conditional, FaultOver, FaultSet, Line, Note, Noted, Ordered, Wallet

_encode: Final = msgspec.json.Encoder().encode


class LedgerFile:
    """Appends to ``path``, a line at a time, so that what was written is there whatever becomes of the process.

    Raises OSError where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def happened(self, event: CoreEvent, now: int) -> None:
        """Write what changed an order or the account at ``now`` (market's clock, ms); other events have no line."""
        line = _line(event, now)
        if line is not None:
            self._write(line)

    def fault_set(self, number: int, fields: dict[str, Any], now: int) -> None:
        """Write that a fault is in force."""
        self._write(FaultSet(at=now, number=number, fields=fields))

    def fault_over(self, number: int, hits: int, now: int) -> None:
        """Write that a fault has ended."""
        self._write(FaultOver(at=now, number=number, hits=hits))

    def note(self, what: Noted, who: str, now: int) -> None:
        """Write what whoever runs a drill has seen or done."""
        self._write(Note(at=now, what=what, who=who))

    def _write(self, line: Line) -> None:
        self._file.write(encoded(line))


def encoded(line: Line) -> bytes:
    """Return a line as it stands in the file."""
    return _encode(line) + b"\n"


def _line(event: CoreEvent, now: int) -> Line | None:
    if isinstance(event, OrderUpdate):
        order, trade = event.order, event.trade
        line = Ordered(
            at=now, change=event.execution, order_id=order.order_id, client_id=order.client_id, symbol=order.symbol,
            side=order.side, leg=order.position_side, type=order.type, status=order.status, quantity=order.quantity,
            executed=order.executed, created=order.created, reduces=order.reduce_only or order.close_position,
            algo_id=order.algo_id,
        )  # fmt: skip
        if trade is None:
            return line
        return msgspec.structs.replace(
            line, trade_id=trade.id, filled=trade.quantity, price=trade.price, fee=trade.commission, realized=trade.realized
        )
    if isinstance(event, AlgoUpdate):
        algo = event.algo
        return Conditional(
            at=now, algo_id=algo.algo_id, client_id=algo.client_algo_id, symbol=algo.symbol, side=algo.side,
            leg=algo.position_side, type=algo.type, status=algo.status, trigger=algo.trigger_price, quantity=algo.quantity,
            closes=algo.close_position, reduces=algo.reduce_only,
        )  # fmt: skip
    if isinstance(event, AccountUpdate):
        legs = {
            each.symbol if each.position_side == "BOTH" else f"{each.symbol}:{each.position_side}": each.quantity
            for each in event.positions
        }
        return Wallet(at=now, reason=event.reason, balance=event.wallet, legs=legs)
    return None
