"""Asks one strategy about one view, and keeps whatever is wrong with it to itself: the others go on (SIG-8)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple, get_args

import msgspec

from services.signals.contract import Enabled, signal_id
from services.signals.view import MarketView, UndeclaredRead
from shared.domain.bounds import shorten
from shared.domain.decisions import Decision, Judgement, LimitEntry, Reason, Signal

REASONS: Final[frozenset[str]] = frozenset(get_args(Reason))
#: What a strategy does not say of itself.
_NOT_ITS_WORDS: Final = frozenset(
    {
        "not_this_timeframe",
        "paused",
        "wrong_regime",
        "conflict",
        "strategy_failed",
        "bad_signal",
        "undeclared_read",
        "unsuitable_time",
        "volatility_extreme",
        "cost_too_high",
        "spread_too_wide",
        "against_flow",
    }
)
#: Longest part of a text that comes from a strategy, characters.
_QUOTED: Final = 300
#: Most reasons of one answer, as ``Judgement`` has it.
_MOST_REASONS: Final = 32
#: Largest signal, bytes: with it ten strategies may signal in each of fifty symbols at one close inside a message's bound.
_LARGEST: Final = 8 * 1024
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_SIGNAL: Final = msgspec.msgpack.Decoder(Signal)


class Fault(NamedTuple):
    """What a strategy did wrong: the reason that its judgement has, and a sentence for a person."""

    reason: Reason
    text: str


def ask(enabled: Enabled, view: MarketView) -> tuple[Judgement, Fault | None]:
    """Return the judgement of a strategy, and what it did wrong if it did.

    It is not asked where a timeframe that it needs is missing or disputed, of its symbol or another: nothing may rest on
    that. Of an optional timeframe in that state the view shows nothing.
    """
    unfit = view.unfit()
    if unfit:
        return _without(enabled.name, unfit), None
    fault: Fault | None
    try:
        answer = enabled.answer(view)
        read = _as_read(answer, enabled, view) if isinstance(answer, Signal) else nonsense(answer)
        fault = Fault("bad_signal", read) if isinstance(read, str) and read else None
    except UndeclaredRead as error:
        fault = Fault("undeclared_read", f"it read {quoted(error)}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a plug-in may raise anything, SystemExit too; the others must go on
        fault = Fault("strategy_failed", f"it raised {quoted(error)}")
    if view.asked:  # also when it caught the error: its answer rests on what others happen to read
        fault = Fault("undeclared_read", f"it read {shorten(_plain(view.asked[0]), _QUOTED)}")
    if fault is not None:
        return _without(enabled.name, (fault.reason,)), fault
    if isinstance(read, Signal):
        return Judgement(strategy=enabled.name, signal=read), None
    return _without(enabled.name, answer), None


@lru_cache(maxsize=1024)
def _without(strategy: str, reasons: tuple[Reason, ...]) -> Judgement:
    """The judgement that says why there is no signal: the same one each time, because strategies say the same for hours."""
    return Judgement(strategy=strategy, reasons=reasons)


def nonsense(answer: object) -> str:
    """Return what is wrong with an answer that is no signal; empty for a sound one."""
    if not isinstance(answer, tuple) or not answer:
        return f"it returned {quoted(answer)}: neither a signal nor a tuple of reasons"
    strangers = [each for each in answer if type(each) is not str or each not in REASONS or each in _NOT_ITS_WORDS]
    if strangers:
        return f"it returned the reason {quoted(strangers[0])}, which strategies do not have"
    return "" if len(answer) <= _MOST_REASONS else f"it returned {len(answer)} reasons; at most {_MOST_REASONS} are told"


def choose(judgements: list[Judgement]) -> tuple[str, tuple[Reason, ...]]:
    """Return the name of the strategy whose signal is chosen, or no name and the reason: the rule stands at ``Decision``."""
    signals = [each.signal for each in judgements if each.signal is not None]
    if not signals:
        return "", ()
    if any(each.side != signals[0].side for each in signals):
        return "", ("conflict",)
    return min(signals, key=lambda signal: (-signal.score, signal.strategy)).strategy, ()


def _as_read(signal: Signal, enabled: Enabled, view: MarketView) -> Signal | str:
    """Return a signal as whoever reads the message gets it, or what is wrong with it.

    A price written 100 is 100.0 behind a broker, and must be so in one process.
    """
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
        read = _SIGNAL.decode(body)
    except (msgspec.MsgspecError, OverflowError, UnicodeError, TypeError, ValueError) as error:
        return f"its signal is refused: {quoted(error)}"
    if len(body) > _LARGEST:
        return f"its signal takes {len(body):,} bytes; at most {_LARGEST:,} are taken: a shorter why, or fewer facts"
    foreign = [each for each in signal.rests_on if not view.holds(each)]
    return f"its signal rests on {quoted(foreign[0])}, a fact that its view does not hold" if foreign else read


def quoted(thing: object) -> str:
    """Return what a strategy made or raised as text that any channel carries, in 300 characters at most; it never raises."""
    try:
        text = f"{type(thing).__name__}: {thing}" if isinstance(thing, BaseException) else repr(thing)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a plug-in's object whose text raises
        text = type(thing).__name__
    return shorten(_plain(text), _QUOTED)


def _plain(text: str) -> str:
    """The text without what UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode()


def decide(decision_id: str, symbol: str, close_time: int, judgements: list[Judgement]) -> Decision:
    """Return the decision of a symbol at a close (UTC ms) from what its strategies said; without any, none judges then."""
    if not judgements:
        return Decision(id=decision_id, symbol=symbol, close_time=close_time, reasons=("not_this_timeframe",))
    chosen, reasons = choose(judgements)
    return Decision(
        id=decision_id, symbol=symbol, close_time=close_time, judgements=tuple(judgements), chosen=chosen, reasons=reasons
    )
