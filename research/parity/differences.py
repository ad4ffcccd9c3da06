"""Where a recorded day and its replay differ: one difference a subject, with its fields and the reason (BT-6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeVar

import msgspec

from research.parity.replay import Story
from shared.domain.decisions import Decision, Judgement
from shared.domain.intents import Verdict
from shared.domain.message import Symbol
from shared.domain.orders import Fill, Order

Subject = Literal["decision", "verdict", "order", "fill"]
T = TypeVar("T")

#: Set by clocks and keys, which a replay does not have.
_NOT_OF_INTENTS: Final = frozenset({"decided_at", "valid_until"})
#: Named by the deployment; when the exchange said so.
_NOT_OF_ORDERS: Final = frozenset({"client_id", "updated_at"})
_NOT_OF_FILLS: Final = frozenset({"id", "client_id", "time"})
#: Said of what one of the two does not have.
_ABSENT: Final = "nothing"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. time: of the close, or the order's change, UTC ms. id: of the decision or the order's content.

    why: in words. fields: name → what was recorded and what the replay says; empty when only one of them has it.
    """

    subject: Subject
    time: int
    symbol: Symbol
    id: str
    why: str
    fields: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)


def differences(recorded: Story, replayed: Story, *, exact: bool) -> list[Difference]:
    """Everything that differs, in order of time, the cause before what follows from it.

    exact: the account was simulated, so that sizes, orders and fills have to be equal too; else an exchange made them, and
    of verdicts only approval and refusals are compared.
    """
    found = [*_decisions(recorded, replayed), *_verdicts(recorded, replayed, exact=exact)]
    if exact:
        found += [*_orders(recorded, replayed), *_fills(recorded, replayed)]
    order: list[Subject] = ["decision", "verdict", "order", "fill"]
    return sorted(found, key=lambda each: (each.time, order.index(each.subject), each.symbol, each.id))


def _decisions(recorded: Story, replayed: Story) -> Iterator[Difference]:
    for key, one, other in _pairs(recorded.decisions, replayed.decisions):
        there = one or other
        assert there is not None, "one of the two has it"
        place: dict[str, Any] = {"subject": "decision", "time": there.close_time, "symbol": there.symbol, "id": key}
        if one is None or other is None:
            yield Difference(**place, why=_only(one is not None, f"a decision: {_decided(there)}"))
            continue
        said, again = ({each.strategy: each for each in decision.judgements} for decision in (one, other))
        fields = {
            name: (_judged(said.get(name)), _judged(again.get(name)))
            for name in sorted({*said, *again})
            if said.get(name) != again.get(name)
        }
        if one.chosen != other.chosen:
            fields["chosen"] = (one.chosen or "none", other.chosen or "none")
        if not fields and one.why_not != other.why_not:
            fields["reasons"] = (", ".join(one.why_not), ", ".join(other.why_not))
        if fields:
            yield Difference(**place, why=f"{', '.join(fields)} said something else", fields=fields)


def _verdicts(recorded: Story, replayed: Story, *, exact: bool) -> Iterator[Difference]:
    for key, one, other in _pairs(recorded.verdicts, replayed.verdicts):
        there = one or other
        assert there is not None, "one of the two has it"
        place: dict[str, Any] = {
            "subject": "verdict", "time": there.close_time, "symbol": there.verdict.symbol, "id": key,
        }  # fmt: skip
        if one is None or other is None:
            yield Difference(**place, why=_only(one is not None, f"a verdict: {_answered(there.verdict)}"))
            continue
        fields = _of_verdict(one.verdict, other.verdict, exact=exact)
        if fields:
            yield Difference(**place, why=f"{', '.join(fields)} differ", fields=fields)


def _of_verdict(one: Verdict, other: Verdict, *, exact: bool) -> dict[str, tuple[str, str]]:
    if _answered(one) != _answered(other):
        return {"answer": (_answered(one), _answered(other))}
    if one.intent is None or other.intent is None or not exact:
        return {}
    return _fields(one.intent, other.intent, _NOT_OF_INTENTS)


def _orders(recorded: Story, replayed: Story) -> Iterator[Difference]:
    for key, one, other in _pairs(recorded.orders, replayed.orders):
        there = one or other
        assert there is not None, "one of the two has it"
        place: dict[str, Any] = {
            "subject": "order", "time": there.order.updated_at, "symbol": there.order.symbol, "id": key,
        }  # fmt: skip
        if one is None or other is None:
            yield Difference(**place, why=_only(one is not None, f"an order ({there.purpose}): {_placed(there.order)}"))
            continue
        fields = _fields(one.order, other.order, _NOT_OF_ORDERS)
        if fields:
            yield Difference(**place, why=f"{', '.join(fields)} of the {there.purpose} differ", fields=fields)


def _fills(recorded: Story, replayed: Story) -> Iterator[Difference]:
    for key, one, other in _pairs(recorded.fills, replayed.fills):
        first = (one or other or [])[0]
        place: dict[str, Any] = {"subject": "fill", "time": first.time, "symbol": first.symbol, "id": key}
        fields = {}
        for number, (made, again) in enumerate(_side_by_side(one or [], other or []), 1):
            if made is None or again is None:
                fields[f"fill {number}"] = (_filled(made), _filled(again))
            else:
                differing = _fields(made, again, _NOT_OF_FILLS)
                fields |= {f"fill {number}, {name}": values for name, values in differing.items()}
        if fields:
            yield Difference(
                **place, why=f"{len(one or [])} fills were recorded, {len(other or [])} replayed", fields=fields
            )


def _pairs(one: Mapping[str, T], other: Mapping[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    for key in sorted({*one, *other}):
        yield key, one.get(key), other.get(key)


def _side_by_side(one: list[Fill], other: list[Fill]) -> Iterator[tuple[Fill | None, Fill | None]]:
    for number in range(max(len(one), len(other))):
        yield (one[number] if number < len(one) else None), (other[number] if number < len(other) else None)


def _fields(one: msgspec.Struct, other: msgspec.Struct, left_out: Iterable[str]) -> dict[str, tuple[str, str]]:
    left = frozenset(left_out)
    return {
        name: (_text(getattr(one, name)), _text(getattr(other, name)))
        for name in one.__struct_fields__
        if name not in left and getattr(one, name) != getattr(other, name)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')


def _only(was_recorded: bool, what: str) -> str:
    return f"only recorded, not replayed: {what}" if was_recorded else f"only replayed, not recorded: {what}"


def _judged(said: Judgement | None) -> str:
    if said is None:
        return _ABSENT
    if said.signal is None:
        return ", ".join(said.reasons)
    each = said.signal
    exits = ", ".join(f"{rung.price:g}" for rung in each.exits)
    return f"signal: {each.side} at {each.entry.price:g}, stop {each.stop:g}, exits {exits}, {each.score:g} points"


def _decided(decision: Decision) -> str:
    return f"the signal of {decision.chosen}" if decision.chosen else "no signal"


def _answered(verdict: Verdict) -> str:
    return "approved" if verdict.intent is not None else f"refused: {', '.join(verdict.refusals)}"


def _placed(order: Order) -> str:
    at = order.price if order.price is not None else order.trigger
    return f"{order.side} {order.quantity:f} {order.type}{'' if at is None else f' at {at:f}'}, {order.status}"


def _filled(fill: Fill | None) -> str:
    return _ABSENT if fill is None else f"{fill.side} {fill.quantity:f} at {fill.price:f}"
