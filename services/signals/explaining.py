"""Explains what a strategy says of a view: its judgement again, with every gate, its numbers and the facts (SIG-7)."""

from __future__ import annotations

from typing import Final

import msgspec

from services.signals.contract import Enabled
from services.signals.gates import Gate, failed
from services.signals.judging import Fault
from services.signals.view import MarketView
from shared.domain.bounds import shorten
from shared.domain.decisions import Judgement
from shared.domain.facts import Fact
from shared.domain.timeframes import Timeframe

#: Longest quoted text of a strategy's error, characters.
_QUOTED: Final = 300


class FactAt(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a signal rests on, and where it was found."""

    symbol: str
    timeframe: Timeframe
    fact: Fact


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement of one strategy at one close (UTC ms), explained.

    gates: every condition with its numbers; empty when the strategy offers none. facts: what its signal rests on.
    fault: what the strategy did wrong, in judging or in explaining; empty for a sound one.
    """

    symbol: str
    strategy: str
    timeframe: Timeframe
    close_time: int
    judgement: Judgement
    gates: tuple[Gate, ...] = ()
    facts: tuple[FactAt, ...] = ()
    fault: str = ""


def explain(enabled: Enabled, view: MarketView, judgement: Judgement, fault: Fault | None) -> Explanation:
    """Explain what ``judging.ask`` said of a view, from that view. Nothing that a strategy does wrong comes out."""
    gates, wrong = _gates(enabled, view, judgement) if fault is None else ((), fault.text)
    rests_on = judgement.signal.rests_on if judgement.signal is not None else ()
    found = [view.find(each) for each in rests_on]
    return Explanation(
        symbol=view.symbol,
        strategy=enabled.name,
        timeframe=enabled.timeframe,
        close_time=view.close_time,
        judgement=judgement,
        gates=gates,
        facts=tuple([FactAt(symbol=each[0], timeframe=each[1], fact=each[2]) for each in found if each is not None]),
        fault=wrong,
    )


def _gates(enabled: Enabled, view: MarketView, judgement: Judgement) -> tuple[tuple[Gate, ...], str]:
    unfit = _unfit(enabled, view)
    if unfit:
        return unfit, ""
    try:
        gates = enabled.gates(view)
        sound = isinstance(gates, tuple) and all(isinstance(each, Gate) for each in gates)
        wrong = "" if sound else f"its explanation is {gates!r}, no tuple of gates"
        if sound and gates and failed(gates) != judgement.reasons:
            wrong = f"its gates say {', '.join(failed(gates)) or 'signal'}, which is not its answer"
    except Exception as error:  # noqa: BLE001  # a plug-in may raise anything
        wrong = f"its explanation raised {type(error).__name__}: {error}"
    return ((), shorten(wrong, _QUOTED)) if wrong else (gates, "")


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
