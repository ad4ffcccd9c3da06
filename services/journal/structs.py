"""Rows of the journal to the structs that they were written from. Each raises NotOurs for a row that no journal writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from services.journal.tables import NotOurs
from shared.domain.decisions import LimitEntry, MarketEntry, Signal
from shared.domain.intents import OrderIntent, Verdict

S = TypeVar("S", bound=msgspec.Struct)


def verdict_of(row: Mapping[str, Any], intent: Mapping[str, Any] | None) -> Verdict:
    """The verdict of a row of ``verdicts``; ``intent``: the row of the intent that it names, None without one."""
    approved = None if intent is None else made(OrderIntent, {**intent, "exits": json_of(intent["exits"])})
    parts = {"refusals": listed(row["refusals"]), "notes": json_of(row["notes"]), "checks": json_of(row["checks"])}
    return made(Verdict, {**row, **parts, "intent": approved})


def signal_of(row: Mapping[str, Any]) -> Signal:
    """The signal of a row of ``signals``."""
    price = row["price"]
    limit = row["kind"] == "limit"
    rests = {"rests_until": row["rests_until"], "void_at": row["void_at"]}
    entry = LimitEntry(price=price, **rests) if limit else MarketEntry(price=price)
    return made(Signal, {**row, "entry": entry, "exits": json_of(row["exits"]), "rests_on": json_of(row["rests_on"])})


def listed(text: str) -> list[str]:
    """The words of a column that keeps several, comma-separated."""
    return [word for word in text.split(",") if word]


def json_of(text: str) -> Any:
    """The value of a column that keeps JSON. Raises NotOurs for text that is none."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise NotOurs(f"{text!r:.60} is no list of ours: {error}; this is no journal of ours, or it was edited") from None


def made(kind: type[S], row: Mapping[str, Any]) -> S:
    """Raises NotOurs for a row that no journal writes."""
    try:
        return msgspec.convert({name: row[name] for name in kind.__struct_fields__ if name in row}, kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise NotOurs(f"a row of {kind.__name__}: {error}; this is no journal of ours, or it was edited") from None
