"""What a backtest's strategies and filters read beside prices, and whether the data has it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Console

from cli.run.configuration import refuse
from research.backtest.beside import BOUGHT, Reads, reads_of
from research.backtest.tape import CLOSE, Tape
from services.signals.filters import FILTERS
from services.signals.settings import SignalsSettings
from shared.runtime.process.exits import Exit


def require_told(console: Console, signals: SignalsSettings, tape: Tape) -> None:
    """End the command where something reads order flow or funding of which a symbol has none: its answers would be others'.

    Tells of how many minutes the order flow is not known, where some lack it.
    """
    reads = reads_of(signals)
    for symbol in tape.symbols:
        if reads.funding and not len(tape.settled[symbol].times):
            refuse(
                f"{_reader(signals, Reads(funding=True))} reads the funding that was settled last, and none is known of "
                f"{symbol}: play candles of the repository, beside which rates are stored (ict data fetch {symbol} --from "
                f"DATE; --data {symbol}=repo:), or give `ict backtest` --funding {symbol}=FILE",
                Exit.NEGATIVE,
            )
        if not reads.flow:
            continue
        minutes = ~np.isnan(tape.columns[symbol][CLOSE])
        lacking = int((minutes & np.isnan(tape.flows[symbol][BOUGHT])).sum())
        if lacking == int(minutes.sum()):
            refuse(
                f"{_reader(signals, Reads(flow=True))} reads order flow, which the candles of {symbol} do not tell: give "
                "files with a column taker_buy_volume, as the exchange's archives have it, or fetch them again "
                f"(ict data fetch {symbol} --from DATE)",
                Exit.NEGATIVE,
            )
        if lacking:
            text = f"note: {lacking:,} of {int(minutes.sum()):,} minutes of {symbol} do not tell their order flow"
            console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def _reader(signals: SignalsSettings, what: Reads) -> str:
    return next(_readers(signals, what))


def _readers(signals: SignalsSettings, what: Reads) -> Iterator[str]:
    enabled = signals.enabled()
    for each in enabled:
        if (what.funding and each.scope.funding) or (what.flow and each.scope.flow):
            yield f"strategy {each.name}"
    for name, found in FILTERS.items():
        own = signals.filters.of(name)
        if any(own.applies_to(each.name) and found.flow(own, each.timeframe) for each in enabled):
            yield f"filter {name}"
