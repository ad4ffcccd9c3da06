"""Replays what a journal recorded through the cores that wrote it (BT-6). Pure.

Two stages, each fed with what was recorded, so that a difference in the first makes none in the second:

* recorded candles → analysis → signals: the decisions;
* recorded decisions and candles → risk → execution on the matching engine: verdicts, orders and fills.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final, get_args

import msgspec

from research.backtest.money import Money
from research.backtest.sections import Sections
from services.analysis.core import AnalysisCore
from services.journal.rows import order_sequence
from services.journal.span import Commanded, Placed, Span, Stamped
from services.signals.core import SignalsCore
from services.signals.service import operator
from shared.approval.commands import sign
from shared.domain.candles import Candle, CandleBundle, RawCandle
from shared.domain.control import OF_STRATEGIES, Command, Control
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.intents import VerdictBundle
from shared.domain.message import Message, Symbol
from shared.domain.orders import Fill, OrderEvent
from shared.domain.timeframes import DURATION, FINEST, MINUTE, Timeframe, closing_at

#: Commands that a replay obeys; ``reset`` belongs to the driver of a simulated session.
_OBEYED: Final = frozenset(get_args(Command)) - {"reset"}


class Story(msgspec.Struct, kw_only=True):
    """What was decided and done: decisions by id, verdicts by decision, the last state of each order, and its fills.

    Orders and fills are named by the content of their client id: its other part names the deployment.
    """

    decisions: dict[str, Decision] = msgspec.field(default_factory=dict)
    verdicts: dict[str, Stamped] = msgspec.field(default_factory=dict)
    orders: dict[str, Placed] = msgspec.field(default_factory=dict)
    fills: dict[str, list[Fill]] = msgspec.field(default_factory=dict)

    def place(self, placed: Placed) -> None:
        """Keep the later state of an order."""
        name = content_of(placed.order.client_id)
        known = self.orders.get(name)
        if known is None or order_sequence(known.order) < order_sequence(placed.order):
            self.orders[name] = placed

    def fill(self, fill: Fill) -> None:
        """Keep a fill."""
        self.fills.setdefault(content_of(fill.client_id), []).append(fill)


def content_of(client_id: str) -> str:
    """Return the part of a client id that names what the order is for; the whole id of an order of others."""
    return client_id.rpartition("-")[2] if client_id.startswith("ict") else client_id


def told(span: Span, symbols: Collection[Symbol]) -> Story:
    """What a span tells of these symbols as it was recorded; of orders, our own."""
    story = Story()
    story.decisions = {each.id: each for each in span.decisions if each.symbol in symbols}
    story.verdicts = {each.verdict.decision_id: each for each in span.verdicts if each.verdict.symbol in symbols}
    for placed in span.orders:
        if placed.origin == "ours" and placed.order.symbol in symbols:
            story.place(placed)
    for fill in span.fills:
        if fill.client_id.startswith("ict") and fill.symbol in symbols:
            story.fill(fill)
    return story


class Replay:
    """Takes spans in order of time; ``story`` is what the cores say of everything later than ``after`` (UTC ms).

    sections: with mode sim. begins: the first close that was decided; what came before it is history. armed: False where
    risk began halted.
    """

    def __init__(self, sections: Sections, begins: int, after: int, *, armed: bool) -> None:
        common, signals = sections.common, sections.signals
        read = signals.frames()
        self._frames: Final = tuple(each for each in common.timeframes if each in read)
        self._common: Final = common
        self._begins: Final = begins
        self._after: Final = after
        self.story: Final = Story()
        self.closes = 0
        self._partitions: Final = range(common.partitions.count)
        self._symbols: Final = {number: common.symbols_of(number) for number in self._partitions}
        self._place: Final = {symbol: number for number, symbols in self._symbols.items() for symbol in symbols}
        kinds, whose = signals.reads(), operator(common)
        self._analysis: Final = {
            (number, frame): AnalysisCore(number, frame, sections.analysis, kinds)
            for number in self._partitions
            for frame in self._frames
        }
        self._signals: Final = [
            SignalsCore(number, self._symbols[number], self._frames, signals, operator=whose) for number in self._partitions
        ]
        self._money: Final = Money(sections, self._see)
        self._signer: Final = common.command_signer()
        self._now = 0
        self._armed = armed
        self._close_time = 0

    def take(self, span: Span) -> None:
        """Replay one span."""
        candles: dict[int, dict[Timeframe, list[Candle]]] = defaultdict(lambda: defaultdict(list))
        for candle in span.candles:
            if candle.symbol in self._place and candle.timeframe in self._frames:
                candles[candle.close_time][candle.timeframe].append(candle)
        wished: dict[int, list[Decision]] = defaultdict(list)
        for decision in span.decisions:
            if decision.signal is not None and decision.symbol in self._place:
                wished[decision.close_time].append(decision)
        judged_at = {each.close_time: each.stamped_at for each in span.verdicts if each.stamped_at is not None}
        commands = [each for each in span.commands if not each.refused and each.words and each.words[0] in _OBEYED]
        closes = sorted({*candles, *(time for frame, time in span.missing if frame in self._frames), *span.decided_at})
        for close_time in closes:
            decided_at = span.decided_at.get(close_time, close_time)
            while commands and commands[0].at < decided_at:
                self._command(commands.pop(0))
            found = candles.get(close_time, {})
            if close_time < self._begins:
                self._warm_up(close_time, found)
                continue
            self._decide(close_time, found, decided_at)
            if close_time % MINUTE == 0:
                self._trade(close_time, found, span, wished[close_time], judged_at.get(close_time, decided_at))
        for each in commands:
            self._command(each)

    def _warm_up(self, close_time: int, candles: dict[Timeframe, list[Candle]]) -> None:
        for frame, number, bundle in self._bundles(close_time, candles, tuple(candles), warmup=True):
            for analysed in self._analysis[number, frame].handle(bundle, close_time):
                self._signals[number].handle(analysed, close_time)

    def _decide(self, close_time: int, candles: dict[Timeframe, list[Candle]], now: int) -> None:
        self.closes += close_time > self._after
        now = self._now = max(self._now, now)
        for frame, number, bundle in self._bundles(close_time, candles, closing_at(close_time, self._frames), warmup=False):
            for analysed in self._analysis[number, frame].handle(bundle, now):
                if not isinstance(analysed, AnalysisBundle):
                    continue
                for said in self._signals[number].handle(analysed, now):
                    if isinstance(said, DecisionBundle) and said.close_time > self._after:
                        self.story.decisions.update({each.id: each for each in said.decisions})

    def _bundles(
        self, close_time: int, candles: dict[Timeframe, list[Candle]], frames: tuple[Timeframe, ...], *, warmup: bool
    ) -> Iterator[tuple[Timeframe, int, CandleBundle]]:
        for frame in sorted(frames, key=DURATION.__getitem__):
            for number, symbols in self._symbols.items():
                own = tuple(each for each in candles.get(frame, ()) if self._place[each.symbol] == number)
                there = {each.symbol for each in own}
                missing = () if warmup else tuple(each for each in symbols if each not in there)
                yield (
                    frame,
                    number,
                    CandleBundle(
                        partition=number, timeframe=frame, close_time=close_time, candles=own, missing=missing, warmup=warmup
                    ),
                )

    def _trade(
        self, close_time: int, candles: dict[Timeframe, list[Candle]], span: Span, wished: list[Decision], now: int
    ) -> None:
        """One minute of the account: the market's step and what was decided, in the order in which risk heard of them.

        In mode paper they travel in different queues: a statement that came after the verdicts was no part of them.
        """
        if not self._armed:
            self._armed = True
            halt = Control(id="begun-halted", command="halt", by="execution", reason="risk began without a state")
            self._money.command(halt, close_time)
        self._close_time = close_time
        raw = tuple(
            RawCandle(
                symbol=each.symbol,
                open_time=each.open_time,
                open=each.open,
                high=each.high,
                low=each.low,
                close=each.close,
                volume=each.volume,
            )
            for each in candles.get(FINEST, ())
        )
        bundles = [
            DecisionBundle(
                partition=number,
                close_time=close_time,
                decisions=tuple(each for each in wished if self._place[each.symbol] == number),
            )
            for number in self._partitions
        ]
        now = max(now, close_time)
        place = bisect_left(span.stated, (close_time, 0))
        moved_at, heard_at = span.stated[place] if place < len(span.stated) else (now, now)
        rates = span.funding.get(close_time, {})
        if heard_at <= now:
            self._money.market(close_time, raw, rates, min(moved_at, now))
            self._money.decide(bundles, now)
        else:
            self._money.decide(bundles, now)
            self._money.market(close_time, raw, rates, min(moved_at, close_time + MINUTE - 1))

    def _see(self, message: Message) -> None:
        """Keep what risk and execution say of the day that is compared."""
        if isinstance(message, VerdictBundle) and message.close_time > self._after:
            for verdict in message.verdicts:
                stamped = Stamped(close_time=message.close_time, stamped_at=None, verdict=verdict)
                self.story.verdicts[verdict.decision_id] = stamped
        elif isinstance(message, OrderEvent) and message.origin == "ours" and message.order.updated_at > self._after:
            self.story.place(Placed(order=message.order, origin=message.origin, purpose=message.purpose))
            if message.fill is not None:
                self.story.fill(message.fill)

    def _command(self, commanded: Commanded) -> None:
        """Give a recorded command again, signed anew: the journal keeps neither its signature nor when it was sent."""
        word, *names = commanded.words
        command = next(each for each in get_args(Command) if each == word)
        strategy = names[0] if command in OF_STRATEGIES and names else None
        symbol: Symbol | None = names[-1] if len(names) == 2 or (command == "close" and names) else None
        control = Control(
            id=commanded.id,
            command=command,
            by=commanded.by,
            reason=commanded.reason,
            sent_at=commanded.at,
            symbol=symbol,
            strategy=strategy,
        )
        if commanded.by != "execution":  # its own halts have no signature
            control = sign(control, self._signer)
        if command in OF_STRATEGIES:
            for core in self._signals:
                core.handle(control, max(self._now, commanded.at))
        elif self._close_time:
            self._money.command(control, commanded.at)
