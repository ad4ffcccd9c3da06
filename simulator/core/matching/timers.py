"""Timers: countdowns that cancel a symbol's orders, and good-till dates."""

from __future__ import annotations

from simulator.core.matching.placement import cancel_all
from simulator.core.state.exchange_state import ExchangeState


def run_due(state: ExchangeState, time: int) -> None:
    """Do what is due at ``time`` (ms), earliest first; of one moment countdowns first, then orders by id."""
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
    """Cancel the symbol's orders ``duration`` ms from now; 0 takes the countdown back."""
    if duration > 0:
        state.saved.countdowns[symbol] = state.time + duration
    else:
        state.saved.countdowns.pop(symbol, None)
    state.schedule_timer()
