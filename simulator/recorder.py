"""Writes the record of a run: decisions, orders, fills and equity as JSON lines, byte for byte the same for the same run.

Keys are sorted, there are no spaces, and numbers are written as the domain holds them (money as decimal strings). Lines
are in order of time: decisions by close, then symbol; orders (a line a change) and fills as execution told them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from shared.domain.account import AccountStatement, KillSwitch, RiskReport, Trade
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.message import Message
from shared.domain.orders import OrderEvent

#: The files written to the ``--out`` directory.
FILES: Final = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class EquityLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of equity.jsonl: account (USDT) and risk state after the close at ``time`` (UTC ms)."""

    time: int
    wallet: Decimal
    equity: Decimal
    kill_switch: str
    trades_today: int


class Summary:
    """The summary of a run that is printed at its end: counts, trades, result, and whether risk lets entries pass."""

    def __init__(self) -> None:
        self.decisions = 0
        self.signals = 0
        self.orders = 0  # changes of orders
        self.fills = 0
        self.why_not: Counter[str] = Counter()
        self.trades: list[Trade] = []
        self.first_equity: Decimal | None = None
        self.last_equity = Decimal(0)
        self.lowest_ratio = Decimal(1)
        self.kill_switch: KillSwitch = "NORMAL"
        self.kill_switch_reason = ""
        self._peak = Decimal(0)

    def add_decision(self, decision: Decision) -> None:
        """Count a decision."""
        self.decisions += 1
        if decision.signal is not None:
            self.signals += 1
        self.why_not.update(decision.why_not)

    def add_equity(self, equity: Decimal) -> None:
        """Take the equity after a step, USDT, into result and drawdown."""
        if self.first_equity is None:
            self.first_equity = equity
        self.last_equity = equity
        self._peak = max(self._peak, equity)
        if self._peak > 0:
            self.lowest_ratio = min(self.lowest_ratio, equity / self._peak)


class Recorder:
    """Collects the messages of a run step by step and writes the files. ``directory`` None = summary only, no files.

    A message delivered twice (after a restart of broker or service) is recorded once.
    """

    def __init__(self, directory: Path | None) -> None:
        self.summary = Summary()
        self._decisions: dict[int, dict[int, DecisionBundle]] = {}
        self._events: list[OrderEvent] = []
        self._account: AccountStatement | None = None
        self._risk: RiskReport | None = None
        self._seen: set[str] = set()
        self._seen_before: set[str] = set()
        self._files: dict[str, IO[bytes]] = {}
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            self._files = {name: (directory / name).open("wb") for name in FILES}

    def take(self, message: Message) -> None:
        """Keep a message until ``step_done``; ignore one that was taken before."""
        identity = message.message_id
        if identity in self._seen or identity in self._seen_before:
            return
        self._seen.add(identity)
        if isinstance(message, DecisionBundle):
            self._decisions.setdefault(message.close_time, {})[message.partition] = message
        elif isinstance(message, OrderEvent):
            self._events.append(message)
        elif isinstance(message, AccountStatement):
            self._account = message
            self.summary.trades.extend(message.closed_trades)
        elif isinstance(message, RiskReport):
            self._risk = message

    def step_done(self) -> None:
        """Write what was taken in this step. Call it once all messages that the step caused have been taken."""
        for close_time in sorted(self._decisions):
            bundles = self._decisions.pop(close_time)
            decisions = sorted((d for bundle in bundles.values() for d in bundle.decisions), key=lambda d: (d.symbol, d.id))
            for decision in decisions:
                self.summary.add_decision(decision)
            self._write("decisions.jsonl", decisions)
        fills = [event.fill for event in self._events if event.fill is not None]
        self.summary.orders += len(self._events)
        self.summary.fills += len(fills)
        self._write("orders.jsonl", [event.order for event in self._events])
        self._write("fills.jsonl", fills)
        self._events.clear()
        if self._account is not None and self._risk is not None:
            account = self._account.account
            self.summary.add_equity(account.equity)
            self.summary.kill_switch, self.summary.kill_switch_reason = self._risk.kill_switch, self._risk.reason
            line = EquityLine(
                time=self._account.time,
                wallet=account.wallet,
                equity=account.equity,
                kill_switch=self._risk.kill_switch,
                trades_today=self._risk.trades_today,
            )
            self._write("equity.jsonl", [line])
        self._account = self._risk = None
        if len(self._seen) > 2_000:
            self._seen_before, self._seen = self._seen, set()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _write(self, name: str, lines: Iterable[msgspec.Struct]) -> None:
        file = self._files.get(name)
        if file is not None:
            for line in lines:
                file.write(_encode(line) + b"\n")
