"""Look-ahead analysis of strategies and whole backtests: ours pass, and known-bad specimens are caught with few cuts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from random import Random
from typing import Any

import numpy as np
import pytest

from research.backtest.tape import CLOSE, Tape
from research.cuts import telling_cuts
from research.lookahead import Leak, Statement
from research.looked import CuttableCandles, Looked
from research.market_lookahead import CuttableTape, Plays, backtest, decisions
from shared.domain.account import Trade
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, MINUTE
from simulator.market.funding import ConstantFunding
from tests.support.analysis.candles import seeded_walk
from tests.support.research.backtests import Scene
from tests.support.research.jobs import SETTINGS, sections

TAPE = Scene(SETTINGS, days=0.75).tape()
SECTIONS = sections(SETTINGS)
FUNDING = ConstantFunding(TAPE.symbols)
SYMBOL = TAPE.symbols[0]
#: Reads funding, on 5m candles, and order flow, by a filter.
CARRYING: dict[str, Any] = {
    "signals": {
        "strategies": ["funding_carry"],
        "funding_carry": {"timeframe": "5m", "trend": 3, "entry_candles": 11, "max_run": 50.0, "funding_hours": 1},
        "filters": {"order_flow": {"enabled": True, "max_delta_against": 0.0}},
    }
}
SEEDS = range(12)
HOUR = DURATION["1h"]


def found(plays: Plays, number: int = 1, seed: int = 1, tape: Tape = TAPE) -> list[Leak]:
    return list(chain.from_iterable(Looked(plays, CuttableTape(tape), number, seed).leaks()))


def closes(tape: Tape) -> list[float]:
    numbers: list[float] = tape.columns[SYMBOL][CLOSE].tolist()
    return numbers


def peek(tape: Tape) -> list[Statement]:
    """One candle ahead, in two of a hundred closes: buys before the largest rises."""
    moves = np.diff(tape.columns[SYMBOL][CLOSE])
    rare = moves > 3.0 * moves.std() if len(moves) else moves
    return [Statement(tape.close_time(row), "buy") for row in np.flatnonzero(rare).tolist()]


def peek_at_the_end(tape: Tape) -> list[Statement]:
    """One candle ahead, and only at the last close that has one."""
    return [Statement(tape.close_time(len(tape) - 2), closes(tape)[-1])] if len(tape) == len(TAPE) else []


def running_hour(tape: Tape) -> list[Statement]:
    """Reads the hour's candle while it runs, as a table of hours joined to minutes gives it: with its final close."""
    last: dict[int, float] = {(tape.close_time(row) - 1) // HOUR: close for row, close in enumerate(closes(tape))}
    return [Statement(tape.close_time(row), last[(tape.close_time(row) - 1) // HOUR]) for row in range(len(tape))]


_whole: dict[str, list[float]] = {}


def kept_table(tape: Tape) -> list[Statement]:
    """Computes a table once, of the longest market it was shown, and looks everything up in it."""
    numbers = closes(tape)
    if len(numbers) > len(_whole.get("", [])):
        _whole[""] = numbers
    high = max(_whole[""])
    return [Statement(tape.close_time(row), high) for row in range(len(tape))]


def sorted_by_result(tape: Tape) -> list[Statement]:
    """Keeps the trades that ended best, and says so when they begin."""
    trades = [each.said for each in backtest(SECTIONS, FUNDING)(tape) if isinstance(each.said, Trade)]
    best = sorted(trades, key=lambda each: each.result)[-len(trades) // 3 :]
    said = [Statement(-(-each.opened_at // MINUTE) * MINUTE, each.side) for each in best]
    return sorted(said, key=lambda each: each.known_at)


def spoils_its_candles(tape: Tape) -> list[Statement]:
    """Writes to what it was given; it says nothing that leaks."""
    said = [Statement(tape.close_time(row), close) for row, close in enumerate(closes(tape))]
    for columns in tape.columns.values():
        columns[:] = 1.0
    return said


def test_strategies_and_a_whole_backtest_know_nothing_of_what_comes() -> None:
    """BT-5: decisions, orders, fills, trades and wallet up to each cut are the same."""
    for plays in (decisions(SECTIONS), backtest(SECTIONS, FUNDING)):
        looked = Looked(plays, CuttableTape(TAPE), 2, seed=3)
        assert list(looked.leaks()) == [[]] * len(looked.cuts)
        assert looked.said > 100
        assert len(TAPE) - 1 in looked.cuts
    kinds = {type(each.said).__name__ for each in backtest(SECTIONS, FUNDING)(TAPE)}
    assert kinds >= {"Decision", "Order", "Fill", "Trade", "dict"}


@pytest.mark.parametrize("specimen", [peek, peek_at_the_end, running_hour])
def test_specimens_are_caught_with_one_cut_whatever_the_seed(specimen: Callable[[Tape], list[Statement]]) -> None:
    """BT-5: a rare peek by one candle, one at the last candle alone, and the running candle of a higher timeframe."""
    assert all(found(specimen, seed=seed) for seed in SEEDS)


def test_trades_chosen_by_their_result_are_caught_with_one_cut() -> None:
    """BT-5: whoever sorts by result says at the entry what the exit will be."""
    assert len(sorted_by_result(TAPE)) > 1
    assert found(sorted_by_result)


def test_a_table_of_all_candles_that_is_kept_between_plays_is_caught() -> None:
    """BT-5: prefixes are played before the whole."""
    _whole.clear()
    assert found(kept_table, number=2)


def test_a_detector_that_spoils_its_candles_is_judged_by_its_statements() -> None:
    """BT-5: every play has candles of its own."""
    before = closes(TAPE)
    assert not found(spoils_its_candles)
    assert closes(TAPE) == before


def test_a_leak_of_a_backtest_names_the_close_and_both_statements() -> None:
    """BT-5: a person must be able to look the case up."""
    leak = found(running_hour)[0]
    assert leak.cut_at == TAPE.close_time(leak.cut - 1)
    assert leak.then != leak.full


def test_detectors_are_looked_at_in_the_same_places() -> None:
    """BT-5: a peek at the last candle alone is caught, and the candles are the detector's own."""
    candles = seeded_walk(1, 200)

    def at_the_end(given: list[Candle]) -> list[Statement]:
        said = [Statement(given[-2].close_time, given[-1].close)] if len(given) == len(candles) else []
        given.clear()
        return said

    assert all(any(Looked(at_the_end, CuttableCandles(candles), 1, seed).leaks()) for seed in SEEDS)


def test_few_cuts_lie_where_something_is_said_at_the_end_and_behind_boundaries() -> None:
    """BT-5: and each within the candles."""
    closes = range(TAPE.first, TAPE.first + 1_000 * MINUTE, MINUTE)
    cuts = telling_cuts(closes, {closes[123]}, 1, seed=1)
    assert {124, 999} <= set(cuts)
    assert any((closes[cut - 1] - MINUTE) % HOUR == 0 for cut in cuts)
    assert telling_cuts(closes[:1], {closes[0]}, 3, seed=1) == telling_cuts([], (), 3, seed=1) == []
    assert telling_cuts(closes[:2], {closes[0]}, 3, seed=1) == [1]


def test_another_future_has_other_rates_and_flows_and_the_same_past() -> None:
    """BT-5: a strategy that peeks at a settlement, or at takers, is shown another one."""
    tape = Scene(CARRYING, days=0.6, hours=1).tape()
    cut = 500
    last = tape.close_time(cut - 1)
    other = CuttableTape(tape).otherwise(cut, Random(3))
    assert other.candles(cut - 1) == tape.candles(cut - 1)
    for row in range(cut, len(tape)):
        assert all(each.funding is None or each.funding.time < tape.close_time(row) for each in other.candles(row))
    known, shown = tape.settled[SYMBOL], other.settled[SYMBOL]
    later = known.times >= last
    assert later.any()
    assert (shown.rates[later] != known.rates[later]).all()
    assert (shown.rates[~later] == known.rates[~later]).all()
    assert (other.flows[SYMBOL][:, :cut] == tape.flows[SYMBOL][:, :cut]).all()
    assert (other.flows[SYMBOL][:, cut:] != tape.flows[SYMBOL][:, cut:]).any()
    assert CuttableTape(tape).until(cut).settled[SYMBOL].times.max() < last


def test_a_strategy_that_reads_funding_knows_nothing_of_what_comes() -> None:
    """BT-5: on rates that change, by decisions; a specimen that reads the next settlement is caught."""
    tape = Scene(CARRYING, days=0.6, hours=1).tape()
    for settled in tape.settled.values():
        settled.rates[:] = np.where(np.arange(len(settled.rates)) % 3, 0.0008, -0.0001)
    assert not found(decisions(sections(CARRYING)), tape=tape)

    def peeking(shown: Tape) -> list[Statement]:
        rates = shown.settled[SYMBOL]
        return [
            Statement(shown.close_time(row), rates.rates[place].item())
            for row in range(len(shown))
            if (place := int(np.searchsorted(rates.times, shown.close_time(row)))) < len(rates.times)
        ]

    assert found(peeking, tape=tape)
