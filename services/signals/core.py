"""The signals core: analyses in, exactly one decision per symbol and 1m close out (SIG-1, SIG-7).

Several strategies at once (SIG-8): they judge in the order of the settings, and the first that signals is the decision of
this symbol at this close; when none does, the decision carries the reasons of the first that judged at this close.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.signals.barrier import CloseBarrier, CloseRuling, CloseState
from services.signals.settings import SignalsSettings, StrategyName
from services.signals.strategies import STRATEGIES, Judgement
from services.signals.view import MarketView, SymbolMemory
from shared.domain.control import Alert, ClockTick
from shared.domain.decisions import Decision, DecisionBundle, Signal
from shared.domain.facts import AnalysisBundle
from shared.domain.ids import derive
from shared.domain.message import Message
from shared.domain.timeframes import FINEST, Timeframe, is_boundary


class SignalsState(msgspec.Struct, frozen=True):
    """The whole state of the core, as the snapshot holds it."""

    barrier: CloseState
    symbols: dict[str, SymbolMemory]


class SignalsCore:
    """Decides one partition's symbols. Raises ValueError when the settings ask for a timeframe that is not read."""

    def __init__(
        self, partition: int, symbols: tuple[str, ...], timeframes: tuple[Timeframe, ...], settings: SignalsSettings
    ) -> None:
        wanted = {name: STRATEGIES[name].timeframe(settings) for name in settings.strategies}
        unread = sorted({FINEST, *wanted.values()} - set(timeframes))
        if unread:
            raise ValueError(f"signals needs timeframe {', '.join(unread)}; the timeframes read are {', '.join(timeframes)}")
        self._partition = partition
        self._settings = settings
        self._timeframes = frozenset(timeframes)
        self._wanted = wanted
        self._barrier = CloseBarrier(
            timeframes,
            deadline_ms=settings.deadline_ms,
            patience_closes=settings.patience_closes,
            max_pending_closes=settings.max_pending_closes,
        )
        self._symbols = {symbol: SymbolMemory() for symbol in sorted(symbols)}

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """Decisions of the closes that this message completes, in order of time."""
        if isinstance(message, AnalysisBundle):
            return self._take(message, now)
        if isinstance(message, ClockTick):
            return self._decide(self._barrier.due(now))
        return ()

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(SignalsState(self._barrier.state, self._symbols))

    def restore(self, data: bytes) -> None:
        """Take over a state. Symbols that are configured now and were not then begin empty; those that left are dropped."""
        state = msgspec.msgpack.decode(data, type=SignalsState)
        self._barrier.state = state.barrier
        self._symbols = {symbol: state.symbols.get(symbol) or SymbolMemory() for symbol in self._symbols}

    def _take(self, bundle: AnalysisBundle, now: int) -> Sequence[Message]:
        if bundle.partition != self._partition or bundle.timeframe not in self._timeframes:
            return ()
        if not is_boundary(bundle.close_time, bundle.timeframe):
            return (self._off_grid(bundle),)
        if bundle.warmup:
            self._absorb(bundle)  # from before the feed began: knowledge, and nothing to decide
            return ()
        arrival = self._barrier.arrive(bundle, now)
        if arrival == "late":
            self._absorb(bundle)  # too late to decide on, still the newest knowledge of its timeframe
        # Also after a late or repeated bundle: its arrival may be what shows that an older close waits in vain.
        return self._decide(self._barrier.due(now))

    def _absorb(self, bundle: AnalysisBundle) -> None:
        for analysis in bundle.analyses:
            memory = self._symbols.get(analysis.symbol)
            if memory is not None:
                memory.absorb(analysis)

    def _decide(self, rulings: Sequence[CloseRuling]) -> Sequence[Message]:
        messages: list[Message] = []
        for ruling in rulings:
            for bundle in ruling.bundles:
                self._absorb(bundle)
            judging = [name for name, timeframe in self._wanted.items() if timeframe in ruling.expected]
            decisions = tuple([self._decision(symbol, ruling, judging) for symbol in self._symbols])
            messages.append(DecisionBundle(partition=self._partition, close_time=ruling.close_time, decisions=decisions))
            if ruling.absent:
                messages.append(self._incomplete(ruling))
        return messages

    def _decision(self, symbol: str, ruling: CloseRuling, judging: list[StrategyName]) -> Decision:
        at = ruling.close_time
        decision_id = derive("decision", symbol, at)
        if not judging:
            return Decision(
                id=decision_id,
                symbol=symbol,
                close_time=at,
                strategy=self._settings.strategies[0],
                reasons=("not_this_timeframe",),
            )
        memory = self._symbols[symbol]
        view = MarketView(symbol, at, ruling.expected, memory.analyses, memory.candles, memory.used)
        first: Judgement | None = None
        for name in judging:
            judgement: Judgement = STRATEGIES[name].judge(view, self._settings)
            if isinstance(judgement, Signal):
                if name not in self._settings.paused:
                    memory.use(judgement.rests_on, self._settings.used_facts)
                    return Decision(id=decision_id, symbol=symbol, close_time=at, strategy=name, signal=judgement)
                judgement = ("paused",)
            first = first or judgement
        assert isinstance(first, tuple)
        return Decision(id=decision_id, symbol=symbol, close_time=at, strategy=judging[0], reasons=first)

    def _incomplete(self, ruling: CloseRuling) -> Alert:
        return Alert(
            severity="warning",
            source="signals",
            key=f"close_incomplete.p{self._partition}",
            text=(
                f"Partition {self._partition}: the analysis of {', '.join(ruling.absent)} did not arrive for the close "
                f"{ruling.close_time}; it was decided without, and no entry rests on them."
            ),
            time=ruling.close_time,
        )

    def _off_grid(self, bundle: AnalysisBundle) -> Alert:
        return Alert(
            severity="critical",
            source="signals",
            key=f"off_grid.p{self._partition}.{bundle.timeframe}",
            text=f"Ignored an analysis bundle: {bundle.close_time} is no close of {bundle.timeframe}. Upstream is at fault.",
            time=bundle.close_time,
        )
