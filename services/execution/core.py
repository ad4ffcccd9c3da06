"""The execution core: intents to orders, the exchange's answers and news to protection and reports (EXEC-1 … EXEC-4).

Pure: every input comes stamped with ``now`` (UTC ms, never backwards), and what is to be done at the exchange leaves as
requests, which a driver carries out. Two drivers do that: the matching engine in the same process (demo, backtest,
paper), and the exchange. What reduces a position leaves at once; what increases one is judged again by ``confirm`` at
the moment of sending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from services.execution import freezing, reporting, voiding
from services.execution.alerts import alert
from services.execution.answers import AnswerReader
from services.execution.calm import calm_until, due_at
from services.execution.commands import Commands
from services.execution.connection import connect
from services.execution.entries import Entries
from services.execution.inputs import (
    Answer,
    Connected,
    Executions,
    Input,
    Leaving,
    Moved,
    News,
    Paid,
    Sent,
    Statement,
    Traded,
    Withheld,
)
from services.execution.news import NewsReader
from services.execution.oms.registry import OrderRegistry
from services.execution.overview import overview
from services.execution.plans.admission import EntryRefusal, Quote
from services.execution.reconcile import Reconciler
from services.execution.requests import Effects, QueryAccount
from services.execution.risk_orders import RiskOrders
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from services.execution.strays import Strays
from services.execution.tending import Tender
from shared.approval.commands import CommandJudge
from shared.approval.risk_orders import RiskOrderJudge
from shared.core import Overview
from shared.domain.control import ClockTick, Control
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, RiskOrder, VerdictBundle
from shared.domain.listing import InstrumentList
from shared.domain.message import Message
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, MarginCall, OrderUpdate, Unnamed


class ExecutionCore:
    """One account's orders, positions and protection.

    approved: verifies risk's signature of an intent. commands: which commands are obeyed; risk_orders: which of risk's
    orders. lineage: see ``shared.domain.client_ids``. validity_ms: how long the exchange takes a signed request. Only
    symbols of ``instruments`` may be entered.
    first_trades: so many of the account's first trades are capped in size; 0 = none.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        settings: ExecutionSettings,
        approved: Callable[[OrderIntent, str], bool],
        *,
        commands: CommandJudge,
        risk_orders: RiskOrderJudge,
        lineage: str,
        validity_ms: int,
        first_trades: int = 0,
    ) -> None:
        self._instruments = dict(instruments)
        self._settings = settings
        self._approved = approved
        self._judge = commands
        self._risk_order_judge = risk_orders
        self._lineage = lineage
        self._validity_ms = validity_ms
        self._first_trades = first_trades
        self._wire(ExecutionState())

    def _wire(self, state: ExecutionState) -> None:
        settings, symbols = self._settings, frozenset(self._instruments)
        self.state = state
        self._calm: dict[str, int] = {}  # until when the clock alone changes nothing of a trade; not state, only saved work
        self._registry = OrderRegistry(state.orders)
        self._sender = Sender(state, settings, self._lineage)
        self._news = NewsReader(state, self._registry, self._sender, settings, self._lineage)
        self._answers = AnswerReader(state, self._registry, self._news, settings, self._validity_ms)
        self._entries = Entries(
            state, settings, self._sender, self._news, symbols, self.instrument, self._approved, self._first_trades
        )
        self._reconciler = Reconciler(state, self._registry, self._news, settings, self._lineage)
        self._commands = Commands(state, self._registry, self._news, settings, self._judge)
        self._risk_orders = RiskOrders(state, self._commands, settings, self._risk_order_judge)
        self._tender = Tender(state, self._registry, settings, self._sender, self._validity_ms)
        self._strays = Strays(state, self._registry, settings, self._sender, self._tender)

    def snapshot(self) -> bytes:
        """Return the whole state, encoded."""
        return msgspec.msgpack.encode(self.state)

    def restore(self, data: bytes) -> None:
        """Replace the state by one that ``snapshot`` returned."""
        self._wire(msgspec.msgpack.decode(data, type=ExecutionState))

    def overview(self) -> Overview:
        """Return what a person may see of positions, orders and what keeps entries back."""
        return {"execution": overview(self.state)}

    # -- inputs -------------------------------------------------------------------------------------------------------

    def handle(self, taken: Message | Input, now: int) -> Effects:
        """Apply one input and return what follows: requests, then messages."""
        effects = Effects()
        reported = False
        if isinstance(taken, Statement):
            self._disturb_uneven()
            reported = self._reconciler.statement(taken, now, effects)
            self._commands.go_on(taken, now, effects)
            self._disturb_uneven()
            symbols = None
        else:
            symbols = self._take(taken, now, effects)
        for key in self._looked_at(taken, symbols, now):
            self._tend(key, now, effects)
        if symbols is None:
            self._strays.tend(now, effects)
        for symbol in self._judged(symbols, now):
            freezing.judge(self.state, self._settings.freeze_ms, symbol, now, effects)
        effects.tell(reporting.step_reports(self.state))
        if reported and isinstance(taken, Statement):
            cap = reporting.entry_cap(self.state, self._settings, self._first_trades)
            effects.tell(reporting.statement(self.state, taken, cap))
        return effects

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        """Judge an entry at the moment of sending: why it may not leave, with a sentence; None if it may.

        Changes nothing.
        """
        return self._entries.confirm(client_id, quote, now)

    def watched(self, symbol: str) -> OrderIntent | None:
        """Return the intent whose entry lives in the symbol and may be voided by a price (``voiding``); None = none."""
        plan = voiding.watched(self.state, symbol)
        return plan.intent if plan is not None else None

    def due_at(self, now: int) -> int:
        """Return when the clock alone changes something, ms; ``now`` = every step matters. See ``calm.due_at``."""
        return due_at(self.state, now)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the symbol's filters: the exchange's newest, else the configured ones."""
        return self.state.instruments.get(symbol) or self._instruments.get(symbol)

    def _take(self, taken: Message | Input, now: int, effects: Effects) -> set[str] | None:
        """Apply the input; return the symbols that it may have changed, None for all."""
        if isinstance(taken, Answer):
            order = self._answers.take(taken, now, effects)
            if order is None:
                return set()
            return None if taken.action == "halt" else {order.request.symbol}
        if isinstance(taken, News):
            return self._apply_event(taken, now, effects)
        if isinstance(taken, VerdictBundle):
            return self._enter(taken, now, effects)
        if isinstance(taken, Sent):
            return self._entries.sent(taken, now)
        if isinstance(taken, Withheld):
            return self._entries.withheld(taken, now, effects)
        if isinstance(taken, Traded):
            return voiding.apply(self.state, taken)
        if isinstance(taken, Executions):
            self._reconciler.executions(taken, now, effects)
            self._compare(taken.symbol, now, effects)
            return {taken.symbol}
        if isinstance(taken, Paid | Moved):
            self._reconciler.income(taken)
            return set()
        if isinstance(taken, Connected):
            connect(self.state, taken, now, effects)
        elif isinstance(taken, Control):
            self._commands.obey(taken, now, effects)
        elif isinstance(taken, RiskOrder) and self._risk_orders.obey(taken, now, effects):
            effects.ask(QueryAccount())  # what is known may be some seconds old
        elif isinstance(taken, InstrumentList):
            self._learn(taken)
        elif isinstance(taken, Leaving):
            self._leave(taken)
        elif isinstance(taken, ClockTick):
            self._disturb_uneven()
            for position in list(self.state.positions.values()):
                if position.apart_since:
                    self._reconciler.compare(position, now, effects)
        else:
            return set()
        return None

    # -- trades -------------------------------------------------------------------------------------------------------

    def _looked_at(self, taken: Message | Input, symbols: set[str] | None, now: int) -> list[str]:
        """The keys of the trades that the input may concern; what brings no news passes those over that are calm."""
        plans = self.state.plans
        if symbols is not None:
            return [key for symbol in sorted(symbols) for key in self.state.legs(symbol) if key in plans]
        if isinstance(taken, ClockTick) or (isinstance(taken, Statement) and not taken.names_orders):
            return [key for key in plans if self._calm.get(key, 0) <= now]
        return list(plans)

    def _disturb_uneven(self) -> None:
        """Look again at the trades in whose leg something is unexplained or of others: a comparison may change them."""
        for key, position in self.state.positions.items():
            if position.apart_since or position.foreign:
                self._calm.pop(key, None)

    def _tend(self, key: str, now: int, effects: Effects) -> None:
        plan = self.state.plans[key]
        if self.state.leaving_flat:  # also of a trade that fills, or comes back, after the command
            plan.exit_wanted = plan.exit_wanted or "command"
        self._tender.tend(plan, self.instrument(plan.symbol), now, effects)
        if plan.live:
            self._calm[key] = calm_until(plan, self.state, now)
        else:
            self._calm.pop(key, None)
            self._strays.inherit(plan, now, effects)

    def _judged(self, symbols: set[str] | None, now: int) -> list[str]:
        """The symbols whose freeze may begin or end: those concerned; on a tick those that are not at rest."""
        if symbols is not None:
            return sorted(symbols)
        state = self.state
        uneven = {each.symbol for each in state.positions.values() if each.apart_since or each.foreign}
        busy = {plan.symbol for key, plan in state.plans.items() if self._calm.get(key, 0) <= now}
        return sorted(uneven | busy | state.frozen.keys())

    def _compare(self, symbol: str, now: int, effects: Effects) -> None:
        for key in self.state.legs(symbol):
            if key in self.state.positions:
                self._reconciler.compare(self.state.positions[key], now, effects)

    def _enter(self, bundle: VerdictBundle, now: int, effects: Effects) -> set[str] | None:
        """Take a bundle; what it orders to be closed comes first.

        It asks for no statement: in lock-step one of a time of its own would reach risk beside the step's, and elsewhere
        the next one is not far.
        """
        repeated = bundle.close_time in self.state.decided
        order = bundle.order
        obeyed = order is not None and self._risk_orders.obey(order, now, effects, repeated=repeated)
        symbols = self._entries.enter(bundle, now, effects)
        return None if obeyed else symbols

    # -- the exchange -------------------------------------------------------------------------------------------------

    def _apply_event(self, news: News, now: int, effects: Effects) -> set[str] | None:
        event = news.event
        if isinstance(event, OrderUpdate):
            halted = self.state.halted
            self._news.order(event.order, event.fill, now, effects)
            self._compare(event.order.symbol, now, effects)
            return {event.order.symbol} if self.state.halted is halted else None
        if isinstance(event, AlgoUpdate):
            halted = self.state.halted
            self._news.order(event.order, None, now, effects)
            return {event.order.symbol} if self.state.halted is halted else None
        if isinstance(event, AccountUpdate):
            self._reconciler.account(event, now, effects)
            return {each.symbol for each in event.positions}
        if isinstance(event, MarginCall):
            text = f"margin call in {', '.join(event.symbols)}: the margin is close to the maintenance margin"
            effects.tell([alert("critical", f"margin_call.{event.time}", text, now)])
            effects.ask(QueryAccount())
        elif isinstance(event, Unnamed) and not event.readable:
            effects.ask(QueryAccount())  # it may have been about a change
        return set()

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _learn(self, listing: InstrumentList) -> None:
        """Filters and closures as the exchange has them; a symbol that is not named keeps its last filters."""
        self.state.instruments |= {each.symbol: each for each in listing.instruments}
        self.state.closures = listing.closures

    def _leave(self, leaving: Leaving) -> None:
        """End entries that rest or wait; what protects stays at the exchange."""
        self.state.leaving = True
        self.state.leaving_flat = self.state.leaving_flat or leaving.flatten
        for plan in self.state.plans.values():
            plan.unwanted = True
