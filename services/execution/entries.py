"""Takes risk's intents in: entries become orders that wait, closings and moved stops go to their trade (EXEC-2). Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.execution.alerts import alert
from services.execution.inputs import Sent, Withheld
from services.execution.news import NewsReader
from services.execution.plans import admission
from services.execution.plans.admission import Question, Quote
from services.execution.plans.plan import Plan
from services.execution.requests import Effects
from services.execution.sending import Sender
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, StepDue, leg_key, remember
from shared.domain.control import Alert
from shared.domain.instruments import Instrument
from shared.domain.intents import OrderIntent, VerdictBundle

#: Closes of which it is remembered that their report was begun: four hours of minutes.
_CLOSES_REMEMBERED: Final = 256
_MINUTE_MS: Final = 60_000
#: All that is asked of an intent that closes a trade or moves its stop: what reduces is refused to nobody who signs as risk.
_OF_MANAGING: Final[dict[admission.EntryRefusal, admission.Check]] = {
    why: admission.AT_ADMISSION[why] for why in ("bad_signature", "repeated")
}


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
        """Take the verdicts of one close; returns the symbols in which something changed.

        Nobody signs the bundle itself, so its words decide only about its report. Each intent is judged by its own.
        """
        again = bundle.close_time in self._state.decided
        if not again:
            self._begin_report(bundle.close_time, now, effects)
        intents = [(each.intent, each.signature) for each in bundle.verdicts if each.intent is not None]
        taken = {each.symbol for each, signature in intents if self._take(each, signature, again, now, effects)}
        self._forget_intents(now)
        return taken

    def _begin_report(self, close_time: int, now: int, effects: Effects) -> None:
        if close_time > now + self._settings.max_validity_ms:
            text = f"verdicts of a close in the future ({close_time}) came; find out who sent them"
            news = alert("critical", f"implausible.{close_time}", text, now)
            self._count("implausible_close", news, now, effects, once=True)
            return
        remember(self._state.decided, close_time, _CLOSES_REMEMBERED)
        self._state.steps_due.append(StepDue(close_time=close_time))

    def _take(self, intent: OrderIntent, signature: str, again: bool, now: int, effects: Effects) -> bool:
        """Take one intent; True if it changed something. again: its bundle came before, so that a repeat is no news."""
        question = self._question(intent, now, signed=self._approved(intent, signature))
        checks = admission.AT_ADMISSION if intent.purpose == "enter" else _OF_MANAGING
        why = admission.refusal(question, checks)
        if why == "repeated" and again:
            effects.refused.append(why)
            return False
        if why not in ("bad_signature", "repeated"):
            self._state.intents[intent.id] = intent.valid_until
        if why is not None:
            self._refuse(question, why, effects)
            return False
        if intent.purpose != "enter":
            return self._manage(intent, now, effects)
        plan = self._state.plans[leg_key(intent.symbol, intent.leg)] = Plan(intent=intent, stop=intent.stop)
        effects.ask(self._sender.entry(plan))
        return True

    def _manage(self, intent: OrderIntent, now: int, effects: Effects) -> bool:
        """Close a trade, or move its stop nearer to the price."""
        plan = self._state.plans.get(leg_key(intent.symbol, intent.leg))
        if plan is None or plan.id != intent.about:
            text = f"{intent.symbol}: trade {intent.about} is over; there is nothing to {intent.purpose.replace('_', ' ')}"
            effects.tell([alert("info", f"over.{intent.id}", text, now)])
            return False
        if intent.purpose == "close":
            plan.exit_wanted = plan.exit_wanted or "command"
        else:
            plan.move_stop(intent.stop)
        return True

    def _forget_intents(self, now: int) -> None:
        """Forget the oldest intents beyond the limit, as far as they are no longer valid."""
        intents = self._state.intents
        for each in list(intents)[: max(0, len(intents) - self._settings.trades_remembered)]:
            if intents[each] < now:
                del intents[each]

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[admission.EntryRefusal, str] | None:
        """Judge an entry at the moment of sending: why it may not leave, with a sentence; None if it may.

        Changes nothing.
        """
        order = self._state.orders.get(client_id)
        plan = self._news.plan_of(order) if order is not None else None
        if order is None or plan is None or order.status not in ("WAITING", "SENT"):
            return "repeated", "it was sent or withheld before"
        question = self._question(plan.intent, now, quote=quote, voided=plan.voided)
        why = admission.refusal(question, admission.AT_SENDING)
        return (why, admission.reason_text(question, why)[1]) if why is not None else None

    def _question(
        self, intent: OrderIntent, now: int, *, signed: bool = True, quote: Quote | None = None, voided: bool = False
    ) -> Question:
        return Question(
            intent=intent,
            now=now,
            state=self._state,
            settings=self._settings,
            symbols=self._symbols,
            instrument=self._instrument(intent.symbol),
            signed=signed,
            quote=quote,
            voided=voided,
            first_trades=self._first_trades,
        )

    def _refuse(self, question: Question, why: admission.EntryRefusal, effects: Effects) -> None:
        """Count and tell a refusal: each of what risk signed; what anybody may have written, once a reason and minute."""
        severity, sentence = admission.reason_text(question, why)
        intent = question.intent
        text = f"{intent.symbol}: intent {intent.id} is not taken: {sentence}"
        news = alert(severity, f"refused.{why}.{intent.id}", text, question.now)
        self._count(why, news, question.now, effects, once=why in ("bad_signature", "repeated"))

    def _count(self, why: str, news: Alert, now: int, effects: Effects, *, once: bool) -> None:
        effects.refused.append(why)
        minute = now // _MINUTE_MS
        if once and self._state.alerted.get(why) == minute:
            return
        if once:
            self._state.alerted[why] = minute
        effects.tell([news])

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
