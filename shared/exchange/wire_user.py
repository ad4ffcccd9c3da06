"""Binance's user events in the port's words. Pure.

Kinds that nobody here knows become ``Unnamed``; a known kind without a mandatory field, or with an unknown word, is refused
by name, so that the reader asks by REST for what it could not read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args

import msgspec

from shared.exchange.orders import PositionSide, VenueOrder
from shared.exchange.user_events import (
    AccountUpdate,
    AlgoUpdate,
    ConfigUpdate,
    Executed,
    Execution,
    FillNotice,
    KeyExpired,
    MarginCall,
    OrderUpdate,
    PositionChange,
    Unnamed,
    UserEvent,
    WalletChange,
)
from shared.exchange.wire_rest import id_or_zero, number_or_zero
from shared.exchange.wire_words import UnknownWord, Unreadable, order_type, side_of, status_of

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


class _OrderUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    E: int
    o: _Order

    def value(self) -> UserEvent:
        o = self.o
        execution = _EXECUTIONS.get(o.x)
        if execution is None:
            raise UnknownWord(f"execution type {o.x!r} is not one that the venue documents")
        order = VenueOrder(
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


class _AlgoUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ALGO_UPDATE"):
    E: int
    T: int
    o: _Algo

    def value(self) -> UserEvent:
        o = self.o
        executed = number_or_zero(o.aq)
        order = VenueOrder(
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


class _TradeLite(msgspec.Struct, frozen=True, tag_field="e", tag="TRADE_LITE"):
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
        return FillNotice(
            time=self.E, symbol=self.s, side=side_of(self.S), client_id=self.c, order_id=self.i, trade_id=self.t,
            price=self.L, quantity=self.l, maker=self.m,
        )  # fmt: skip


class _Wallet(msgspec.Struct, frozen=True):
    a: str
    wb: Decimal
    cw: Decimal
    bc: Decimal


class _Position(msgspec.Struct, frozen=True):
    s: str
    pa: Decimal
    ep: Decimal
    up: Decimal
    ps: PositionSide = "BOTH"
    bep: Decimal = _ZERO
    iw: Decimal = _ZERO


class _AccountBody(msgspec.Struct, frozen=True):
    m: str
    B: tuple[_Wallet, ...] = ()
    P: tuple[_Position, ...] = ()


class _AccountUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ACCOUNT_UPDATE"):
    E: int
    a: _AccountBody

    def value(self) -> UserEvent:
        return AccountUpdate(
            time=self.E,
            reason=self.a.m,
            wallets=tuple(WalletChange(asset=b.a, wallet=b.wb, cross_wallet=b.cw, change=b.bc) for b in self.a.B),
            positions=tuple(
                PositionChange(
                    symbol=p.s, side=p.ps, quantity=p.pa, entry=p.ep, break_even=p.bep, unrealized=p.up, isolated_wallet=p.iw
                )
                for p in self.a.P
            ),
        )


class _SymbolConfig(msgspec.Struct, frozen=True):
    s: str
    l: int  # noqa: E741  the wire's name


class _AssetsMode(msgspec.Struct, frozen=True):
    j: bool


class _ConfigUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"):
    E: int
    ac: _SymbolConfig | None = None
    ai: _AssetsMode | None = None

    def value(self) -> UserEvent:
        return ConfigUpdate(
            time=self.E,
            symbol=self.ac.s if self.ac else "",
            leverage=self.ac.l if self.ac else 0,
            multi_assets=self.ai.j if self.ai else None,
        )


class _CalledPosition(msgspec.Struct, frozen=True):
    s: str


class _MarginCall(msgspec.Struct, frozen=True, tag_field="e", tag="MARGIN_CALL"):
    E: int
    p: tuple[_CalledPosition, ...]

    def value(self) -> UserEvent:
        return MarginCall(time=self.E, symbols=tuple(each.s for each in self.p))


class _KeyExpired(msgspec.Struct, frozen=True, tag_field="e", tag="listenKeyExpired"):
    E: int

    def value(self) -> UserEvent:
        return KeyExpired(time=self.E)


_Event = _OrderUpdate | _AlgoUpdate | _TradeLite | _AccountUpdate | _ConfigUpdate | _MarginCall | _KeyExpired
_KNOWN: Final = frozenset({"ORDER_TRADE_UPDATE", "ALGO_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE",
                           "MARGIN_CALL", "listenKeyExpired"})  # fmt: skip


class _Head(msgspec.Struct, frozen=True):
    e: str
    E: int = 0


class _Envelope(msgspec.Struct, frozen=True):
    """The /stream form wraps events; the /ws form sends them bare."""

    data: msgspec.Raw | None = None


_envelopes: Final = msgspec.json.Decoder(_Envelope)
_heads: Final = msgspec.json.Decoder(_Head, strict=False)
_events: Final = msgspec.json.Decoder(_Event, strict=False)


def read_user_event(frame: bytes | str) -> UserEvent:
    """One event, bare or wrapped. Raises Unreadable."""
    try:
        wrapped = _envelopes.decode(frame).data
        body = bytes(wrapped) if wrapped is not None else frame
        head = _heads.decode(body)
        if head.e not in _KNOWN:
            return Unnamed(kind=head.e, time=head.E)
        event: _Event = _events.decode(body)
    except msgspec.DecodeError as error:
        raise Unreadable(f"user event: {error}") from error
    return event.value()
