"""Look-ahead analysis of strategies and whole backtests (BT-5): is what was decided and traded up to a time the same
whether the candles end there, go on as they did, or go on otherwise?
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from research.backtest import fast
from research.backtest.beside import Settled
from research.backtest.deciding import decided
from research.backtest.passing import Funding
from research.backtest.sections import Sections
from research.backtest.tape import Tape
from research.lookahead import Statement
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.decisions import DecisionBundle
from shared.domain.intents import VerdictBundle
from shared.domain.message import Message
from shared.domain.orders import OrderEvent
from shared.domain.timeframes import MINUTE
from simulator.recorder import Recorder

#: Plays a market and gives what it said, in order of time.
Plays = Callable[[Tape], Sequence[Statement]]


class CuttableTape:
    """The minutes of all symbols together."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    @property
    def closes(self) -> Sequence[int]:
        """See the port."""
        return range(self._tape.first, self._tape.last + 1, MINUTE)

    def until(self, cut: int) -> Tape:
        """See the port."""
        found = self._tape.part(0, cut)
        for kept in (found.columns, found.flows):
            kept.update({symbol: columns.copy() for symbol, columns in kept.items()})
        return found

    def otherwise(self, cut: int, draw: random.Random) -> Tape:
        """See the port; the order is the same for all symbols."""
        found = self.until(len(self._tape))
        order = list(range(cut, len(self._tape)))
        draw.shuffle(order)
        for symbol, columns in self._tape.columns.items():
            found.columns[symbol][:, cut:] = columns[:, order]
        for symbol, flow in self._tape.flows.items():
            found.flows[symbol][:, cut:] = flow[:, order]
        for symbol, (times, rates) in self._tape.settled.items():
            # What no candle before the cut knows: the times stay, so that no candle knows a settlement of after its close.
            after = int(np.searchsorted(times, self._tape.close_time(cut - 1)))
            others = [-rate for rate in rates[after:].tolist()]
            draw.shuffle(others)
            found.settled[symbol] = Settled(times, np.array([*rates[:after].tolist(), *others]))
        return found


def decisions(sections: Sections) -> Plays:
    """What the strategies judge, with every reason and number that a decision has."""

    def plays(tape: Tape) -> list[Statement]:
        return [
            Statement(tape.close_time(row), each)
            for row, bundles in decided(sections, tape)
            for bundle in bundles
            for each in bundle.decisions
            if each.judgements
        ]

    return plays


def backtest(sections: Sections, funding: Funding) -> Plays:
    """What a whole backtest does: decisions, changes of orders, fills, closed trades, the wallet, the kill switch."""

    def plays(tape: Tape) -> list[Statement]:
        listening = _Listening()
        fast.run(sections, tape, funding, listening)
        return listening.statements

    return plays


class _Listening(Recorder):
    """Keeps what was said in each step, if it is more than that prices moved."""

    def __init__(self) -> None:
        super().__init__(None)
        self.statements: list[Statement] = []
        self._step: list[object] = []
        self._close = 0
        self._stands: dict[str, object] = {}

    def take(self, message: Message) -> None:
        super().take(message)
        # A close without a judgement has verdicts alone, and one at which only the account is touched not even those.
        if isinstance(message, DecisionBundle | VerdictBundle):
            self._close = message.close_time
        elif isinstance(message, OrderEvent | AccountStatement | RiskReport):
            self._close = max(self._close, message.time)
        if isinstance(message, DecisionBundle):
            self._step += [each for each in message.decisions if each.judgements]
        elif isinstance(message, OrderEvent):
            self._step += [each for each in (message.order, message.fill) if each is not None]
        elif isinstance(message, AccountStatement):
            self._step += message.closed_trades
            self._changed("wallet", message.account.wallet)
        elif isinstance(message, RiskReport):
            self._changed("kill_switch", message.kill_switch)

    def step_done(self) -> None:
        super().step_done()
        self.statements += [Statement(self._close, each) for each in self._step]
        self._step.clear()

    def _changed(self, name: str, value: object) -> None:
        if self._stands.get(name) != value:
            self._stands[name] = value
            self._step.append({name: value})
