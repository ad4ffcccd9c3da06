"""Looks at what a strategy made, which may be anything: types are promised there, and not kept.

Interpreted because of that: compiled, a list where a tuple is promised is an error before anybody has looked at it.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from services.signals.contract import Enabled, signal_id
from services.signals.view import MarketView
from shared.domain.bounds import shorten
from shared.domain.decisions import LimitEntry, Signal

#: Longest part of a text that comes from a strategy, characters.
_QUOTED: Final = 300
#: Largest signal, bytes: with it ten strategies may signal in each of fifty symbols at one close inside a message's bound.
_LARGEST: Final = 8 * 1024
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_SIGNAL: Final = msgspec.msgpack.Decoder(Signal)


def unsound(signal: Signal, enabled: Enabled, view: MarketView) -> str:
    """Return what is wrong with a signal, whatever is in it; empty for a sound one."""
    wanted = (enabled.name, view.symbol, view.close_time)
    if (signal.strategy, signal.symbol, signal.close_time) != wanted:
        return f"its signal is of {signal.strategy}, {signal.symbol} and the close {signal.close_time}, not of {wanted}"
    if signal.id != signal_id(*wanted):
        return "its signal has an id of its own: use signal_id(NAME, view.symbol, view.close_time)"
    if signal.valid_until <= view.close_time:
        return f"its signal is over at {signal.valid_until}, before it can be sent"
    times = [signal.close_by or view.close_time + 1]
    times += [signal.entry.rests_until] if isinstance(signal.entry, LimitEntry) else []
    if min(times) <= view.close_time:
        return f"its signal is to rest, or to be closed, until {min(times)}, which is over"
    if type(signal.exits) is not tuple or signal.break_even_after > len(signal.exits):
        return f"its stop is to move after {signal.break_even_after} of the exits {quoted(signal.exits)}"
    prices = [signal.entry.price, signal.stop, signal.score, *(each.price for each in signal.exits)]
    if not all(isinstance(price, int | float) and math.isfinite(price) for price in prices):
        return f"its signal has prices that are no numbers: {quoted(prices)}"
    try:
        body = _ENCODE(signal)
        _SIGNAL.decode(body)
    except (msgspec.MsgspecError, OverflowError, UnicodeError, TypeError, ValueError) as error:
        return f"its signal is refused: {quoted(error)}"
    if len(body) > _LARGEST:
        return f"its signal takes {len(body):,} bytes; at most {_LARGEST:,} are taken: a shorter why, or fewer facts"
    foreign = [each for each in signal.rests_on if not view.holds(each)]
    return f"its signal rests on {quoted(foreign[0])}, a fact that its view does not hold" if foreign else ""


def quoted(thing: object) -> str:
    """Return what a strategy made or raised as text that any channel carries, in 300 characters at most; it never raises."""
    try:
        text = f"{type(thing).__name__}: {thing}" if isinstance(thing, BaseException) else repr(thing)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plug-in's object whose text raises
        text = type(thing).__name__
    return short(text)


def short(text: str) -> str:
    """The text without what UTF-8 cannot carry, in 300 characters at most."""
    return shorten(text.encode("utf-8", "replace").decode(), _QUOTED)
