"""Asks one strategy about one view, and keeps whatever is wrong with it to itself: the others go on (SIG-8)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, get_args

import msgspec

from services.signals.contract import Enabled
from services.signals.soundness import quoted, short, unsound
from services.signals.view import MarketView, UndeclaredRead
from shared.domain.decisions import Decision, Judgement, Reason, Signal

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
#: Most reasons of one answer, as ``Judgement`` has it.
_MOST_REASONS: Final = 32
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
        text = nonsense(answer, enabled, view)
        fault = Fault("bad_signal", text) if text else None
    except UndeclaredRead as undeclared:  # another name than below: mypyc gives a name one type
        fault = Fault("undeclared_read", f"it read {quoted(undeclared)}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a plug-in may raise anything, SystemExit too; the others must go on
        fault = Fault("strategy_failed", f"it raised {quoted(error)}")
    if view.asked:  # also when it caught the error: its answer rests on what others happen to read
        fault = Fault("undeclared_read", f"it read {short(view.asked[0])}")
    if fault is not None:
        return _without(enabled.name, (fault.reason,)), fault
    if isinstance(answer, Signal):
        # As whoever reads the message gets it: a price written 100 is 100.0 behind a broker, and must be so in one process.
        return Judgement(strategy=enabled.name, signal=_SIGNAL.decode(_ENCODE(answer))), None
    return _without(enabled.name, answer), None


@lru_cache(maxsize=1024)
def _without(strategy: str, reasons: tuple[Reason, ...]) -> Judgement:
    """The judgement that says why there is no signal: the same one each time, because strategies say the same for hours."""
    return Judgement(strategy=strategy, reasons=reasons)


def nonsense(answer: object, enabled: Enabled, view: MarketView) -> str:
    """Return what is wrong with an answer; empty for a sound one."""
    if isinstance(answer, Signal):
        return unsound(answer, enabled, view)
    if not isinstance(answer, tuple) or not answer:
        return f"it returned {quoted(answer)}: neither a signal nor a tuple of reasons"
    strangers = [each for each in answer if type(each) is not str or each not in REASONS or each in _NOT_ITS_WORDS]
    if strangers:
        return f"it returned the reason {quoted(strangers[0])}, which strategies do not have"
    return "" if len(answer) <= _MOST_REASONS else f"it returned {len(answer)} reasons; at most {_MOST_REASONS} are told"


def choose(judgements: Sequence[Judgement]) -> tuple[str, tuple[Reason, ...]]:
    """Return the name of the strategy whose signal is chosen, or no name and the reason: the rule stands at ``Decision``."""
    signals = [each.signal for each in judgements if each.signal is not None]
    if not signals:
        return "", ()
    if any(each.side != signals[0].side for each in signals):
        return "", ("conflict",)
    return min(signals, key=lambda signal: (-signal.score, signal.strategy)).strategy, ()


def decide(decision_id: str, symbol: str, close_time: int, judgements: Sequence[Judgement]) -> Decision:
    """Return the decision of a symbol at a close (UTC ms) from what its strategies said; without any, none judges then."""
    if not judgements:
        return Decision(id=decision_id, symbol=symbol, close_time=close_time, reasons=("not_this_timeframe",))
    chosen, reasons = choose(judgements)
    return Decision(
        id=decision_id, symbol=symbol, close_time=close_time, judgements=tuple(judgements), chosen=chosen, reasons=reasons
    )
