"""The account of a backtest: risk and execution with its simulated exchange, called directly, in lock-step.

What each says goes where the topology would carry it, in the order in which it was said: statements of the account and
halts to risk, verdicts to execution. Everything is shown to the recorder on the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from research.backtest.sections import Sections
from services.risk import service as risk_service
from services.risk.core import RiskCore
from shared.domain.account import AccountState, AccountStatement
from shared.domain.candles import RawCandle
from shared.domain.control import Control
from shared.domain.decisions import DecisionBundle
from shared.domain.intents import RiskOrder, VerdictBundle
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from simulator import execution_service
from simulator.execution_lane import ExecutionLane

#: Who takes a message; what is not listed goes to nobody but the recorder.
_TO_RISK: Final = (DecisionBundle, AccountStatement)
_TO_EXECUTION: Final = (VerdictBundle, RiskOrder)


class Overlooked(Exception):
    """Minutes were passed over in which something happened to the account: a bug."""


class Money:
    """Risk and execution of one account in mode sim. see: is shown every message that one of them says."""

    def __init__(self, sections: Sections, see: Callable[[Message], None]) -> None:
        common = sections.common
        if common.mode != "sim":
            raise ValueError(f"a backtest runs in mode sim, not {common.mode}")
        (risk_lane,) = risk_service.spec(common, sections.risk).lanes
        (execution_lane,) = execution_service.spec(common, sections.execution, sections.simulator).lanes
        risk, execution = risk_lane.build(), execution_lane.build()
        assert isinstance(risk, RiskCore)
        assert isinstance(execution, ExecutionLane)
        self.risk: Final = risk
        self.execution: Final = execution
        self._stated: AccountState | None = None
        self._see = see
        self._said: deque[Message] = deque()

    def market(
        self, close_time: int, candles: Iterable[RawCandle], funding: Mapping[str, Decimal], now: int | None = None
    ) -> None:
        """Move the exchange to ``close_time`` (UTC ms) along the minute's candles; risk hears of the account.

        ``now``: when it hears of it, UTC ms; None = at the close, as in lock-step.
        """
        now = close_time if now is None else now
        step = MarketStep(close_time=close_time, candles=tuple(candles), funding_rates=dict(funding))
        self._said.extend(self.execution.handle(step, now))
        self._carry(now)

    def stand(self, close_time: int, candles: Iterable[RawCandle]) -> None:
        """Move prices to ``close_time`` (UTC ms) along candles by which nothing happens to the account; nobody is told.

        Raises Overlooked if something happened.
        """
        step = MarketStep(close_time=close_time, candles=tuple(candles), funding_rates={})
        happened = self.execution.driver.step(step, close_time)
        if happened:
            raise Overlooked(f"the account was moved at {close_time} by prices inside its quiet bands")

    def decide(self, bundles: Iterable[DecisionBundle], now: int, *, recorded: bool = False) -> None:
        """Hand the decisions of a close to risk, its verdicts to execution. ``now``: UTC ms; in lock-step the close.

        recorded: the decisions need not be shown.
        """
        for bundle in bundles:
            if not recorded:
                self._see(bundle)
            self._said.extend(self.risk.handle(bundle, now))
        self._carry(now)

    @property
    def told(self) -> bool:
        """Whether the last statement has the wallet and the positions of the exchange: nothing was traded after it."""
        stated, exchange = self._stated, self.execution.driver.core.state
        if stated is None or stated.wallet != exchange.saved.wallet:
            return False
        held = {(book.symbol, side): leg.quantity for book, side, leg in exchange.open_legs()}
        return held == {(each.symbol, each.leg): each.quantity for each in stated.positions}

    def pass_unjudged(self, bundles: Callable[[], Iterable[DecisionBundle]], now: int) -> None:
        """Pass a close at which nobody judges: its ``bundles`` are asked for only where risk has an order to go with them.

        Without one they lead to an empty bundle of verdicts and to the report that the close is settled, which nobody reads.
        """
        if not self.risk.orders_nothing():
            self.decide(bundles(), now, recorded=True)

    def command(self, control: Control, now: int) -> None:
        """Hand an operator's command to risk and execution, as of ``now``, UTC ms."""
        self._said.extend(self.risk.handle(control, now))
        self._said.extend(self.execution.handle(control, now))
        self._carry(now)

    def _carry(self, now: int) -> None:
        while self._said:
            message = self._said.popleft()
            self._see(message)
            if isinstance(message, AccountStatement):
                self._stated = message.account
            if isinstance(message, _TO_RISK) or (isinstance(message, Control) and message.command == "halt"):
                self._said.extend(self.risk.handle(message, now))
            elif isinstance(message, _TO_EXECUTION):
                self._said.extend(self.execution.handle(message, now))
