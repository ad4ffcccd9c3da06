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
from services.signals import judging
from services.signals.core import Said
from shared.domain.account import AccountStatement, RiskReport
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.ids import derive
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
            for row, said, _ in decided(sections, tape)
            for each in _judged(tape.close_time(row), said)
        ]

    return plays


def backtest(sections: Sections, funding: Funding) -> Plays:
    """What a whole backtest does: decisions, changes of orders, fills, closed trades, the wallet, the kill switch."""

    def plays(tape: Tape) -> list[Statement]:
        listening = _Listening()
        fast.run(sections, tape, funding, listening)
        return listening.statements

    return plays


def _judged(close_time: int, said: Sequence[Said]) -> list[Decision]:
    """The decisions of what strategies said, of symbols that one of them judges."""
    return [
        judging.decide(derive("decision", symbol, close_time), symbol, close_time, judgements)
        for symbol, judgements in said
        if judgements
    ]


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
        if isinstance(message, DecisionBundle):
            self._close = message.close_time
            self._step += [each for each in message.decisions if each.judgements]
        elif isinstance(message, OrderEvent):
            self._step += [each for each in (message.order, message.fill) if each is not None]
        elif isinstance(message, AccountStatement):
            self._close = message.time  # a minute in which no strategy judges has nothing else that tells it
            self._step += message.closed_trades
            self._changed("wallet", message.account.wallet)
        elif isinstance(message, RiskReport):
            self._changed("kill_switch", message.kill_switch)

    def judged(self, close_time: int, said: Sequence[Said]) -> None:
        super().judged(close_time, said)
        self.statements += [Statement(close_time, each) for each in _judged(close_time, said)]

    def step_done(self) -> None:
        super().step_done()
        self.statements += [Statement(self._close, each) for each in self._step]
        self._step.clear()

    def _changed(self, name: str, value: object) -> None:
        if self._stands.get(name) != value:
            self._stands[name] = value
            self._step.append({name: value})
