"""Decodes Binance's user events about orders: order updates, conditional orders, early fill notices. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args

import msgspec

from shared.domain.order_words import PositionSide
from shared.exchange.binance.wire.enums import UnknownValue, order_type, side_of, status_of
from shared.exchange.binance.wire.rest import id_or_zero, number_or_zero
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import AlgoUpdate, Executed, Execution, FillNotice, OrderUpdate, UserEvent

_ZERO: Final = Decimal(0)
_EXECUTIONS: Final[dict[str, Execution]] = {word: word for word in get_args(Execution)}


class _Order(msgspec.Struct, frozen=True):
    s: str
    c: str
    S: str
    o: str
    q: Decimal
    p: Decimal
    ap: Decimal
    sp: Decimal
    x: str
    X: str
    i: int
    l: Decimal  # noqa: E741  the wire's name
    z: Decimal
    L: Decimal
    T: int
    t: int
    f: str = ""
    N: str = ""
    n: Decimal = _ZERO
    m: bool = False
    R: bool = False
    wt: str = ""
    ps: PositionSide = "BOTH"
    cp: bool = False
    AP: Decimal = _ZERO
    cr: Decimal = _ZERO
    rp: Decimal = _ZERO
    ot: str = ""
    er: str = ""


class OrderTradeUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    """A plain order was accepted, filled, amended, cancelled or expired."""

    E: int
    o: _Order

    def value(self) -> UserEvent:
        """Convert it to an OrderUpdate. Raises UnknownValue for a word that is not documented."""
        o = self.o
        execution = _EXECUTIONS.get(o.x)
        if execution is None:
            raise UnknownValue(f"execution type {o.x!r} is not one that the exchange documents")
        order = ExchangeOrder(
            symbol=o.s,
            id=o.i,
            client_id=o.c,
            book="plain",
            side=side_of(o.S),
            type=order_type(o.o),
            status=status_of(o.X, o.q, o.z),
            quantity=o.q,
            executed=o.z,
            updated_at=o.T,
            average_price=o.ap,
            price=o.p,
            trigger=o.sp,
            time_in_force=o.f,
            reduce_only=o.R,
            close_position=o.cp,
            position_side=o.ps,
            working_type=o.wt,
            activation=o.AP,
            callback_rate=o.cr,
            original_type=order_type(o.ot) if o.ot else None,
            reason=o.er,
        )
        fill = None
        if o.l > 0:
            fill = Executed(
                trade_id=o.t,
                quantity=o.l,
                price=o.L,
                commission=o.n,
                commission_asset=o.N,
                realized=o.rp,
                maker=o.m,
                time=o.T,
            )
        return OrderUpdate(time=self.E, execution=execution, order=order, fill=fill)


class _Algo(msgspec.Struct, frozen=True):
    caid: str
    aid: int
    o: str
    s: str
    S: str
    q: Decimal
    X: str
    tp: Decimal
    p: Decimal
    ps: PositionSide = "BOTH"
    f: str = ""
    ai: int | str = ""
    ap: str = ""
    aq: str = ""
    wt: str = ""
    cp: bool = False
    R: bool = False
    AP: Decimal = _ZERO
    cr: Decimal = _ZERO
    rm: str = ""


class AlgoOrderUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ALGO_UPDATE"):
    """A conditional order changed its status."""

    E: int
    T: int
    o: _Algo

    def value(self) -> UserEvent:
        """Convert it to an AlgoUpdate. Raises UnknownValue for a word that is not documented."""
        o = self.o
        executed = number_or_zero(o.aq)
        order = ExchangeOrder(
            symbol=o.s,
            id=o.aid,
            client_id=o.caid,
            book="algo",
            side=side_of(o.S),
            type=order_type(o.o),
            status=status_of(o.X, o.q, executed),
            quantity=o.q,
            executed=executed,
            updated_at=self.T,
            average_price=number_or_zero(o.ap) or None,
            price=o.p,
            trigger=o.tp,
            time_in_force=o.f,
            reduce_only=o.R,
            close_position=o.cp,
            position_side=o.ps,
            working_type=o.wt,
            activation=o.AP,
            callback_rate=o.cr,
            child_id=id_or_zero(o.ai),
            reason=o.rm,
        )
        return AlgoUpdate(time=self.E, order=order)


class TradeLite(msgspec.Struct, frozen=True, tag_field="e", tag="TRADE_LITE"):
    """A fill, sent before its ORDER_TRADE_UPDATE, without commission and profit."""

    E: int
    s: str
    c: str
    S: str
    i: int
    t: int
    l: Decimal  # noqa: E741  the wire's name
    L: Decimal
    m: bool

    def value(self) -> UserEvent:
        """Convert it to a FillNotice. Raises UnknownValue for a side that is not documented."""
        return FillNotice(
            time=self.E, symbol=self.s, side=side_of(self.S), client_id=self.c, order_id=self.i, trade_id=self.t,
            price=self.L, quantity=self.l, maker=self.m,
        )  # fmt: skip
