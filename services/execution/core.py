"""The execution core: verdicts to orders, the exchange's events to protection and reports (EXEC-1 … EXEC-4).

Every message of the exchange is handled in the same order: its news enter the books, trades move along their table, and what
they then need leaves in one ``ExchangeRequests``, whose id derives from the message. A report is due per market step
(AccountReport) and per close (StepReport); each leaves, in order, as soon as no request that its own cause set in motion is
without an answer, so the two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from services.execution import admission, alerts, news, protection, reconciliation
from services.execution.settings import ExecutionSettings
from services.execution.state import Cause, ExecutionState, Outstanding, StepDue, remember
from services.execution.trade import LiveTrade, next_event
from shared.domain.account import AccountReport
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequest, ExchangeRequests, PlaceOrder
from shared.domain.ids import derive
from shared.domain.instruments import Instrument
from shared.domain.listing import InstrumentList
from shared.domain.message import Message
from shared.domain.orders import StepReport, VerdictBundle


class ExecutionCore:
    """The account's one hand at the exchange. Raises ValueError on an empty approval key."""

    def __init__(self, instruments: Mapping[str, Instrument], settings: ExecutionSettings, approval_key: str) -> None:
        if not approval_key:
            raise ValueError("the approval key is empty: no verdict could be verified; set the one that risk signs with")
        self._instruments = dict(instruments)
        self._settings = settings
        self._key = approval_key
        self.state = ExecutionState()

    def handle(self, message: Message) -> Sequence[Message]:
        """Requests first, then the reports that they leave due, then what a person should know."""
        if isinstance(message, VerdictBundle):
            return self._enter(message)
        if isinstance(message, ExchangeEvents):
            return self._hear(message)
        if isinstance(message, Control):
            return self._obey(message)
        if isinstance(message, ClockTick):
            return self._tick(message)
        if isinstance(message, InstrumentList):
            self._learn(message)
        return []

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.state)

    def restore(self, data: bytes) -> None:
        self.state = msgspec.msgpack.decode(data, type=ExecutionState)

    # -- verdicts -----------------------------------------------------------------------------------------------------

    def _enter(self, bundle: VerdictBundle) -> list[Message]:
        state, time = self.state, bundle.close_time
        if time <= state.decided_until:
            return []
        state.decided_until = time
        state.steps_due.append(StepDue(close_time=time))
        requests: list[ExchangeRequest] = []
        told: list[Alert] = []
        for verdict in bundle.verdicts:
            intent = verdict.intent
            if intent is None:
                continue
            instruments = {**self._instruments, **state.instruments}
            why = admission.refusal(intent, verdict.signature, time, state, instruments, self._key)
            if why is not None:
                told.append(admission.refused(intent, why, time, state))
                continue
            remember(state.intents, intent.id, self._settings.ids_remembered)
            trade = state.trades[intent.symbol] = LiveTrade(intent=intent, decided_at=time)
            requests.append(protection.enter(trade))
        sent = self._send(derive("verdict", time), Cause("verdict", time), time, requests) if requests else []
        return [*sent, *self._reports(), *told]

    def _learn(self, told: InstrumentList) -> None:
        """Filters and closures as the exchange has them; a symbol that is not named keeps its last filters."""
        self.state.instruments |= {each.symbol: each for each in told.instruments}
        self.state.closures = told.closures

    # -- the exchange -------------------------------------------------------------------------------------------------

    def _hear(self, events: ExchangeEvents) -> list[Message]:
        state = self.state
        told: list[Alert] = []
        if events.reply_to:
            outstanding = self._answered(events.reply_to)
            if outstanding is None:
                return []
            cause = outstanding.cause
            told += news.take(state, events, self._settings)
            news.answered(state, outstanding.requests)
        else:
            if events.time <= state.stepped_until:
                return []
            state.stepped_until = events.time
            state.accounts_due.append(events.time)
            cause = Cause("step", events.time)
            for trade in state.trades.values():
                for client_id in protection.new_step(trade):
                    remember(state.gone, client_id, self._settings.ids_remembered)
            told += news.take(state, events, self._settings)
            told += reconciliation.reconcile(state, events.time, self._settings)
        due: dict[Cause, list[ExchangeRequest]] = {}
        for trade in list(state.trades.values()):
            told += self._advance(trade, events.time)
            instrument = state.instruments.get(trade.symbol) or self._instruments.get(trade.symbol)
            requests = protection.due(trade, events.time, self._settings, instrument)
            if requests:
                due.setdefault(self._belongs_to(trade, cause), []).extend(requests)
            told += self._stuck(trade, events.time)
        sent: list[Message] = []
        for of, requests in due.items():
            sent += self._send(derive("after", events.message_id, of.kind, of.time), of, events.time, requests)
        return [*sent, *self._reports(), *told]

    def _belongs_to(self, trade: LiveTrade, cause: Cause) -> Cause:
        """Until the close that made the trade is settled, what the trade needs is of that close's making."""
        own = trade.decided_at
        return Cause("verdict", own) if any(due.close_time == own for due in self.state.steps_due) else cause

    def _answered(self, reply_to: str) -> Outstanding | None:
        """The requests that this answers, now settled; None when they were answered before, or are not ours."""
        state = self.state
        request_id = state.queries.get(reply_to, reply_to)
        outstanding = state.requests.pop(request_id, None)
        if outstanding is not None and outstanding.queries:
            state.queries = {query: about for query, about in state.queries.items() if about != request_id}
        return outstanding

    def _advance(self, trade: LiveTrade, time: int) -> list[Alert]:
        """Move the trade along its table as far as its orders say; a trade that is over leaves."""
        state, settings = self.state, self._settings
        told: list[Alert] = []
        while (event := next_event(trade, settings.stop_retries, settings.attempts_per_step)) is not None:
            trade.move(event)
            told += alerts.of_event(trade, event, time)
            if event == "stop_refused":
                told += reconciliation.unprotectable(state, trade, time)
        if trade.state in ("protecting", "open") and not trade.target_mourned:
            told += self._target_lost(trade, time)
        if trade.state in ("closed", "failed"):
            del state.trades[trade.symbol]
            for client_id in trade.orders:
                remember(state.gone, client_id, settings.ids_remembered)
            if trade.state == "closed":
                state.closed.append(trade.report())
        return told

    def _target_lost(self, trade: LiveTrade, time: int) -> list[Alert]:
        lost = next((order for order in trade.of("target") if order.dead), None)
        if lost is None:
            return []
        trade.target_mourned = True
        why = f" ({lost.reject_code} {lost.reject_reason})" if lost.reject_code else ""
        text = f"{trade.symbol}: the target was {lost.status}{why}; the stop stays, the trade goes on without a target"
        return [alerts.alert("warning", f"target_lost.{trade.intent.id}", text, time)]

    def _stuck(self, trade: LiveTrade, time: int) -> list[Alert]:
        """The exchange neither does nor tells what it was asked for: freeze, and try again with the next market step."""
        if not protection.exhausted(trade, self._settings):
            trade.stuck = False
            return []
        if trade.stuck:
            return []
        trade.stuck = True
        why = f"trade {trade.intent.id} is {trade.state} with {trade.position} held, and the exchange does not follow"
        critical = alerts.alert("critical", f"stuck.{trade.intent.id}", f"{trade.symbol}: {why}", time)
        return [critical, *reconciliation.freeze(self.state, trade.symbol, why, time)]

    # -- requests and reports -----------------------------------------------------------------------------------------

    def _send(self, identity: str, cause: Cause, time: int, requests: list[ExchangeRequest]) -> list[Message]:
        state = self.state
        state.requests[identity] = Outstanding(cause=cause, time=time, requests=tuple(requests))
        if cause.kind == "verdict":
            due = next(step for step in state.steps_due if step.close_time == cause.time)
            fresh = [request.order.client_id for request in requests if isinstance(request, PlaceOrder)]
            due.placed += [client_id for client_id in fresh if client_id not in due.placed]
        return [ExchangeRequests(id=identity, time=time, requests=tuple(requests))]

    def _reports(self) -> list[Message]:
        """The reports that no longer wait for an answer, each kind in its order."""
        state = self.state
        reports: list[Message] = []
        while state.accounts_due and not state.waits_for(Cause("step", state.accounts_due[0])):
            assert state.account is not None, "an account report is due only after the exchange stated the account"
            open_trades = tuple([trade.report() for trade in state.trades.values()])
            reports.append(
                AccountReport(
                    time=state.accounts_due.pop(0),
                    account=state.account,
                    open_trades=open_trades,
                    closed_trades=tuple(state.closed),
                )
            )
            state.closed.clear()
        while state.steps_due and not state.waits_for(Cause("verdict", state.steps_due[0].close_time)):
            due = state.steps_due.pop(0)
            reports.append(StepReport(close_time=due.close_time, placed=tuple(due.placed)))
        return reports

    # -- the operator and the clock -----------------------------------------------------------------------------------

    def _obey(self, control: Control) -> list[Message]:
        state = self.state
        if control.command == "reset" or not remember(state.controls, control.id, self._settings.controls_remembered):
            return []
        thawed = ", ".join(state.frozen) if control.command == "rearm" and state.frozen else "none"
        state.halted = control.command == "halt"
        if control.command == "rearm":
            state.frozen.clear()
        text = f"{control.command} by {control.by}: {control.reason}; symbols thawed: {thawed}"
        return [alerts.alert("info", f"control.{control.id}", text, max(state.stepped_until, 0))]

    def _tick(self, tick: ClockTick) -> list[Message]:
        """Ask again for what has no answer (invariant 7). Ticks alone count age: market time may run at any speed."""
        state, settings = self.state, self._settings
        if tick.time <= state.ticked_until:
            return []
        state.ticked_until = tick.time
        outputs: list[Message] = []
        for request_id, outstanding in state.requests.items():
            if outstanding.since < 0:
                outstanding.since = tick.time
            if tick.time - outstanding.since < settings.unanswered_ms:
                continue
            outstanding.since = tick.time
            outstanding.queries += 1
            query = derive("query", request_id, outstanding.queries)
            state.queries[query] = request_id
            while len(state.queries) > settings.queries_remembered:
                del state.queries[next(iter(state.queries))]
            if outstanding.queries > settings.queries_before_alarm:
                requests = tuple(_ended(request) for request in outstanding.requests)
            else:
                requests = outstanding.requests
            outputs.append(ExchangeRequests(id=query, time=outstanding.time, requests=requests))
            if outstanding.queries == settings.queries_before_alarm:
                for symbol in dict.fromkeys(_symbol(request) for request in outstanding.requests):
                    outputs += reconciliation.freeze(state, symbol, "the exchange does not answer", tick.time)
        return outputs


def _ended(request: ExchangeRequest) -> ExchangeRequest:
    """After the alarm an entry is not wanted any more: its cancel tells what became of it, and can only end it."""
    if isinstance(request, CancelOrder) or request.order.reduce_only or request.order.close_position:
        return request
    return CancelOrder(symbol=request.order.symbol, client_id=request.order.client_id)


def _symbol(request: ExchangeRequest) -> str:
    return request.symbol if isinstance(request, CancelOrder) else request.order.symbol
