"""Tells the story of one id: the decision it belongs to, risk's verdict on it, and what became of the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.journal import read, tables
from services.journal.structs import listed, made, signal_of, verdict_of
from shared.domain.account import Trade
from shared.domain.decisions import Decision, Judgement
from shared.domain.intents import Verdict
from shared.domain.orders import Fill, Order

#: What an id may name. ``intent`` names a trade too: it is the trade that the intent became.
Kind = Literal["decision", "signal", "intent", "order", "fact"]

S = TypeVar("S", bound=msgspec.Struct)


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in its latest state. origin: who made it; purpose: what it does for its position."""

    order: Order
    origin: str
    purpose: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """All that the journal has of one decision.

    kind: what the id named. strategy: of the signal that it named; empty for a decision. verdict: None when risk was not
    asked. orders, fills: of its intent, oldest first. trade: None before there is one.
    """

    kind: Kind
    decision: Decision
    strategy: str = ""
    verdict: Verdict | None = None
    orders: tuple[PlacedOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    trade: Trade | None = None


async def story(connection: AsyncConnection, asked: str) -> Story | None:
    """The story of an id; of a fact's, that of the first signal that rests on it. None when the journal has no such id.

    Raises NotOurs for rows that no journal writes.
    """
    found = await _place(connection, asked)
    if found is None:
        return None
    kind, decision_id, strategy = found
    decision = await _decision(connection, decision_id)
    if decision is None:
        return None
    verdict = await _verdict(connection, decision_id)
    if verdict is None or verdict.intent is None:
        return Story(kind=kind, decision=decision, strategy=strategy, verdict=verdict)
    intent_id = verdict.intent.id
    orders = await _all(connection, tables.orders, tables.orders.c.intent_id == intent_id, tables.orders.c.updated_at)
    fills = await _all(connection, tables.fills, tables.fills.c.intent_id == intent_id, tables.fills.c.time)
    trade = await _one(connection, tables.trades, tables.trades.c.intent_id == intent_id)
    return Story(
        kind=kind,
        decision=decision,
        strategy=strategy,
        verdict=verdict,
        orders=tuple([_placed(row) for row in orders]),
        fills=tuple([made(Fill, row) for row in fills]),
        trade=None if trade is None else made(Trade, trade),
    )


async def _place(connection: AsyncConnection, asked: str) -> tuple[Kind, str, str] | None:
    """What the id is, and the decision and the strategy that it leads to."""
    if await _one(connection, tables.decisions, tables.decisions.c.id == asked):
        return "decision", asked, ""
    signals = tables.signals
    signal = await _one(connection, signals, signals.c.id == asked)
    if signal is not None:
        return "signal", signal["decision_id"], signal["strategy"]
    order = await _one(connection, tables.orders, tables.orders.c.client_id == asked)
    intent_id = order["intent_id"] if order is not None else asked
    intent = await _one(connection, tables.intents, tables.intents.c.id == intent_id)
    if intent is not None:
        about = await _one(connection, signals, signals.c.id == intent["signal_id"])
        return None if about is None else ("intent" if order is None else "order", about["decision_id"], about["strategy"])
    resting = signals.c.rests_on.contains(f'"{asked}"', autoescape=True)
    signal = await _one(connection, signals, resting, signals.c.close_time)
    return None if signal is None else ("fact", signal["decision_id"], signal["strategy"])


async def _decision(connection: AsyncConnection, decision_id: str) -> Decision | None:
    row = await _one(connection, tables.decisions, tables.decisions.c.id == decision_id)
    if row is None:
        return None
    judged = tables.judgements
    signals = {
        each["id"]: signal_of(each)
        for each in await _all(connection, tables.signals, tables.signals.c.decision_id == decision_id)
    }
    judgements = [
        {"strategy": each["strategy"], "signal": signals.get(each["signal_id"]), "reasons": listed(each["reasons"])}
        for each in await _all(connection, judged, judged.c.decision_id == decision_id, judged.c.strategy)
    ]
    said = {reason for each in judgements for reason in each["reasons"]}
    own = [reason for reason in listed(row["reasons"]) if reason not in said]
    found = tuple([made(Judgement, each) for each in judgements])
    return made(Decision, row | {"judgements": found, "reasons": own})


async def _verdict(connection: AsyncConnection, decision_id: str) -> Verdict | None:
    row = await _one(connection, tables.verdicts, tables.verdicts.c.decision_id == decision_id)
    if row is None:
        return None
    intent = await _one(connection, tables.intents, tables.intents.c.id == row["intent_id"])
    return verdict_of(row, intent)


def _placed(row: Mapping[str, Any]) -> PlacedOrder:
    order = made(Order, {**row, "trigger": row["trigger_price"]})
    return PlacedOrder(order=order, origin=row["origin"], purpose=row["purpose"])


async def _one(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool], order: Any = None
) -> dict[str, Any] | None:
    found = await _all(connection, table, condition, order, limit=1)
    return found[0] if found else None


async def _all(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool], order: Any = None, limit: int | None = None
) -> list[dict[str, Any]]:
    query = select(table).where(condition).limit(limit)
    return await read.rows_of(connection, query if order is None else query.order_by(order))
