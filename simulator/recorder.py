"""Writes the record of a run: decisions, orders, fills and equity as JSON lines, byte for byte the same for the same run.

Keys are sorted, there are no spaces, and numbers are written as the domain holds them (money as decimal strings). Lines
are in order of time: decisions by close, then symbol; orders and fills as execution told them. Every file has a line a
change, not a line a minute: a decision that says what the symbol's last line says is not written again, and a mark price
that moved writes no equity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from shared.domain.account import AccountStatement, KillSwitch, RiskReport, Trade
from shared.domain.decisions import Decision, DecisionBundle, Judgement, Reason
from shared.domain.message import Message
from shared.domain.orders import OrderEvent
from shared.runtime.native import mypyc_attr
from simulator.equity_line import EquityLine
from simulator.unsignalled_lines import UnsignalledLines, why_not

#: A symbol, and what each strategy that judges says of it.
Said = tuple[str, tuple[Judgement, ...]]
#: The files written to the ``--out`` directory.
FILES: Final = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
#: What a decision says at a close at which no strategy judges.
_UNJUDGED: Final = ((), "", ("not_this_timeframe",))
_NOBODY: Final[tuple[Reason, ...]] = ("not_this_timeframe",)
_by_symbol: Final = attrgetter("symbol", "id")
_encode: Final = msgspec.json.Encoder(order="sorted").encode


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
        self.peak = Decimal(0)

    def add_decided(self, decisions: int, signals: int, why_not: Iterable[tuple[str, int]]) -> None:
        """Count decisions that were counted before, in another run."""
        self.decisions += decisions
        self.signals += signals
        for reason, count in why_not:
            self.why_not[reason] += count

    def add_decision(self, decision: Decision) -> None:
        """Count a decision."""
        self.decisions += 1
        if decision.signal is not None:
            self.signals += 1
        for reason in decision.why_not:
            self.why_not[reason] += 1

    def add_unsignalled(self, judgements: tuple[Judgement, ...]) -> None:
        """Count a decision without a signal, by what the strategies said."""
        self.decisions += 1
        for reason in why_not(judgements) if judgements else _NOBODY:
            self.why_not[reason] += 1

    def add_unjudged(self, count: int) -> None:
        """Count decisions of closes at which no strategy judges; they say the same, and differ in their time only."""
        if count:
            self.decisions += count
            self.why_not["not_this_timeframe"] += count

    def add_equity(self, equity: Decimal) -> None:
        """Take the equity after a step, USDT, into result and drawdown."""
        if self.first_equity is None:
            self.first_equity = equity
        self.last_equity = equity
        self.peak = max(self.peak, equity)
        if self.peak > 0:
            self.lowest_ratio = min(self.lowest_ratio, equity / self.peak)


@mypyc_attr(allow_interpreted_subclasses=True)
class Recorder:
    """Collects the messages of a run step by step and writes the files. ``directory`` None = summary only, no files.

    A message delivered twice (after a restart of broker or service) is recorded once. copy: is given what is written to
    ``decisions.jsonl``; None = nobody is.
    """

    def __init__(self, directory: Path | None) -> None:
        self.summary = Summary()
        self.copy: Callable[[bytes], object] | None = None
        self._decisions: dict[int, dict[int, DecisionBundle]] = {}
        self._events: list[OrderEvent] = []
        self._account: AccountStatement | None = None
        self._risk: RiskReport | None = None
        self._wording = UnsignalledLines()
        self._decided: dict[str, tuple[object, ...]] = {}  # symbol → what its last line says
        self._stood: tuple[object, ...] = ()  # what the last line of equity says, but the equity
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
            decisions = [decision for bundle in bundles.values() for decision in bundle.decisions]
            decisions.sort(key=_by_symbol)
            for decision in decisions:
                self.summary.add_decision(decision)
            self.write_decisions(b"".join([_encode(each) + b"\n" for each in decisions if self._says_more(each)]))
        if self._events:
            fills = [event.fill for event in self._events if event.fill is not None]
            self.summary.orders += len(self._events)
            self.summary.fills += len(fills)
            self._write("orders.jsonl", [event.order for event in self._events])
            self._write("fills.jsonl", fills)
            self._events.clear()
        if self._account is not None and self._risk is not None:
            self._stand(self._account, self._risk)
        self._account = self._risk = None
        if len(self._seen) > 2_000:
            self._seen_before, self._seen = self._seen, set()

    def judged(self, close_time: int, said: Sequence[Said]) -> None:
        """Record what strategies said of symbols, in order of symbol, at a close (UTC ms) without a signal."""
        summary, lines = self.summary, b""
        for symbol, judgements in said:
            summary.add_unsignalled(judgements)
            lines += self._line(symbol, close_time, judgements)
        self.write_decisions(lines)

    def unjudged(self, symbols: Sequence[str], count: int, first: int) -> None:
        """Record that no strategy judges these symbols, in order, at ``count`` closes. first: the first close, UTC ms."""
        self.summary.add_unjudged(count * len(symbols))
        lines = b""
        for symbol in symbols:
            lines += self._line(symbol, first, ())
        self.write_decisions(lines)

    def _line(self, symbol: str, close_time: int, judgements: tuple[Judgement, ...]) -> bytes:
        """The line of a decision without a signal; empty where the symbol's last line says the same."""
        says: tuple[object, ...] = (judgements, "", ()) if judgements else _UNJUDGED
        if self._decided.get(symbol) == says:
            return b""
        self._decided[symbol] = says
        return self._wording.line(symbol, close_time, judgements)

    def write_decisions(self, lines: bytes) -> None:
        """Write whole lines of ``decisions.jsonl``, which are not counted here."""
        if not lines:
            return
        file = self._files.get("decisions.jsonl")
        if file is not None:
            file.write(lines)
        if self.copy is not None:
            self.copy(lines)

    def _says_more(self, decision: Decision) -> bool:
        """Whether a decision has a signal, or says something else than the last line of its symbol."""
        says = (decision.judgements, decision.chosen, decision.reasons)
        if decision.signal is None and self._decided.get(decision.symbol) == says:
            return False
        self._decided[decision.symbol] = says
        return True

    def _stand(self, stated: AccountStatement, risk: RiskReport) -> None:
        """Take how the account stands after a step into the summary, and write it if more than mark prices moved."""
        account = stated.account
        self.summary.add_equity(account.equity)
        self.summary.kill_switch, self.summary.kill_switch_reason = risk.kill_switch, risk.reason
        held = tuple(sorted(each.symbol for each in account.positions if each.quantity))
        stands = (account.wallet, risk.kill_switch, risk.trades_today, held)
        if stands == self._stood:
            return
        self._stood = stands
        line = EquityLine(
            time=stated.time,
            wallet=account.wallet,
            equity=account.equity,
            kill_switch=risk.kill_switch,
            trades_today=risk.trades_today,
        )
        self._write("equity.jsonl", [line])

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
