"""Ends an entry that is not wanted any more, and says why: one of the words of ``EntryEnd``. Pure, on the state."""

from __future__ import annotations

from typing import Final

from services.execution.oms.order import EntryEnd, LiveOrder
from services.execution.plans.plan import Plan
from services.execution.requests import Effects
from services.execution.sending import Sender
from services.execution.state import ExecutionState
from services.execution.telling import order_event

#: The text of an entry that was never sent.
_NOT_SENT: Final[dict[EntryEnd, str]] = {
    "expired": "it was not sent in time",
    "voided": "price has been where its setup is spent",
    "unwanted": "it is not wanted any more",
}
#: The text of an entry that rested and was cancelled.
_CANCELLED: Final[dict[EntryEnd, str]] = {
    "expired": "expired: its time was over",
    "voided": "voided: price went to where its setup is spent without it",
    "unwanted": "unwanted: entries or its trade were ended",
}


def end_entry(plan: Plan, state: ExecutionState, sender: Sender, now: int, effects: Effects) -> None:
    """Cancel what rests of an entry, and give up what waits: its time is over, price has voided it, entries are halted or
    withdrawn, or the trade ends.
    """
    entries = [order for order in plan.of(state.orders, "entry") if not order.over]
    if not entries:
        return
    frozen = state.frozen.get(plan.symbol)
    withdrawn = plan.intent.decided_at <= state.withdrawn_until
    if state.halted is not None or withdrawn or (frozen is not None and frozen.reason in ("foreign", "unprotectable")):
        plan.unwanted = True
    why = _why(plan, now)
    if why:
        for entry in entries:
            entry.ended_for = entry.ended_for or why
        for request in sender.end(entries, now):
            effects.ask(request)
    for entry in entries:
        late = now > plan.intent.valid_until
        if entry.status == "WAITING" and (why in ("unwanted", "voided") or late):
            entry.end("REJECTED", now, 0, _NOT_SENT[why or "expired"])
            effects.tell([order_event(None, entry, "ours", None)])


def why_ended(entry: LiveOrder) -> str:
    """Return why an entry of which nothing was traded ended, in brackets after a blank; empty if nobody said."""
    if entry.reject_code or entry.reject_reason:
        return f" ({entry.reject_code} {entry.reject_reason})"
    return f" ({_CANCELLED[entry.ended_for]})" if entry.ended_for and entry.status == "CANCELED" else ""


def _why(plan: Plan, now: int) -> EntryEnd:
    if plan.unwanted or plan.exit_wanted:
        return "unwanted"
    if plan.voided:
        return "voided"
    intent = plan.intent
    return "expired" if now > (intent.rests_until if intent.kind == "limit" else intent.valid_until) else ""
