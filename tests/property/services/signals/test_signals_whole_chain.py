"""From candles to decisions with every strategy on: no future, no order of arrival and no restart changes a decision.

The specimens leak in the ways in which strategies do: each check catches those that it is there for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from services.signals.contract import Answer, Enabled, Strategy
from services.signals.core import SignalsCore
from services.signals.view import MarketView
from shared.domain.candles import FeedStep
from shared.domain.timeframes import open_time
from tests.support.signals.whole_chain import (
    NAMES,
    More,
    market,
    order_offences,
    prefix_offences,
    restart_offences,
    scramble_offences,
    straight,
)

#: A day in which every strategy signals.
DAY = market(24, seed=2)
#: Three hours and a half of it, for specimens.
SHORT = DAY[:210]


def test_every_strategy_signals_on_that_day() -> None:
    """SIG-3, SIG-4: what the properties below are about happens."""
    judgements = [each for bundle in straight(DAY) for decision in bundle.decisions for each in decision.judgements]
    assert {each.strategy for each in judgements if each.signal is not None} == set(NAMES)
    faults = {"strategy_failed", "bad_signal", "undeclared_read"}
    assert faults.isdisjoint(reason for each in judgements for reason in each.reasons)


@settings(max_examples=3, deadline=None)
@given(cut=st.integers(700, len(DAY) - 1))
def test_a_market_that_ends_earlier_is_decided_as_its_beginning_was(cut: int) -> None:
    """SIG-1, invariant 1."""
    assert prefix_offences(DAY, [cut]) == []


@settings(max_examples=3, deadline=None)
@given(cut=st.integers(700, len(DAY) - 130))
def test_another_future_changes_no_decision_of_the_past(cut: int) -> None:
    """SIG-1, invariant 1: other prices, and minutes that are lost."""
    assert scramble_offences(DAY, [cut]) == []


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_the_order_in_which_timeframes_and_symbols_arrive_changes_no_decision(seed: int) -> None:
    """SIG-1, invariant 3: with repeats."""
    assert order_offences(DAY, [seed]) == []


@settings(max_examples=2, deadline=None)
@given(start=st.integers(300, len(DAY) - 61))
def test_a_restart_before_any_message_changes_no_decision(start: int) -> None:
    """Invariant 3: ingest, analysis and signals, each before each message that it gets, for an hour."""
    assert restart_offences(DAY, range(start, start + 60)) == []


# Specimens.


class Nothing(BaseModel):
    """No settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def enabled(judge: Callable[[MarketView, Any], Answer]) -> tuple[Enabled, ...]:
    specimen = Strategy(
        name="specimen",
        about="A specimen.",
        settings=Nothing,
        judge=judge,
        timeframe=lambda settings: "5m",
        reads=lambda settings: {"5m": frozenset()},
    )
    return (Enabled(specimen, Nothing()),)


#: What the specimens know behind the back of their view.
KNOWN: dict[str, dict[int, float]] = {}
ARRIVED: list[int] = []


def price(view: MarketView) -> float:
    analysis = view.newest("5m")
    return 0.0 if analysis is None else analysis.candle.close


def peeks(steps: Sequence[FeedStep]) -> tuple[Enabled, ...]:
    """Looks at the whole market through a module's global: is the last price of all above this one?"""
    KNOWN["last"] = {0: steps[-1].candles[0].close if steps[-1].candles else 0.0}

    def judge(view: MarketView, settings: Any) -> Answer:
        return ("no_setup",) if KNOWN["last"][0] > price(view) else ("no_sweep",)

    return enabled(judge)


def runs_ahead(steps: Sequence[FeedStep]) -> tuple[Enabled, ...]:
    """Looks at the hour in which this close lies, as if it had closed: hours are labelled by their opening."""
    KNOWN["hours"] = {open_time(step.close_time - 1, "1h"): each.close for step in steps for each in step.candles[:1]}

    def judge(view: MarketView, settings: Any) -> Answer:
        hour = open_time(view.close_time, "1h")
        closed = KNOWN["hours"].get(hour, 0.0)
        return ("no_setup",) if closed > price(view) else ("no_sweep",)

    return enabled(judge)


def hears(steps: Sequence[FeedStep]) -> tuple[Enabled, ...]:
    """Asks whether messages of later closes have come: see ``Telling``."""
    ARRIVED.clear()

    def judge(view: MarketView, settings: Any) -> Answer:
        return ("no_setup",) if max(ARRIVED, default=0) > view.close_time else ("no_sweep",)

    return enabled(judge)


def remembers(steps: Sequence[FeedStep]) -> tuple[Enabled, ...]:
    """Keeps count of its own closes, in the memory of its process."""
    seen: list[int] = []

    def judge(view: MarketView, settings: Any) -> Answer:
        seen.append(view.close_time)
        return ("no_setup",) if len(seen) % 5 == 0 else ("no_sweep",)

    return enabled(judge)


class Telling(SignalsCore):
    """Says what arrives to whoever listens."""

    def _take(self, bundle, now):
        ARRIVED.append(bundle.close_time)
        return super()._take(bundle, now)


class Hasty(SignalsCore):
    """Puts every analysis into the view as it arrives, so that a higher timeframe's is seen before its close is judged."""

    def _take(self, bundle, now):
        self._absorb(bundle)
        return super()._take(bundle, now)


@pytest.mark.parametrize("more", [peeks, runs_ahead])
@pytest.mark.parametrize("check", [prefix_offences, scramble_offences])
def test_a_strategy_that_sees_the_future_is_caught(check: Callable[..., list[str]], more: More) -> None:
    """SIG-1, BT-5: by cutting the market off, and by changing what follows."""
    assert check(SHORT, [100, 145, 190], more) != []


@pytest.mark.parametrize(("more", "core"), [(hears, Telling), (lambda steps: (), Hasty)], ids=["hears", "hasty"])
def test_a_result_that_depends_on_the_order_of_arrival_is_caught(more: More, core: type[SignalsCore]) -> None:
    """SIG-1: in a strategy, and in the core."""
    assert order_offences(SHORT, range(3), more, core) != []


def test_a_strategy_with_a_memory_of_its_own_is_caught() -> None:
    """Invariant 3: it is gone after a restart."""
    assert restart_offences(SHORT, range(150, 180), remembers) != []


@pytest.mark.parametrize("more", [hears, remembers])
def test_the_specimens_are_caught_by_what_they_do_only(more: More) -> None:
    """The checks are about one thing each: these two see no future, and where messages come in order nothing tells them."""
    assert prefix_offences(SHORT, [150], more) == []
