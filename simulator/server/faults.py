"""A fault as it is asked for, by an admin call or a line of a scenario, and the sentences that refuse a wrong one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from shared.domain.order_words import Side
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import rule_of
from simulator.core.model.enums import IncomeType
from simulator.server.fault_kinds import VOCABULARY, FaultKind
from simulator.server.subscription import Path

_KIND: Final = "kind"
#: Smallest tick and step, the exchange's eighth decimal.
_SMALLEST: Final = Decimal("0.00000001")
#: Aims that are compared with a few known words; a glob that meets none of them would never hit.
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "method": ("GET", "POST", "PUT", "DELETE"),
    "route": tuple(word for words in get_args(Path) for word in get_args(words) or (words,)),
    "income_type": get_args(IncomeType),
}
_GLOB: Final = frozenset("*?[")


class BadFault(Exception):
    """Raised for a fault that cannot be set; the text says why. Nothing has changed then."""


class Fault(BaseModel):
    """A request to set a fault. ``method``, ``path``, ``symbol``, ``client_id``, ``stream`` and ``route`` are shell globs.

    ``stream`` is compared with stream names; for user events with the event type (``ORDER_TRADE_UPDATE``); connections on
    the private path are named ``private``. Only the fields of its kind may be given (``FaultEntry.fields``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind = Field(description="kind of fault; GET /sim/vocabulary lists them")
    method: str = Field("*", description="HTTP method of the request")
    path: str = Field("*", description="path of the request, as /fapi/v1/order*")
    symbol: str = Field("*", description="symbol that the request or user event names; some kinds need exactly one")
    client_id: str = Field("*", description="client id of the order")
    stream: str = Field("*", description="name of the stream, or type of the user event")
    route: str = Field("*", description="routed path of a socket: public, market, private or unrouted")
    nth: int = Field(1, ge=1, description="the first matching request or message that can be hit, counted from 1")
    count: int | None = Field(None, ge=1, description="the fault ends after this many hits; null = no such end")
    share: float = Field(1.0, gt=0.0, le=1.0, description="probability that a matching request or message is hit, 0 to 1")
    lasts_ms: int | None = Field(
        None, ge=1, description="the fault ends after this time on the market's clock, ms; null = no such end"
    )
    ms: int = Field(
        100, ge=-86_400_000, le=86_400_000, description="delay (ms of the real clock), lag or skew (ms of the market's)"
    )
    jitter_ms: int = Field(0, ge=0, le=600_000, description="latency: largest random addition to the delay, ms")
    percent: float = Field(
        5.0,
        gt=-99.0,
        le=1_000.0,
        description="percent: how far the price jumps, how far from it the user's limit or stop is, share of the leg closed",
    )
    executed: bool | None = Field(
        None,
        description="whether the request is carried out although the answer is an error; null = unless the code says that "
        "nothing happened",
    )
    retry_after_s: int = Field(1, ge=0, le=259_200, description="429, 418: the header Retry-After, seconds")
    tick_size: Decimal | None = Field(None, ge=_SMALLEST, le=1_000_000, description="filters: new tick of prices, USDT")
    step_size: Decimal | None = Field(
        None, ge=_SMALLEST, le=1_000_000, description="filters: new step of quantities, base currency"
    )
    min_notional: Decimal | None = Field(None, ge=0, le=10**9, description="filters: new smallest notional, USDT")
    row: dict[str, Any] = Field(
        default_factory=dict,
        max_length=40,
        description='odd_listing: fields of the symbol\'s row in exchangeInfo, as {"status": "BREAK", "filters": null}',
    )
    hours: Literal[1, 2, 4, 8] = Field(4, description="funding_interval: hours between two settlements")
    action: Literal["order", "stop", "close", "cut", "addition", "cancel"] = Field(
        "close",
        description="app_order: a resting limit, a closePosition stop, the whole leg at market, a part of it, more of it, "
        "or all orders of the symbol cancelled",
    )
    side: Side = Field("BUY", description="app_order: side of a resting limit")
    quantity: Decimal | None = Field(
        None,
        gt=0,
        le=10**12,
        description="app_order: base currency; null = the smallest allowed, and half the leg for a cut",
    )
    reads: Literal["all", "orders", "trades", "account", "income"] = Field("all", description="stale_reads: which of them")
    income_type: str = Field("*", description="late_income, repeated_income: type of the row, as FUNDING_FEE")
    listed: bool = Field(True, description="hidden_stop: whether openAlgoOrders still lists it")
    status: str = Field("PENDING_NEW", min_length=1, description="unknown_status: the word told as the order's status")
    code: int = Field(int(ErrorCode.UNKNOWN), gt=-10_000, lt=-999, description="error_answer: the error code, as -4130")

    @property
    def carried_out(self) -> bool:
        """Whether a request that gets an error for its answer is carried out, if nothing was said about it.

        After most codes the exchange has certainly done nothing; with them it would never show anything else.
        """
        if self.executed is not None:
            return self.executed
        return self.kind != "error_answer" or rule_of(400, self.code, "", of_order=True).action == "query"

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, data: Any) -> Any:
        """Refuse a kind that does not exist, a field that is not the kind's, and a required field that is missing."""
        if isinstance(data, Fault):
            return data
        if not isinstance(data, Mapping):
            text = 'a fault is an object with a kind, like {"kind": "latency", "ms": 500}'
            raise ValueError(text)  # noqa: TRY004  # pydantic reports a ValueError with its place, a TypeError is raised through
        kind = data.get(_KIND)
        entry = VOCABULARY.get(kind) if isinstance(kind, str) else None  # type: ignore[call-overload]  # any text is asked for
        if entry is None:
            raise ValueError(f"there is no kind of fault {kind!r}{_like(kind, VOCABULARY)}; GET /sim/vocabulary lists them")
        known = set(cls.model_fields)
        for name in data:
            if name == _KIND or name in entry.fields:
                continue
            allowed = ", ".join(entry.fields) or "no other field"
            wrong = f"does not use {name!r}" if name in known else f"has no parameter {name!r}{_like(name, entry.fields)}"
            raise ValueError(f"{kind} {wrong}; it takes {allowed}")
        for name in entry.required:
            if data.get(name) in (None, "", "*"):
                raise ValueError(f"{kind} needs {name!r}{': one that is traded here' if name == 'symbol' else ''}")
        if kind == "filters" and not {"tick_size", "step_size", "min_notional"} & set(data):
            raise ValueError("filters needs one of tick_size, step_size and min_notional")
        return data

    @field_validator("method", "route", "income_type")
    @classmethod
    def _meets_a_word(cls, pattern: str, info: ValidationInfo) -> str:
        words = _WORDS[str(info.field_name)]
        if not any(fnmatchcase(word, pattern) for word in words):
            raise ValueError(f"it meets none of {', '.join(words)}{_like(pattern, words)}")
        return pattern

    @field_validator("path")
    @classmethod
    def _begins_as_paths_do(cls, pattern: str) -> str:
        if not pattern.startswith(("/", *_GLOB)):
            raise ValueError(f"a path begins with /, did you mean {'/' + pattern!r}?")
        return pattern

    @field_validator("symbol")
    @classmethod
    def _upper_case_as_symbols_are(cls, pattern: str) -> str:
        if pattern != pattern.upper():
            raise ValueError(f"symbols are upper-case, did you mean {pattern.upper()!r}?")
        return pattern

    @field_validator("stream")
    @classmethod
    def _lower_case_as_streams_are(cls, pattern: str) -> str:
        symbol, at, rest = pattern.partition("@")
        if at and symbol != symbol.lower() and not symbol.startswith(("!", *_GLOB)):
            raise ValueError(f"the symbol of a stream is lower-case, did you mean {symbol.lower() + at + rest!r}?")
        return pattern


def why_refused(error: ValidationError, data: object) -> str:
    """Return what is wrong with the faults in ``data`` (parsed JSON or YAML): place, kind, parameter, what is allowed."""
    return "; ".join(_sentence(each, data) for each in error.errors(include_url=False))


def _sentence(wrong: ErrorDetails, data: object) -> str:
    """Return one sentence; the place of a parameter is the path to its fault, and the fault's kind stands before it."""
    text = wrong["msg"].removeprefix("Value error, ")
    place = [str(each) for each in wrong["loc"]]
    found: Any = data
    for part in wrong["loc"][:-1]:
        if isinstance(found, list) and isinstance(part, int):
            found = found[part]
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    kind = found.get(_KIND) if isinstance(found, Mapping) else None
    if isinstance(kind, str) and kind in VOCABULARY and place:
        name = place.pop()
        meaning = Fault.model_fields[name].description if name in Fault.model_fields else None
        text = f"{kind}: {name} = {wrong['input']!r} is not allowed: {text[:1].lower()}{text[1:]}"
        text += f" ({meaning})" if meaning else ""
    return ": ".join(filter(None, (".".join(place), text)))


def _like(word: object, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), 1) if isinstance(word, str) else []
    return f", did you mean {close[0]!r}?" if close else ""
