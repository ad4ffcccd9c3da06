"""Asks one strategy about one view, and keeps whatever is wrong with it to itself: the others go on (SIG-8)."""

from __future__ import annotations

import math
from typing import Final, get_args

import msgspec

from services.signals.contract import Enabled, signal_id
from services.signals.view import MarketView, UndeclaredRead
from shared.domain.bounds import shorten
from shared.domain.decisions import Decision, Judgement, Reason, Signal

REASONS: Final[frozenset[str]] = frozenset(get_args(Reason))
#: What a strategy does not say of itself.
_NOT_ITS_WORDS: Final = frozenset(
    {"not_this_timeframe", "paused", "wrong_regime", "conflict", "strategy_failed", "bad_signal", "undeclared_read"}
)
#: Longest part of a text that comes from a strategy, characters.
_QUOTED: Final = 300


class Fault(msgspec.Struct, frozen=True):
    """What a strategy did wrong: the reason that its judgement has, and a sentence for a person."""

    reason: Reason
    text: str


def ask(enabled: Enabled, view: MarketView) -> tuple[Judgement, Fault | None]:
    """Return the judgement of a strategy, and what it did wrong if it did.

    It is not asked where a timeframe or symbol that it declares is missing or disputed: nothing may rest on that.
    """
    unfit = view.unfit()
    if unfit:
        return Judgement(strategy=enabled.name, reasons=unfit), None
    fault: Fault | None
    try:
        answer = enabled.answer(view)
        text = nonsense(answer, enabled, view)
        fault = Fault("bad_signal", text) if text else None
    except UndeclaredRead as error:
        fault = Fault("undeclared_read", f"it read {error}")
    except Exception as error:  # noqa: BLE001  # a plug-in may raise anything; the other strategies must go on
        fault = Fault("strategy_failed", f"it raised {_quoted(error)}")
    if view.asked:  # also when it caught the error: its answer rests on what others happen to read
        fault = Fault("undeclared_read", f"it read {shorten(view.asked[0], _QUOTED)}")
    if fault is not None:
        return Judgement(strategy=enabled.name, reasons=(fault.reason,)), fault
    if isinstance(answer, Signal):
        return Judgement(strategy=enabled.name, signal=answer), None
    return Judgement(strategy=enabled.name, reasons=answer), None


def nonsense(answer: object, enabled: Enabled, view: MarketView) -> str:
    """Return what is wrong with an answer; empty for a sound one."""
    if isinstance(answer, Signal):
        return _unsound(answer, enabled, view)
    if not isinstance(answer, tuple) or not answer:
        return f"it returned {_quoted(answer)}: neither a signal nor a tuple of reasons"
    strangers = [each for each in answer if not isinstance(each, str) or each not in REASONS or each in _NOT_ITS_WORDS]
    if strangers:
        return f"it returned the reason {_quoted(strangers[0])}, which strategies do not have"
    return "" if len(answer) <= len(REASONS) else f"it returned {len(answer)} reasons"


def choose(judgements: list[Judgement]) -> tuple[str, tuple[Reason, ...]]:
    """Return the name of the strategy whose signal is chosen, or no name and the reason: the rule stands at ``Decision``."""
    signals = [each.signal for each in judgements if each.signal is not None]
    if not signals:
        return "", ()
    if any(each.side != signals[0].side for each in signals):
        return "", ("conflict",)
    return min(signals, key=lambda signal: (-signal.score, signal.strategy)).strategy, ()


def _unsound(signal: Signal, enabled: Enabled, view: MarketView) -> str:
    wanted = (enabled.name, view.symbol, view.close_time)
    if (signal.strategy, signal.symbol, signal.close_time) != wanted:
        return f"its signal is of {signal.strategy}, {signal.symbol} and the close {signal.close_time}, not of {wanted}"
    if signal.id != signal_id(*wanted):
        return "its signal has an id of its own: use signal_id(NAME, view.symbol, view.close_time)"
    if signal.valid_until <= view.close_time:
        return f"its signal is over at {signal.valid_until}, before it can be sent"
    prices = [signal.entry.price, signal.stop, signal.score, *(each.price for each in signal.exits)]
    if not all(isinstance(price, int | float) and math.isfinite(price) for price in prices):
        return f"its signal has prices that are no numbers: {_quoted(prices)}"
    try:
        msgspec.convert(msgspec.to_builtins(signal), Signal)
    except msgspec.ValidationError as error:
        return f"its signal is refused: {_quoted(error)}"
    foreign = [each for each in signal.rests_on if not view.holds(each)]
    return f"its signal rests on {_quoted(foreign[0])}, a fact that its view does not hold" if foreign else ""


def _quoted(thing: object) -> str:
    try:
        text = f"{type(thing).__name__}: {thing}" if isinstance(thing, Exception) else repr(thing)
    except Exception:  # noqa: BLE001  # a plug-in's object whose text raises
        text = type(thing).__name__
    return shorten(text, _QUOTED)


def decide(decision_id: str, symbol: str, close_time: int, judgements: list[Judgement]) -> Decision:
    """Return the decision of a symbol at a close (UTC ms) from what its strategies said; without any, none judges then."""
    if not judgements:
        return Decision(id=decision_id, symbol=symbol, close_time=close_time, reasons=("not_this_timeframe",))
    chosen, reasons = choose(judgements)
    return Decision(
        id=decision_id, symbol=symbol, close_time=close_time, judgements=tuple(judgements), chosen=chosen, reasons=reasons
    )
