"""Runs timers: countdowns that cancel a symbol's orders, and good-till dates of orders."""

from __future__ import annotations

from simulator.core.matching.placement import cancel_all
from simulator.core.state.exchange_state import ExchangeState


def run_due(state: ExchangeState, time: int) -> None:
    """Run everything due at ``time`` (ms), earliest first; at the same time countdowns first, then orders by id."""
    while state.next_timer <= time:
        due = state.next_timer
        state.saved.time = max(state.saved.time, due)
        for symbol in sorted(symbol for symbol, at in state.saved.countdowns.items() if at <= due):
            del state.saved.countdowns[symbol]
            cancel_all(state, symbol)
        for number in sorted(number for number, each in state.open.items() if 0 < each.order.good_till <= due):
            resting = state.open[number]
            state.close_order(resting, "expire")
            state.settle(resting)
        for number in sorted(number for number, each in state.open_algos.items() if 0 < each.algo.good_till <= due):
            state.cancel_algo(state.open_algos[number], "expire")
        state.schedule_timer()


def countdown(state: ExchangeState, symbol: str, duration: int) -> None:
    """Start a countdown that cancels the symbol's orders in ``duration`` ms; 0 stops it."""
    if duration > 0:
        state.saved.countdowns[symbol] = state.time + duration
    else:
        state.saved.countdowns.pop(symbol, None)
    state.schedule_timer()
