"""Decodes Binance's user events and converts them to the port's types. Pure.

An event of an unknown kind becomes ``Unnamed``. A known kind with a missing field or an unknown word raises Unreadable, so
that the reader queries by REST what it could not read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.order_words import PositionSide
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.user_orders import AlgoOrderUpdate, OrderTradeUpdate, TradeLite
from shared.exchange.model.user_events import (
    AccountUpdate,
    ConfigUpdate,
    KeyExpired,
    MarginCall,
    PositionChange,
    Unnamed,
    UserEvent,
    WalletChange,
)

_ZERO: Final = Decimal(0)


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


_Event = OrderTradeUpdate | AlgoOrderUpdate | TradeLite | _AccountUpdate | _ConfigUpdate | _MarginCall | _KeyExpired
_KNOWN: Final = frozenset({"ORDER_TRADE_UPDATE", "ALGO_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE",
                           "MARGIN_CALL", "listenKeyExpired"})  # fmt: skip


class _Head(msgspec.Struct, frozen=True):
    e: str
    E: int = 0


class _Envelope(msgspec.Struct, frozen=True):
    """The wrapper of events on a /stream address; ``data`` None = the event came without one, as on /ws."""

    data: msgspec.Raw | None = None


_envelopes: Final = msgspec.json.Decoder(_Envelope)
_heads: Final = msgspec.json.Decoder(_Head, strict=False)
_events: Final = msgspec.json.Decoder(_Event, strict=False)


def read_user_event(frame: bytes | str) -> UserEvent:
    """Decode one event, wrapped or not. Raises Unreadable if it is not as documented."""
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
