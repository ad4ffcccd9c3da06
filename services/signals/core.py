"""The signals core: analyses in, exactly one decision per symbol and 1m close out (SIG-1, SIG-7).

Several strategies at once (SIG-8): each that judges at this close is asked by itself, and what it says depends on no other
strategy. Which of their signals is the decision's is a rule of its own, told at ``shared.domain.decisions.Decision``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from services.signals import alerts, judging
from services.signals.barrier import CloseBarrier, CloseRuling, CloseState
from services.signals.contract import Enabled
from services.signals.overview import SignalsOverview
from services.signals.regimes.memory import RegimeMemory
from services.signals.regimes.router import Router
from services.signals.settings import SignalsSettings
from services.signals.view import MarketView, SymbolMemory
from services.signals.view.flaws import Flaws, flaws
from services.signals.view.index import Indexes
from services.signals.view.memory import MOMENTS
from shared.core import Overview, StaleSnapshot
from shared.domain.control import Alert, ClockTick
from shared.domain.decisions import Decision, DecisionBundle, Judgement
from shared.domain.facts import AnalysisBundle, FactKind
from shared.domain.ids import derive
from shared.domain.message import Message
from shared.domain.timeframes import DURATION, FINEST, Timeframe, is_boundary


class StrategyFaults(msgspec.Struct):
    """What a strategy did wrong so far. counts: by reason. told_hour: the hour (since the epoch) of the last alert."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    told_hour: int = -1


class SignalsState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole state of the core, as the snapshot holds it."""

    barrier: CloseState
    symbols: dict[str, SymbolMemory]
    faults: dict[str, StrategyFaults]
    regimes: dict[str, RegimeMemory] = msgspec.field(default_factory=dict)


#: Is shown a strategy, its view, its judgement and its fault, at the very moment: later, the view shows a later close.
Watch = Callable[[Enabled, MarketView, Judgement, judging.Fault | None], None]


class SignalsCore:
    """Decides one partition's symbols.

    watch: see ``Watch``; it changes no decision. Raises ValueError when a strategy needs a timeframe that is not read, or a
    symbol that is not of this partition; and as ``Router`` does.
    """

    def __init__(
        self,
        partition: int,
        symbols: tuple[str, ...],
        timeframes: tuple[Timeframe, ...],
        settings: SignalsSettings,
        watch: Watch | None = None,
    ) -> None:
        self._enabled = settings.enabled()
        wanted = {FINEST}.union(*(each.scope.reads for each in self._enabled))
        unread = sorted(wanted - set(timeframes), key=DURATION.__getitem__)
        if unread:
            raise ValueError(f"signals needs timeframe {', '.join(unread)}; the timeframes read are {', '.join(timeframes)}")
        for each in self._enabled:
            strangers = sorted(set(each.symbols) - set(symbols))
            if strangers:
                raise ValueError(
                    f"strategy {each.name} reads {', '.join(strangers)}; the symbols of partition {partition} are "
                    f"{', '.join(symbols)}: put them into one partition"
                )
        self._partition = partition
        self._settings = settings
        self._watch = watch
        self._timeframes = frozenset(timeframes)
        self._kept: dict[Timeframe, frozenset[FactKind]] = {
            frame: MOMENTS & frozenset().union(*(each.scope.reads.get(frame, ()) for each in self._enabled))
            for frame in timeframes
        }
        self._bars: dict[Timeframe, int] = {
            frame: max([each.scope.history.get(frame, 0) for each in self._enabled]) for frame in timeframes
        }
        self._barrier = CloseBarrier(
            timeframes,
            deadline_ms=settings.deadline_ms,
            patience_closes=settings.patience_closes,
            max_pending_closes=settings.max_pending_closes,
        )
        self._symbols = {symbol: SymbolMemory() for symbol in sorted(symbols)}
        self._indexes = {symbol: Indexes() for symbol in self._symbols}
        self._faults: dict[str, StrategyFaults] = {}
        self._router = Router(partition, symbols, timeframes, settings.regimes)

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """Decisions of the closes that this message completes, in order of time."""
        if isinstance(message, AnalysisBundle):
            return self._take(message, now)
        if isinstance(message, ClockTick):
            return self._decide(self._barrier.due(now))
        return ()

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(SignalsState(self._barrier.state, self._symbols, self._faults, self._router.state))

    def restore(self, data: bytes) -> None:
        """Take over a state. Symbols that are configured now and were not then begin empty; those that left are dropped.

        Raises StaleSnapshot for one of another shape. Without it the zones that gave a signal before are forgotten: each may
        give one once more.
        """
        try:
            state = msgspec.msgpack.decode(data, type=SignalsState)
        except msgspec.DecodeError as error:
            raise StaleSnapshot(
                f"signals of partition {self._partition}: the snapshot has another shape ({error})"
            ) from error
        self._barrier.state = state.barrier
        self._symbols = {symbol: state.symbols.get(symbol) or SymbolMemory() for symbol in self._symbols}
        self._faults = state.faults
        self._router.restore(state.regimes)

    def overview(self) -> Overview:
        """What may be seen: how often each strategy failed, and the regimes."""
        faults = {name: dict(each.counts) for name, each in self._faults.items()}
        return {f"signals.p{self._partition}": SignalsOverview(faults, self._router.readings())}

    def _take(self, bundle: AnalysisBundle, now: int) -> Sequence[Message]:
        if bundle.partition != self._partition or bundle.timeframe not in self._timeframes:
            return ()
        if not is_boundary(bundle.close_time, bundle.timeframe):
            return (alerts.off_grid(self._partition, bundle),)
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
            self._router.absorb(analysis)
            memory = self._symbols.get(analysis.symbol)
            if memory is not None:
                frame = analysis.timeframe
                memory.absorb(analysis, self._kept[frame], self._settings.moments, self._bars[frame])

    def _decide(self, rulings: Sequence[CloseRuling]) -> Sequence[Message]:
        messages: list[Message] = []
        for ruling in rulings:
            for bundle in ruling.bundles:
                self._absorb(bundle)
            judges = [each for each in self._enabled if each.timeframe in ruling.expected]
            told: list[Alert] = []
            known = {
                symbol: flaws(ruling.close_time, ruling.expected, memory.analyses)
                for symbol, memory in (self._symbols.items() if judges else ())
            }
            decisions = tuple([self._decision(symbol, ruling, judges, known, told) for symbol in self._symbols])
            messages.append(DecisionBundle(partition=self._partition, close_time=ruling.close_time, decisions=decisions))
            if ruling.absent:
                messages.append(alerts.incomplete(self._partition, ruling.absent, ruling.close_time))
            messages += told
        return messages

    def _decision(
        self, symbol: str, ruling: CloseRuling, judges: list[Enabled], known: dict[str, Flaws], told: list[Alert]
    ) -> Decision:
        judgements = [self._judgement(symbol, ruling, each, known, told) for each in judges]
        return judging.decide(derive("decision", symbol, ruling.close_time), symbol, ruling.close_time, judgements)

    def _judgement(
        self, symbol: str, ruling: CloseRuling, enabled: Enabled, known: dict[str, Flaws], told: list[Alert]
    ) -> Judgement:
        others = {each: self._view(each, ruling, enabled, known) for each in enabled.symbols if each != symbol}
        view = self._view(symbol, ruling, enabled, known, others)
        judgement, fault = judging.ask(enabled, view)
        if self._watch is not None:
            self._watch(enabled, view, judgement, fault)
        if fault is not None:
            self._note(enabled.name, symbol, ruling.close_time, fault, told)
        if judgement.signal is not None:
            if enabled.name in self._settings.paused:
                return Judgement(strategy=enabled.name, reasons=("paused",))
            judgement = self._router.route(judgement, symbol, known[symbol])
        if judgement.signal is not None:
            # Chosen or not: so that what a strategy says does not depend on which others are switched on.
            self._symbols[symbol].use(enabled.name, judgement.signal.rests_on, self._settings.used_facts)
        return judgement

    def _view(
        self,
        symbol: str,
        ruling: CloseRuling,
        enabled: Enabled,
        known: dict[str, Flaws],
        others: Mapping[str, MarketView] | None = None,
    ) -> MarketView:
        memory = self._symbols[symbol]
        return MarketView(
            symbol,
            ruling.close_time,
            ruling.expected,
            memory.analyses,
            memory.candles,
            memory.used.get(enabled.name, ()),
            scope=enabled.scope,
            moments=memory.moments,
            others=others,
            history=memory.history,
            indexes=self._indexes[symbol],
            known=known[symbol],
        )

    def _note(self, strategy: str, symbol: str, close_time: int, fault: judging.Fault, told: list[Alert]) -> None:
        """Count what a strategy did wrong, and tell of it once an hour."""
        faults = self._faults.setdefault(strategy, StrategyFaults())
        faults.counts[fault.reason] = faults.counts.get(fault.reason, 0) + 1
        hour = close_time // DURATION["1h"]
        if hour != faults.told_hour:
            faults.told_hour = hour
            told.append(alerts.strategy_fault(self._partition, strategy, symbol, close_time, fault))
