"""Made-up messages of every type that may travel: hypothesis strategies read from the structs' own definitions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
import msgspec.inspect as inspect
from hypothesis import strategies as st

from shared.domain.candles import Candle
from shared.domain.decisions import Decision, Exit, Judgement, LimitEntry, Signal
from shared.domain.facts import Fact
from shared.domain.intents import ExitRung, OrderIntent
from shared.domain.message import Message

Fields = dict[str, Any]


def _sorted(fields: Fields, *names: str) -> Fields:
    """The fields with the values of ``names`` in rising order."""
    return {**fields, **dict(zip(names, sorted(fields[name] for name in names), strict=True))}


def _candle(fields: Fields) -> Fields:
    """Prices in order; takers bought no more than was traded, and the funding is one of before the close."""
    flow, funding = fields["flow"], fields["funding"]
    if flow is not None and flow.taker_bought is not None:
        flow = msgspec.structs.replace(flow, taker_bought=min(flow.taker_bought, fields["volume"]))
    if funding is not None:
        funding = msgspec.structs.replace(funding, time=min(funding.time, fields["open_time"]))
    return {**_sorted(fields, "low", "open", "close", "high"), "flow": flow, "funding": funding}


def _signal(fields: Fields) -> Fields:
    sign, count = (1.0 if fields["side"] == "BUY" else -1.0), len(fields["exits"])
    exits = tuple(Exit(price=100.0 + sign * (number + 1), share=1.0 / count) for number in range(count))
    entry = msgspec.structs.replace(fields["entry"], price=100.0)
    if isinstance(entry, LimitEntry) and entry.void_at is not None:
        entry = msgspec.structs.replace(entry, void_at=100.0 + sign)
    return {
        **fields,
        "stop": 100.0 - sign * 0.5,
        "entry": entry,
        "exits": exits,
    }


def _intent(fields: Fields) -> Fields:
    sign, count = (1 if fields["side"] == "BUY" else -1), len(fields["exits"]) or 1
    exits = tuple(ExitRung(price=Decimal(100 + sign * (n + 1)), share=Decimal(1) / 8) for n in range(count))
    return {
        **fields,
        "quantity": abs(fields["quantity"]) + 1,
        "price": Decimal(100),
        "stop": Decimal(100) - sign * Decimal("0.5"),
        "exits": exits,
        "void_at": Decimal(100 + sign) if fields["kind"] == "limit" and fields["void_at"] > 0 else Decimal(0),
    }


def _judgement(fields: Fields) -> Fields:
    if fields["signal"] is None:
        return {**fields, "reasons": fields["reasons"] or ("no_fvg",)}
    return {**fields, "strategy": fields["signal"].strategy, "reasons": ()}


def _decision(fields: Fields) -> Fields:
    judgements = tuple({each.strategy: each for each in fields["judgements"]}.values())
    signalled = [each.strategy for each in judgements if each.signal is not None and each.strategy]
    chosen = signalled[0] if signalled else ""
    return {**fields, "judgements": judgements, "chosen": chosen, "reasons": () if chosen else ("not_this_timeframe",)}


#: What the fields of a struct owe to each other, which their types do not say.
COHERENT: Final[dict[type, Callable[[Fields], Fields]]] = {
    Candle: _candle,
    Signal: _signal,
    Judgement: _judgement,
    Decision: _decision,
    Fact: lambda fields: _sorted(_sorted(fields, "bottom", "top"), "formed_at", "confirmed_at", "changed_at"),
    OrderIntent: _intent,
}


def samples(kind: type[Message]) -> st.SearchStrategy[Any]:
    """Valid messages of one type, with small collections."""
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            coherent = COHERENT.get(cls, dict)
            parts = st.fixed_dictionaries({field.name: _of(field.type) for field in fields})
            return parts.map(lambda given: cls(**coherent(given)))
        case inspect.UnionType(types=types):
            return st.one_of(*(_of(each) for each in types))
        case inspect.CollectionType(item_type=item):
            return st.lists(_of(item), max_size=min(info.max_length or 3, 3), min_size=info.min_length or 0).map(
                _collection(info)
            )
        case inspect.TupleType(item_types=items):
            return st.tuples(*(_of(each) for each in items))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=3)
        case _:
            return _scalar(info)


def _collection(info: inspect.CollectionType) -> type:
    return {inspect.ListType: list, inspect.VarTupleType: tuple, inspect.FrozenSetType: frozenset}[type(info)]


def _scalar(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StrType(pattern=None):
            longest = 40 if info.max_length is None else min(info.max_length, 40)
            return st.text(st.characters(exclude_categories=["Cs"]), min_size=info.min_length or 0, max_size=longest)
        case inspect.StrType(pattern=pattern):
            return st.from_regex(pattern, fullmatch=True)
        case inspect.IntType():
            low = info.ge if info.ge is not None else (-(2**63) if info.gt is None else info.gt + 1)
            high = info.le if info.le is not None else (2**63 - 1 if info.lt is None else info.lt - 1)
            return st.integers(low, high)
        case inspect.FloatType():
            low, high = (info.gt if info.ge is None else info.ge), (info.lt if info.le is None else info.le)
            return st.floats(
                low, high, exclude_min=info.gt is not None, exclude_max=info.lt is not None,
                allow_nan=False, allow_infinity=False,
            )  # fmt: skip
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DecimalType():
            return st.decimals(-(10**12), 10**12, allow_nan=False, places=8)
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.BytesType():
            return st.binary(max_size=40)
    raise NotImplementedError(f"no samples of {info}: add the type here")
