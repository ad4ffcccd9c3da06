"""Explains what a strategy says of a view: its judgement again, with every gate, its numbers and the facts (SIG-7)."""

from __future__ import annotations

from typing import Final

import msgspec

from services.signals.contract import Enabled
from services.signals.gates import Gate, failed
from services.signals.judging import Fault
from services.signals.soundness import quoted
from services.signals.view import MarketView
from shared.domain.bounds import shorten
from shared.domain.decisions import Judgement, Signal
from shared.domain.facts import Fact
from shared.domain.timeframes import Timeframe

#: Longest quoted text of a strategy's error, characters.
_QUOTED: Final = 300
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_GATES: Final = msgspec.msgpack.Decoder(tuple[Gate, ...])


class FactAt(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a signal rests on, and where it was found."""

    symbol: str
    timeframe: Timeframe
    fact: Fact


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement of one strategy at one close (UTC ms), explained.

    gates: every condition with its numbers; empty when the strategy offers none. facts: what its signal rests on. left_out:
    optional timeframes of which it saw nothing, because their newest candle is missing or implausible.
    fault: what the strategy did wrong, in judging or in explaining; empty for a sound one. filters: what the filters and the
    regime asked of its signal; where one of these gates does not hold, the judgement has its reasons and ``stopped`` the
    signal.
    """

    symbol: str
    strategy: str
    timeframe: Timeframe
    close_time: int
    judgement: Judgement
    gates: tuple[Gate, ...] = ()
    facts: tuple[FactAt, ...] = ()
    left_out: tuple[Timeframe, ...] = ()
    fault: str = ""
    filters: tuple[Gate, ...] = ()
    stopped: Signal | None = None


def explain(
    enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None, filters: tuple[Gate, ...] = ()
) -> Explanation:
    """Explain what ``judging.ask`` said of a view, from that view. Nothing that a strategy does wrong comes out.

    filters: what the filters and the regime asked of its signal.
    """
    gates, wrong = _gates(enabled, view, judgement) if fault is None else ((), fault.text)
    signal = judgement.signal
    rests_on = signal.rests_on if signal is not None else ()
    reasons = failed(filters) if signal is not None else ()
    found = [view.find(each) for each in rests_on]
    return Explanation(
        symbol=view.symbol,
        strategy=enabled.name,
        timeframe=enabled.timeframe,
        close_time=view.close_time,
        judgement=Judgement(strategy=enabled.name, reasons=reasons) if reasons else judgement,
        gates=gates,
        facts=tuple([FactAt(symbol=each[0], timeframe=each[1], fact=each[2]) for each in found if each is not None]),
        left_out=view.left_out,
        fault=wrong,
        filters=filters,
        stopped=signal if reasons else None,
    )


def _gates(enabled: Enabled, view: MarketView, judgement: Judgement) -> tuple[tuple[Gate, ...], str]:
    unfit = _unfit(enabled, view)
    if unfit:
        return unfit, ""
    try:
        gates = enabled.gates(view)
        sound = isinstance(gates, tuple) and all(isinstance(each, Gate) for each in gates)
        wrong = _unfit_to_show(gates) if sound else f"its explanation is {quoted(gates)}, no tuple of gates"
        if not wrong and gates and failed(gates) != judgement.reasons:
            wrong = f"its gates say {', '.join(failed(gates)) or 'signal'}, which is not its answer"
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a plug-in may raise anything, SystemExit too
        wrong = f"its explanation raised {quoted(error)}"
    return ((), shorten(wrong, _QUOTED)) if wrong else (gates, "")


def _unfit_to_show(gates: tuple[Gate, ...]) -> str:
    """Why these gates cannot be shown, such as a number of numpy; empty for sound ones."""
    try:
        _GATES.decode(_ENCODE(gates))
    except (msgspec.MsgspecError, OverflowError, UnicodeError, TypeError, ValueError) as error:
        return f"its explanation is refused: {quoted(error)}"
    return ""


def _unfit(enabled: Enabled, view: MarketView) -> tuple[Gate, ...]:
    """Why it is not asked at all: what is missing or disputed of what it reads."""
    gates = []
    for each in (view, *(view.other(symbol) for symbol in enabled.symbols if symbol != view.symbol)):
        if each.missing:
            frames = ", ".join(each.missing)
            gates.append(Gate("candle", "data_missing", False, text=f"{each.symbol}: the last {frames} candle is missing."))
        if each.disputed:
            frames = ", ".join(each.disputed)
            text = f"{each.symbol}: the last {frames} candle is implausible, or lacks minutes."
            gates.append(Gate("plausible", "data_disputed", False, text=text))
    return tuple(sorted(gates, key=lambda gate: gate.reason != "data_missing"))
