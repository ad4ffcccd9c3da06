"""Takes risk's intents in: entries become orders that wait, closings and moved stops go to their trade (EXEC-2). Pure."""

from __future__ import annotations

from collections.abc import Callable

from services.execution.alerts import alert
from services.execution.inputs import Sent, Withheld
from services.execution.news import NewsReader
from services.execution.plans import admission
from services.execution.plans.admission import Question, Quote
from services.execution.plans.plan import Plan
from services.execution.requests import Effects
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, StepDue, leg_key
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, Verdict, VerdictBundle


class Entries:
    """Admits intents. symbols: those that may be entered; instrument: their filters now; approved: verifies signatures.

    first_trades: number of the account's first trades that are capped in size; 0 = none.
    """

    def __init__(
        self,
        state: ExecutionState,
        settings: ExecutionSettings,
        sender: Sender,
        news: NewsReader,
        symbols: frozenset[str],
        instrument: Callable[[str], Instrument | None],
        approved: Callable[[OrderIntent, str], bool],
        first_trades: int,
    ) -> None:
        self._state = state
        self._settings = settings
        self._sender = sender
        self._news = news
        self._symbols = symbols
        self._instrument = instrument
        self._approved = approved
        self._first_trades = first_trades

    def enter(self, bundle: VerdictBundle, now: int, effects: Effects) -> set[str]:
        """Take the verdicts of one close; returns the symbols in which something changed."""
        state = self._state
        if bundle.close_time <= state.decided_until:
            return set()
        if bundle.close_time > now + self._settings.max_validity_ms:
            text = f"verdicts of a close in the future ({bundle.close_time}) are not taken; find out who sent them"
            effects.tell([alert("critical", f"implausible.{bundle.close_time}", text, now)])
            return set()
        state.decided_until = bundle.close_time
        state.steps_due.append(StepDue(close_time=bundle.close_time))
        state.intents = {each: until for each, until in state.intents.items() if until >= now}
        return {each.symbol for each in bundle.verdicts if each.intent is not None and self._admit(each, now, effects)}

    def _admit(self, verdict: Verdict, now: int, effects: Effects) -> bool:
        intent = verdict.intent
        assert intent is not None, "the caller has looked"
        question = self._question(intent, now, signed=self._approved(intent, verdict.signature))
        if intent.purpose != "enter":
            return self._manage(intent, question, now, effects)
        why = admission.refusal(question, admission.AT_ADMISSION)
        if why is not None:
            self._tell_refused(question, why, effects)
            return False
        state = self._state
        state.intents[intent.id] = intent.valid_until
        plan = state.plans[leg_key(intent.symbol, intent.leg)] = Plan(intent=intent, stop=intent.stop)
        effects.ask(self._sender.entry(plan))
        return True

    def _manage(self, intent: OrderIntent, question: Question, now: int, effects: Effects) -> bool:
        """Close a trade, or move its stop nearer to the price: what reduces is refused to nobody who signs as risk."""
        plan = self._state.plans.get(leg_key(intent.symbol, intent.leg))
        if not question.signed:
            self._tell_refused(question, "bad_signature", effects)
            return False
        if plan is None or plan.id != intent.about:
            text = f"{intent.symbol}: trade {intent.about} is over; there is nothing to {intent.purpose.replace('_', ' ')}"
            effects.tell([alert("info", f"over.{intent.id}", text, now)])
            return False
        if intent.purpose == "close":
            plan.exit_wanted = plan.exit_wanted or "command"
        else:
            plan.move_stop(intent.stop)
        return True

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[admission.EntryRefusal, str] | None:
        """Judge an entry at the moment of sending: why it may not leave, with a sentence; None if it may.

        Changes nothing.
        """
        order = self._state.orders.get(client_id)
        plan = self._news.plan_of(order) if order is not None else None
        if order is None or plan is None or order.status not in ("WAITING", "SENT"):
            return "repeated", "it was sent or withheld before"
        question = self._question(plan.intent, now, quote=quote)
        why = admission.refusal(question, admission.AT_SENDING)
        return (why, admission.reason_text(question, why)[1]) if why is not None else None

    def _question(self, intent: OrderIntent, now: int, *, signed: bool = True, quote: Quote | None = None) -> Question:
        return Question(
            intent=intent,
            now=now,
            state=self._state,
            settings=self._settings,
            symbols=self._symbols,
            instrument=self._instrument(intent.symbol),
            signed=signed,
            quote=quote,
            first_trades=self._first_trades,
        )

    def _tell_refused(self, question: Question, why: admission.EntryRefusal, effects: Effects) -> None:
        severity, sentence = admission.reason_text(question, why)
        intent = question.intent
        text = f"{intent.symbol}: intent {intent.id} is not sent: {sentence}"
        effects.tell([alert(severity, f"refused.{why}.{intent.id}", text, question.now)])

    def sent(self, sent: Sent, now: int) -> set[str]:
        """Note that an entry is about to leave; returns its symbol."""
        order = self._state.orders.get(sent.client_id)
        if order is None:
            return set()
        if order.move("SENT", now):
            times = self._state.sent_at
            del times[: len(times) - admission.sent_since(times, now - admission.RATE_MS)]
            times.append(now)
        order.signed_at = now
        return {order.request.symbol}

    def withheld(self, withheld: Withheld, now: int, effects: Effects) -> set[str]:
        """Note that an entry is not sent; returns its symbol."""
        order = self._state.orders.get(withheld.client_id)
        if order is None or order.status not in ("WAITING", "SENT"):
            return set()
        order.end("REJECTED", now, 0, withheld.text or withheld.why)
        self._news.ended(order, effects)
        return {order.request.symbol}
