"""The kinds of faults that can be set: what each acts on, what a client sees, which fields it uses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FaultKind = Literal[
    "latency",
    "timeout_after_accept",
    "timeout_before_accept",
    "unknown_503",
    "unavailable_503",
    "internal_503",
    "throttled_503",
    "backend_timeout_408",
    "rate_limited_429",
    "banned_418",
    "rest_outage",
    "unknown_symbol",
    "error_answer",
    "disconnect",
    "refuse_streams",
    "silent_streams",
    "silent_route",
    "lost_market_events",
    "duplicate_market_events",
    "duplicate_user_events",
    "reorder_user_events",
    "late_user_events",
    "lost_user_events",
    "expire_listen_key",
    "listen_key_refused",
    "clock_skew",
    "price_spike",
    "stale_reads",
    "late_income",
    "repeated_income",
    "hidden_stop",
    "expire_in_match",
    "unknown_status",
    "multi_assets",
    "bnfcr",
    "filters",
    "settling",
    "delisted",
    "agreement_needed",
    "odd_listing",
    "funding_interval",
    "margin_call",
    "adl",
    "app_order",
]
Where = Literal[
    "rest", "sockets", "market events", "user events", "keys", "time", "price", "reads", "orders", "account", "instruments"
]
#: hits: each matching request or message in turn, as nth, count and share say. lasting: from the moment it is set until
#: it ends. once: at the moment it is set, which is also its end.
Acts = Literal["hits", "lasting", "once"]

#: Fields of every kind that hits requests or messages; the first of them is also a field of every lasting kind.
TIME: Final = ("lasts_ms",)
HITS: Final = (*TIME, "nth", "count", "share")
_REQUEST: Final = ("method", "path", "symbol")


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """Describes one kind of fault.

    where: what it acts on. effect: what a client sees. parameters: fields of ``Fault`` that it uses beside those of
    ``acts``. required: those among them that must be given.
    """

    where: Where
    effect: str
    parameters: tuple[str, ...] = ()
    acts: Acts = "hits"
    required: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Return every field that may be given for this kind."""
        return (*self.parameters, *({"hits": HITS, "lasting": TIME, "once": ()}[self.acts]))


#: Every kind of fault.
VOCABULARY: Final[dict[FaultKind, FaultEntry]] = {
    "latency": FaultEntry("rest", "request and answer are each delayed by half of `ms`", (*_REQUEST, "ms", "jitter_ms")),
    "timeout_after_accept": FaultEntry("rest", "the request is carried out, no answer is sent", _REQUEST),
    "timeout_before_accept": FaultEntry("rest", "the request is not carried out, no answer is sent", _REQUEST),
    "unknown_503": FaultEntry(
        "rest", "503 (a) Unknown error: carried out if `executed`; the answer is the same", (*_REQUEST, "executed")
    ),
    "unavailable_503": FaultEntry("rest", "503 (b) Service Unavailable: not carried out", _REQUEST),
    "internal_503": FaultEntry("rest", "503 (c) Internal error; unable to process: not carried out", _REQUEST),
    "throttled_503": FaultEntry(
        "rest", "503 (d) -1008: not carried out; cancels, reduce-only and close orders pass", _REQUEST
    ),
    "backend_timeout_408": FaultEntry("rest", "408 with -1007: carried out if `executed`", (*_REQUEST, "executed")),
    "rate_limited_429": FaultEntry("rest", "429 with -1003 and Retry-After: not carried out", (*_REQUEST, "retry_after_s")),
    "banned_418": FaultEntry("rest", "418 with -1003 and Retry-After: not carried out", (*_REQUEST, "retry_after_s")),
    "rest_outage": FaultEntry("rest", "the connection is cut without an answer: not carried out", _REQUEST),
    "unknown_symbol": FaultEntry(
        "rest", "400 with -1121 for requests that name the symbol: not carried out", _REQUEST, required=("symbol",)
    ),
    "error_answer": FaultEntry(
        "rest",
        "400 with the error `code`: carried out if `executed`, or if the code leaves open what happened",
        (*_REQUEST, "code", "executed"),
        required=("code",),
    ),
    "disconnect": FaultEntry("sockets", "the sockets of these streams are cut, once", ("stream",), "once"),
    "refuse_streams": FaultEntry("sockets", "new sockets for these streams are refused with 503", ("stream",)),
    "silent_streams": FaultEntry(
        "market events", "the sockets stay open, messages of these streams are not sent", ("stream",)
    ),
    "silent_route": FaultEntry(
        "sockets", "sockets on this route open and acknowledge commands, but no message is sent on them", ("route",)
    ),
    "lost_market_events": FaultEntry("market events", "messages of these streams are lost", ("stream",)),
    "duplicate_market_events": FaultEntry("market events", "messages of these streams are sent twice", ("stream",)),
    "duplicate_user_events": FaultEntry("user events", "events are sent twice", ("stream", "symbol")),
    "reorder_user_events": FaultEntry(
        "user events", "every second event is sent `ms` late, after its successor", ("stream", "symbol", "ms")
    ),
    "late_user_events": FaultEntry("user events", "events are sent `ms` late", ("stream", "symbol", "ms")),
    "lost_user_events": FaultEntry("user events", "events are lost", ("stream", "symbol")),
    "expire_listen_key": FaultEntry(
        "keys", "every listen key expires now: listenKeyExpired is sent, then nothing", (), "once"
    ),
    "listen_key_refused": FaultEntry(
        "keys",
        "PUT listenKey answers -1125: the key is gone, its sockets stay open and silent, POST gives a new one",
    ),
    "clock_skew": FaultEntry(
        "time", "the server's time is `ms` off: /time, and the window of timestamps", ("ms",), "lasting"
    ),
    "price_spike": FaultEntry(
        "price", "the price jumps by `percent`, and back when the fault ends", ("symbol", "percent"), "lasting", ("symbol",)
    ),
    "stale_reads": FaultEntry(
        "reads", "reads show the state of `ms` ago, of changes since the fault was set", (*_REQUEST, "reads", "ms")
    ),
    "late_income": FaultEntry(
        "reads", "income rows are shown `ms` after their time, with that time", ("symbol", "income_type", "ms")
    ),
    "repeated_income": FaultEntry(
        "reads", "income rows are shown twice, with the same transaction id", ("symbol", "income_type")
    ),
    "hidden_stop": FaultEntry(
        "orders",
        "a conditional order that stands answers -2013 to query and cancel; it still triggers",
        (*_REQUEST, "client_id", "listed"),
    ),
    "expire_in_match": FaultEntry(
        "orders", "a new plain order is accepted and at once EXPIRED_IN_MATCH, with nothing filled", (*_REQUEST, "client_id")
    ),
    "unknown_status": FaultEntry(
        "orders",
        "answers and events tell `status` as the status of the order, which itself is as it was",
        (*_REQUEST, "stream", "client_id", "status"),
    ),
    "multi_assets": FaultEntry(
        "account",
        "multiAssetsMargin is true, isolated margin is refused (-4168); POST multiAssetsMargin=false ends it",
        (),
        "lasting",
    ),
    "bnfcr": FaultEntry(
        "account",
        "credits trading mode: balances, profits, fees and funding are told in BNFCR, the USDT rows are zero; multi-assets "
        "mode, which cannot be left",
        (),
        "lasting",
    ),
    "filters": FaultEntry(
        "instruments",
        "exchangeInfo tells other filters and orders are judged by them (-4014, -4023, -4164); orders that stand stay",
        ("symbol", "tick_size", "step_size", "min_notional"),
        "lasting",
        ("symbol",),
    ),
    "settling": FaultEntry(
        "instruments",
        "exchangeInfo tells SETTLING, orders that can open a position are refused (-4140); what only reduces is taken",
        ("symbol",),
        "lasting",
        ("symbol",),
    ),
    "delisted": FaultEntry(
        "instruments",
        "orders expire, positions are settled at the mark price (settlement_autoclose-), the symbol leaves exchangeInfo and "
        "lists, requests for it answer -1121, its streams are silent; listed again when the fault ends",
        ("symbol",),
        "lasting",
        ("symbol",),
    ),
    "agreement_needed": FaultEntry(
        "instruments",
        "orders that can open a position are refused with -4411 until the fault ends, as by the signature",
        ("symbol",),
        "lasting",
        ("symbol",),
    ),
    "odd_listing": FaultEntry(
        "instruments",
        "exchangeInfo tells the fields of `row` instead of the symbol's own; a field of null is left out; orders are judged "
        "as before",
        ("symbol", "row"),
        "lasting",
        ("symbol", "row"),
    ),
    "funding_interval": FaultEntry(
        "instruments",
        "fundingInfo tells `hours`, premiumIndex and the mark-price stream the next time, and funding is settled then",
        ("symbol", "hours"),
        "lasting",
        ("symbol",),
    ),
    "margin_call": FaultEntry("account", "MARGIN_CALL names the open positions, whatever their margin", ("symbol",), "once"),
    "adl": FaultEntry(
        "account",
        "`percent` of the position is closed at the mark price by an order of the exchange (adl_autoclose), without a fee",
        ("symbol", "percent"),
        "once",
        ("symbol",),
    ),
    "app_order": FaultEntry(
        "account",
        "the user does `action` in the app: orders of foreign client ids (web_) beside the client's own",
        ("symbol", "action", "side", "quantity", "percent"),
        "once",
        ("symbol", "action"),
    ),
}
