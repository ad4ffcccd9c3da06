"""The state of the simulated exchange as one struct, which is what a snapshot holds."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.orders import ZERO
from simulator.core.model.statements import Income
from simulator.core.state.symbol_book import RestingOrder, SymbolBookState


class ExchangeSnapshot(msgspec.Struct, kw_only=True):
    """Everything that is kept over a restart.

    closed, closed_algos: remembered closed orders by id, oldest first. triggered: conditional orders whose child is open.
    countdowns: symbol -> time at which its orders are cancelled, ms. called: groups of legs with a margin call in force.
    last_id: the latest id given out. ids_by_time: True = ids follow the market's time.
    insurance: what the insurance fund has received from this account less what it has paid for it, USDT.
    """

    wallet: Decimal
    insurance: Decimal = ZERO
    time: int = 0
    hedge: bool = False
    called: dict[str, bool] = msgspec.field(default_factory=dict)
    last_id: int = 0
    ids_by_time: bool = True
    sequence: int = 0
    books: dict[str, SymbolBookState] = msgspec.field(default_factory=dict)
    closed: dict[int, RestingOrder] = msgspec.field(default_factory=dict)
    triggered: dict[int, AlgoOrder] = msgspec.field(default_factory=dict)
    closed_algos: dict[int, AlgoOrder] = msgspec.field(default_factory=dict)
    income: list[Income] = msgspec.field(default_factory=list)
    countdowns: dict[str, int] = msgspec.field(default_factory=dict)
