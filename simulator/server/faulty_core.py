"""The matching core as one request meets it while faults are in force: what it finds and what is done with its orders.

It has the state of the real core, so that all else is as it is; only what a fault changes is overridden here. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from shared.exchange.error_codes import ErrorCode
from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import MarginType
from simulator.core.model.orders import Order
from simulator.core.model.requests import NewAlgoOrder, NewOrder, Refusal
from simulator.core.model.statements import Income
from simulator.rejections import REASON
from simulator.server.fault_kinds import FaultKind
from simulator.server.fault_table import Aim, FaultTable, SetFault

_ISOLATED: Final = Refusal(ErrorCode.JOINT_MARGIN_REJECT_WITH_ISOLATED, REASON[ErrorCode.JOINT_MARGIN_REJECT_WITH_ISOLATED])

#: Kind → the code with which it refuses orders that can open a position.
_OPENING: Final[dict[FaultKind, ErrorCode]] = {
    "settling": ErrorCode.INVALID_OPENING_POSITION_STATUS,
    "agreement_needed": ErrorCode.TRADFI_AGREEMENT_NOT_SIGNED,
}


class FaultyCore(ExchangeCore):
    """The core of one request. ``core``: what it reads and changes; ``aim``: the request; ``now``: market's clock, ms."""

    def __init__(self, core: ExchangeCore, faults: FaultTable, aim: Aim, now: int) -> None:
        self.__dict__.update(vars(core))
        self._faults = faults
        self._aim = aim
        self._now = now

    # ---- orders --------------------------------------------------------------------------------------------------------

    def place(self, request: NewOrder, time: int) -> Order | Refusal:
        """Place an order, unless its symbol is closed to it; one that ``expire_in_match`` hits neither takes nor rests."""
        if not _only_reduces(request) and (refused := opening_refused(self._faults, request.symbol)) is not None:
            return refused
        aim = self._of(request.symbol, request.client_id)
        self._state.expire_arrivals = self._faults.strikes("expire_in_match", aim) is not None
        try:
            return super().place(request, time)
        finally:
            self._state.expire_arrivals = False

    def place_algo(self, request: NewAlgoOrder, time: int) -> AlgoOrder | Refusal:
        """Place a conditional order, unless its symbol is closed to it."""
        if not _only_reduces(request) and (refused := opening_refused(self._faults, request.symbol)) is not None:
            return refused
        return super().place_algo(request, time)

    def algo_order(self, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | None:
        """Find a conditional order, unless ``hidden_stop`` hides it."""
        found = super().algo_order(algo_id=algo_id, client_algo_id=client_algo_id)
        return None if found is None or self._hides(found) else found

    def cancel_algo(self, time: int, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | Refusal:
        """Cancel a conditional order; one that ``hidden_stop`` hides stays, and is refused with -2013."""
        found = super().algo_order(algo_id=algo_id, client_algo_id=client_algo_id)
        if found is not None and self._hides(found):
            return Refusal(ErrorCode.NO_SUCH_ORDER, REASON[ErrorCode.NO_SUCH_ORDER])
        return super().cancel_algo(time, algo_id=algo_id, client_algo_id=client_algo_id)

    def open_algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """List the open conditional orders, without those that ``hidden_stop`` keeps from lists too."""
        unlisted = [each for each in self._faults.active("hidden_stop") if not each.fault.listed]
        return [algo for algo in super().open_algo_orders(symbol) if not any(_names(each, algo) for each in unlisted)]

    def _hides(self, algo: AlgoOrder) -> bool:
        return self._faults.strikes("hidden_stop", self._of(algo.symbol, algo.client_algo_id)) is not None

    def _of(self, symbol: str, client_id: str) -> Aim:
        return replace(self._aim, symbols=(symbol,), client_ids=(client_id,))

    # ---- account -------------------------------------------------------------------------------------------------------

    def set_margin_type(self, symbol: str, margin_type: MarginType, time: int) -> Refusal | None:
        """Set the margin type; multi-assets mode knows crossed margin only (-4168)."""
        if margin_type == "ISOLATED" and self._faults.active("multi_assets", "bnfcr"):
            return _ISOLATED
        return super().set_margin_type(symbol, margin_type, time)

    def income(self, symbol: str | None = None) -> list[Income]:
        """List the income rows: without those that are still late, and with those twice that are repeated."""
        rows = super().income(symbol)
        aim = replace(self._aim, symbols={row.symbol for row in rows})
        for each in self._faults.met(aim, "late_income"):
            rows = [row for row in rows if not _tells(each, row) or row.time <= self._now - each.fault.ms]
            self._faults.hit(each)
        for each in self._faults.met(aim, "repeated_income"):
            rows = [row for row in rows for _ in range(2 if _tells(each, row) else 1)]
            self._faults.hit(each)
        return rows


def opening_refused(faults: FaultTable, symbol: str) -> Refusal | None:
    """Return the refusal of an order that can open a position in the symbol; None if it may be placed."""
    for each in faults.active("settling", "agreement_needed"):
        if each.fault.symbol == symbol:
            code = _OPENING[each.fault.kind]
            return Refusal(code, REASON[code])
    return None


def _only_reduces(request: NewOrder | NewAlgoOrder) -> bool:
    if request.reduce_only or (isinstance(request, NewAlgoOrder) and request.close_position):
        return True
    return (request.position_side, request.side) in (("LONG", "SELL"), ("SHORT", "BUY"))


def _names(each: SetFault, algo: AlgoOrder) -> bool:
    fault = each.fault
    return fnmatchcase(algo.symbol, fault.symbol) and fnmatchcase(algo.client_algo_id, fault.client_id)


def _tells(each: SetFault, row: Income) -> bool:
    """Return True if the fault is about this row."""
    return fnmatchcase(row.symbol, each.fault.symbol) and fnmatchcase(row.type, each.fault.income_type)
