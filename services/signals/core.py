"""The signals core: analyses in, exactly one decision per symbol and 1m close out (SIG-1, SIG-7).

Several strategies at once (SIG-8): each that judges at this close is asked by itself, and what it says depends on no other
strategy. Which of their signals is the decision's is a rule of its own, told at ``shared.domain.decisions.Decision``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from services.signals import alerts, judging
from services.signals.barrier import CloseBarrier, CloseRuling
from services.signals.contract import Enabled
from services.signals.explaining import explain
from services.signals.filters.filtering import Filters
from services.signals.gates import Gate, failed
from services.signals.knowledge import Knowledge
from services.signals.overview import SignalsOverview
from services.signals.pauses import Operator, Pauses
from services.signals.regimes.router import Router
from services.signals.saved import SignalsState, StrategyFaults
from services.signals.settings import SignalsSettings
from services.signals.telling import JudgementFeed
from services.signals.view import MarketView
from services.signals.view.flaws import Flaws
from shared.barrier import Ruling
from shared.core import Overview, StaleSnapshot
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.decisions import DecisionBundle, Judgement, Signal
from shared.domain.facts import Analysis, AnalysisBundle
from shared.domain.ids import derive
from shared.domain.message import Message
from shared.domain.timeframes import DURATION, FINEST, Timeframe, is_boundary
from shared.runtime.native import mypyc_attr

#: A symbol, and what each strategy that judges at a close says of it.
Said = tuple[str, tuple[Judgement, ...]]
#: Asks a strategy about a view; a shell may measure it. It returns what ``judging.ask`` returns.
Ask = Callable[[Enabled, MarketView], tuple[Judgement, judging.Fault | None]]

#: Is shown a strategy as it was asked, its view, its judgement, its fault and what filters and regime asked of its signal,
#: at the very moment: later, the view shows a later close.
Watch = Callable[[Enabled, MarketView, Judgement, judging.Fault | None, tuple[Gate, ...]], None]


@mypyc_attr(allow_interpreted_subclasses=True)
class SignalsCore:
    """Decides one partition's symbols.

    watch: see ``Watch``; it changes no decision. operator: whose commands pause a strategy; None = nobody's. ask: see
    ``Ask``. Raises ValueError when a strategy needs a timeframe that is not read, or a symbol that is not of this
    partition, or cannot be prepared; and as ``Router`` does.
    """

    def __init__(
        self,
        partition: int,
        symbols: tuple[str, ...],
        timeframes: tuple[Timeframe, ...],
        settings: SignalsSettings,
        watch: Watch | None = None,
        operator: Operator | None = None,
        ask: Ask = judging.ask,
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
            each.prepare()
        self._partition = partition
        self._settings = settings
        self._watch = watch
        self._ask = ask
        self._timeframes = frozenset(timeframes)
        self._filters = Filters(symbols, self._enabled, settings.filters)
        self._knowledge = Knowledge(symbols, timeframes, self._enabled, self._filters, settings.moments)
        self._barrier = CloseBarrier(
            timeframes,
            deadline_ms=settings.deadline_ms,
            patience_closes=settings.patience_closes,
            max_pending_closes=settings.max_pending_closes,
        )
        #: Nobody is shown what strategies say, and what they would have said is not followed either.
        self._plain = watch is None and not settings.publish_judgements and not self._filters.learns
        self._faults: dict[str, StrategyFaults] = {}
        self._router = Router(partition, symbols, timeframes, settings.regimes)
        self._feed = JudgementFeed(partition) if settings.publish_judgements else None
        self._pauses = Pauses(partition, tuple(self._knowledge.symbols), settings, operator)

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        """Decisions of the closes that this message completes, in order of time; or the answer to a command."""
        if isinstance(message, AnalysisBundle):
            return self._take(message, now)
        if isinstance(message, ClockTick):
            return self._decide(self._barrier.due(now))
        if isinstance(message, Control):
            return tuple(self._pauses.obey(message, now))
        return ()

    def judge(self, close_time: int, closing: tuple[Timeframe, ...], analyses: Sequence[Analysis]) -> tuple[Said, ...]:
        """Judge a close (UTC ms) of which every analysis is here: what strategies say of each symbol, in their order.

        What ``handle`` says of it, without the wait at the barrier, and before it is a message: for who has the whole past.
        closing: the timeframes that close, of those that are analysed. No close before it may be open.
        """
        self._barrier.state.decided_until = close_time
        for each in analyses:
            self.learn(each)
        said = self._judge(Ruling(close_time, closing, (), ()), [])
        if self._feed is not None:
            self._feed.take(close_time)
        return said

    def bundle(self, close_time: int, said: Sequence[Said]) -> DecisionBundle:
        """The decisions of what was said of each symbol."""
        decisions = [
            judging.decide(derive("decision", symbol, close_time), symbol, close_time, judgements)
            for symbol, judgements in said
        ]
        return DecisionBundle(partition=self._partition, close_time=close_time, decisions=tuple(decisions))

    def learn(self, analysis: Analysis) -> None:
        """Take an analysis into what is known."""
        if self._router.watches:
            self._router.absorb(analysis)
        if self._filters.learns:
            self._filters.absorb(analysis)
        self._knowledge.absorb(analysis)

    def snapshot(self) -> bytes:
        state = SignalsState(
            barrier=self._barrier.state,
            symbols=self._knowledge.symbols,
            faults=self._faults,
            regimes=self._router.state,
            records=self._filters.records,
            suitable=self._filters.suitable,
            pauses=self._pauses.state,
        )
        return msgspec.msgpack.encode(state)

    def restore(self, data: bytes) -> None:
        """Take over a state. Symbols that are configured now and were not then begin empty; those that left are dropped.

        Raises StaleSnapshot for one of another shape. Without it the zones that gave a signal before are forgotten: each may
        give one once more.
        """
        try:
            state = msgspec.msgpack.decode(data, type=SignalsState)
        except msgspec.DecodeError as error:
            raise StaleSnapshot(
                f"signals of partition {self._partition}: the snapshot has another shape ({error}); with it go the pauses "
                "that were commanded: give them again"
            ) from error
        self._barrier.state = state.barrier
        self._knowledge.restore(state.symbols)
        self._faults = state.faults
        self._router.restore(state.regimes)
        self._filters.restore(state.records, suitable=state.suitable)
        self._pauses.state = state.pauses

    def overview(self) -> Overview:
        """What may be seen: how often each strategy failed, the regimes, records of kill zones, and what is paused."""
        faults = {name: dict(each.counts) for name, each in self._faults.items()}
        zones = {symbol: dict(each.zones) for symbol, each in self._filters.records.items()}
        shown = SignalsOverview(faults, self._router.readings(), zones, self._pauses.shown())
        return {f"signals.p{self._partition}": shown}

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
            self.learn(analysis)

    def _decide(self, rulings: Sequence[CloseRuling]) -> Sequence[Message]:
        messages: list[Message] = []
        for ruling in rulings:
            for bundle in ruling.bundles:
                self._absorb(bundle)
            told: list[Alert] = []
            messages.append(self.bundle(ruling.close_time, self._judge(ruling, told)))
            if self._feed is not None:
                messages += self._feed.take(ruling.close_time)
            if ruling.absent:
                messages.append(alerts.incomplete(self._partition, ruling.absent, ruling.close_time))
            score = self._filters.risen(map(self._knowledge.newest, self._knowledge.symbols), ruling.close_time)
            if score is not None:
                messages.append(alerts.suitable_time(score, ruling.close_time))
            messages += told
        return messages

    def _judge(self, ruling: CloseRuling, told: list[Alert]) -> tuple[Said, ...]:
        judges = [each for each in self._enabled if each.timeframe in ruling.expected]
        known = self._knowledge.flaws(ruling) if judges else {}
        return tuple(
            [
                (symbol, tuple([self._judgement(symbol, ruling, each, known, told) for each in judges]))
                for symbol in self._knowledge.symbols
            ]
        )

    def _judgement(
        self, symbol: str, ruling: CloseRuling, enabled: Enabled, known: dict[str, Flaws], told: list[Alert]
    ) -> Judgement:
        knowledge, filters = self._knowledge, self._filters
        zones = filters.zones(knowledge.newest(symbol), ruling.close_time)
        usual, enabled = enabled, filters.sensitive(enabled, symbol, zones)
        others = {each: knowledge.view(each, ruling, enabled, known) for each in enabled.symbols if each != symbol}
        view = knowledge.view(symbol, ruling, enabled, known, others or None)
        judgement, fault = self._ask(enabled, view)
        if judgement.signal is None and fault is None and self._plain:
            return judgement  # the usual case: nobody looks at it, and nothing follows from it
        self._follow(judgement, fault, usual, enabled, view, zones)
        gates = self._filter(judgement.signal, ruling, enabled, known) if judgement.signal is not None else ()
        final = self._admitted(judgement, gates, symbol)
        if fault is not None:
            self._note(enabled.name, symbol, ruling.close_time, fault, told)
        if self._watch is not None:
            self._watch(enabled, view, judgement, fault, (*filters.notes(symbol, enabled, zones), *gates))
        if self._feed is not None:
            self._feed.add(explain(enabled, view, judgement, fault, gates), final)
        if final.signal is not None:
            # Chosen or not: so that what a strategy says does not depend on which others are switched on.
            knowledge.symbols[symbol].use(enabled.name, final.signal.rests_on, self._settings.used_facts)
        return final

    def _follow(
        self,
        judgement: Judgement,
        fault: judging.Fault | None,
        usual: Enabled,
        asked: Enabled,
        view: MarketView,
        zones: tuple[str, ...] | None,
    ) -> None:
        """Follow a signal on candles, whatever filters say of it, chosen or not.

        Also the one that the strategy would give for its usual points: else a zone whose record asks for more than any setup
        has could never get a better record.
        """
        signal = judgement.signal
        if signal is None and fault is None and asked is not usual and self._filters.learns:
            signal = judging.ask(usual, view)[0].signal
        if signal is not None:
            self._filters.follow(signal, zones)

    def _filter(self, signal: Signal, ruling: CloseRuling, enabled: Enabled, known: dict[str, Flaws]) -> tuple[Gate, ...]:
        """What the filters ask of a signal and, where they let it pass, the regime."""
        gates: tuple[Gate, ...] = ()
        if (scope := self._filters.scope(enabled.name)) is not None:
            view = self._knowledge.view(signal.symbol, ruling, enabled, known, scope=scope)
            gates = self._filters.gates(view, signal)
        return gates if failed(gates) else (*gates, *self._router.gates(signal, known[signal.symbol]))

    def _admitted(self, judgement: Judgement, gates: tuple[Gate, ...], symbol: str) -> Judgement:
        """Return the judgement as it counts: a signal may be paused, stopped by a filter, or out of place in this regime."""
        if judgement.signal is None:
            return judgement
        if self._pauses.hold(judgement.strategy, symbol):
            return Judgement(strategy=judgement.strategy, reasons=("paused",))
        stopped = failed(gates)
        if stopped:
            return Judgement(strategy=judgement.strategy, reasons=stopped)
        return self._router.weighed(judgement)

    def _note(self, strategy: str, symbol: str, close_time: int, fault: judging.Fault, told: list[Alert]) -> None:
        """Count what a strategy did wrong, and tell of it once an hour."""
        faults = self._faults.setdefault(strategy, StrategyFaults())
        faults.counts[fault.reason] = faults.counts.get(fault.reason, 0) + 1
        hour = close_time // DURATION["1h"]
        if hour != faults.told_hour:
            faults.told_hour = hour
            told.append(alerts.strategy_fault(self._partition, strategy, symbol, close_time, fault))
