"""What happens by time alone: countdowns that cancel a symbol's orders, and orders that are good till a date."""

from __future__ import annotations

from simulator.core.matching.placement import cancel_all
from simulator.core.state.exchange_state import Floor


def ring(floor: Floor, time: int) -> None:
    """Do what is due at ``time`` (ms), earliest first; of one moment countdowns first, then orders by id."""
    while floor.alarm <= time:
        due = floor.alarm
        floor.state.time = max(floor.state.time, due)
        for symbol in sorted(symbol for symbol, at in floor.state.countdowns.items() if at <= due):
            del floor.state.countdowns[symbol]
            cancel_all(floor, symbol)
        for number in sorted(number for number, each in floor.open.items() if 0 < each.order.good_till <= due):
            ticket = floor.open[number]
            floor.end(ticket, "expire")
            floor.settle(ticket)
        for number in sorted(number for number, each in floor.open_algos.items() if 0 < each.algo.good_till <= due):
            floor.cancel_algo(floor.open_algos[number], "expire")
        floor.set_alarm()


def countdown(floor: Floor, symbol: str, duration: int) -> None:
    """Cancel the symbol's orders ``duration`` ms from now; 0 takes the countdown back."""
    if duration > 0:
        floor.state.countdowns[symbol] = floor.time + duration
    else:
        floor.state.countdowns.pop(symbol, None)
    floor.set_alarm()
