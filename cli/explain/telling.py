"""Tells the story of a decision from the journal: what risk checked, which orders followed, how the trade went on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.docs.vocabulary import words
from cli.explain.showing import plain_table, reasons_table, signal_text
from services.journal.story import PlacedOrder, Story
from services.signals.explaining import FactAt
from services.signals.wording import moment, price
from shared.domain import intents
from shared.domain.account import Trade
from shared.domain.decisions import Judgement
from shared.domain.intents import Check, Verdict
from shared.domain.orders import Fill


def heading(story: Story) -> Text:
    """Which decision the id leads to, and what it was."""
    decision = story.decision
    chosen = f"the signal of {decision.chosen} was chosen" if decision.chosen else "no signal was chosen"
    why = f": {', '.join(decision.why_not)}" if decision.why_not else ""
    text = f"{decision.symbol}, decision of {moment(decision.close_time)}: {chosen}{why}"
    return Text(text, style="bold")


def judgement(said: Judgement) -> RenderableType:
    """What one strategy said, as it was recorded: codes, no numbers."""
    rests_on = () if said.signal is None else said.signal.rests_on
    return Group(
        Text(f"{said.strategy}:"),
        reasons_table(said.reasons) if said.signal is None else signal_text(said.signal),
        Text(f"rests on {', '.join(rests_on)}" if rests_on else ""),
    )


def aftermath(story: Story) -> Iterable[RenderableType]:
    """Risk's verdict, the orders and the trade, as far as it came."""
    if story.verdict is None:
        if story.decision.chosen:
            yield Text("Risk has not answered, or its answer is not in the journal yet.")
        return
    yield from _verdict(story.verdict)
    if story.orders:
        yield _orders(story.orders, story.fills)
    elif story.verdict.intent is not None:
        yield Text("The journal has no order of it: execution refused it, or has not sent it yet. See `ict status`.")
    if story.trade is not None:
        yield _trade(story.trade)


def life(states: Iterable[FactAt]) -> Iterable[RenderableType]:
    """A fact: what it is, and every state with the close at which it became known."""
    told = list(states)
    first = told[0]
    fact = first.fact
    bounds = price(fact.bottom) if fact.top == fact.bottom else f"{price(fact.bottom)}-{price(fact.top)}"
    title = f"{first.symbol} {first.timeframe}: {fact.direction} {fact.kind} {fact.label} {bounds}"
    yield Text(" ".join(title.split()), style="bold")
    yield Text(fact.why)
    yield Text(f"formed {moment(fact.formed_at)}, known since {moment(fact.confirmed_at)}")
    table = plain_table("known at", "state", "score", "touches", "filled")
    for each in told:
        now = each.fact
        table.add_row(moment(now.changed_at), now.state, f"{now.score:.2f}", f"{now.touches}", f"{now.fill:.0%}")
    yield table


def _verdict(verdict: Verdict) -> Iterable[RenderableType]:
    intent = verdict.intent
    if intent is None:
        yield Text("Risk refused it:")
        table = plain_table("refusal", "meaning")
        for each in verdict.refusals:
            table.add_row(Text(each), Text(_refusals().get(each, "")))
        yield table
    else:
        rungs = ", ".join(f"{each.price:f}" for each in intent.exits)
        yield Text(
            f"Risk approved it: {intent.side} {intent.quantity:f} at {intent.price:f}, stop {intent.stop:f}, exits {rungs}; "
            f"{intent.risk_amount:.2f} USDT are lost at the stop, {intent.risk_budget:.2f} with costs."
        )
    for note in verdict.notes:
        yield Text(note)
    if verdict.checks:
        yield _checks(verdict.checks)


def _checks(checks: Iterable[Check]) -> Table:
    table = plain_table("", "check", "value", "limit", "unit")
    for each in checks:
        mark = Text("ok", style="green") if each.passed else Text("no", style="bold red")
        table.add_row(
            mark, Text(each.name), *(_compared(number, each.unit) for number in (each.value, each.limit)), Text(each.unit)
        )
    return table


def _orders(orders: Iterable[PlacedOrder], fills: Sequence[Fill]) -> Table:
    table = plain_table("order", "side", "price", "status", "filled", "last change")
    for each in orders:
        order = each.order
        at = order.price if order.price is not None else order.trigger
        own = [fill for fill in fills if fill.client_id == order.client_id]
        paid = sum((fill.quantity * fill.price for fill in own), Decimal(0))
        average = paid / sum((fill.quantity for fill in own), Decimal(0)) if own else order.average_price
        filled = f"{order.filled:f} at {average:.10g}" if order.filled else "-"
        table.add_row(
            Text(f"{each.purpose or each.origin} {order.type}"), order.side, _number(at), order.status, filled,
            moment(order.updated_at).removesuffix(" UTC"),
        )  # fmt: skip
    return table


def _trade(trade: Trade) -> Text:
    if trade.state != "closed":
        return Text(f"The trade is {trade.state}.")
    times = f"{trade.result / trade.risk_amount:+.2f} R" if trade.risk_amount else "no R"
    return Text(
        f"The trade was closed {moment(trade.closed_at)} by {trade.exit_reason}: {trade.quantity.normalize():f} in at "
        f"{trade.entry_price.normalize():f}, out at {trade.exit_price.normalize():f}; {trade.result:+.2f} USDT after "
        f"{trade.fees:.2f} of fees and {trade.funding:+.2f} of funding, {times}."
    )


def _compared(value: Decimal | None, unit: str) -> str:
    return moment(int(value)).removesuffix(" UTC") if unit == "UTC ms" and value is not None else _number(value)


def _number(value: Decimal | None) -> str:
    return "-" if value is None else f"{value.normalize():f}"


@cache
def _refusals() -> dict[str, str]:
    return words(intents, "Refusal")
