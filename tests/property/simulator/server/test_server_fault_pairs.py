"""Several faults at once against models: all of them apply, each where it is aimed, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.server.fault_kinds import VOCABULARY, FaultKind
from simulator.server.fault_table import FaultTable
from simulator.server.faults import Fault
from simulator.server.parameters import Parameters
from simulator.server.rest.context import Context
from simulator.server.rest_faults import DECIDING, judge
from simulator.server.standing_faults import StandingFaults
from simulator.server.stream_faults import PRIVATE, market_times, user_delivery
from tests.support.simulator.protocol_server import make_context
from tests.support.simulator.signed_requests import ask, done

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT")
METHODS, PATHS = ("GET", "POST"), ("/fapi/v1/order", "/fapi/v1/openOrders")
EVENTS: Final = ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE")
STREAMS: Final = ("btcusdt@depth", "ethusdt@depth", "btcusdt@kline_1m")


def any_of(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(("*", *values))


# ---- requests ----------------------------------------------------------------------------------------------------------


@st.composite
def request_faults(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from([*DECIDING, "latency"]))
    fields: dict[str, Any] = {
        "method": draw(any_of(METHODS)),
        "path": draw(any_of(PATHS)),
        "symbol": draw(st.sampled_from(SYMBOLS) if kind == "unknown_symbol" else any_of(SYMBOLS)),
        "nth": draw(st.integers(1, 4)),
        "count": draw(st.none() | st.integers(1, 3)),
    }
    if kind == "error_answer":
        fields["code"] = -2019
    if kind == "latency":
        fields["ms"] = draw(st.integers(1, 500))
    return Fault(kind=kind, **fields)


@dataclass
class Modelled:
    """One fault, counted by hand."""

    fault: Fault
    seen: int = 0
    hits: int = 0

    def over(self) -> bool:
        return self.fault.count is not None and self.hits >= self.fault.count

    def may_hit(self, **request: str) -> bool:
        """Count a request that the fault is aimed at; whether it can hit it."""
        if self.over() or any(getattr(self.fault, name) not in ("*", value) for name, value in request.items()):
            return False
        self.seen += 1
        return self.seen >= self.fault.nth


@given(
    faults=st.lists(request_faults(), min_size=2, max_size=4),
    requests=st.lists(st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS), st.sampled_from(("", *SYMBOLS)))),
)
def test_every_request_meets_the_faults_that_are_aimed_at_it_and_no_other(
    faults: list[Fault], requests: list[tuple[str, str, str]]
) -> None:
    """OPS-9: delays add up; of what decides the answer the first by rank does, and the others meet the next request."""
    table, model = FaultTable(1), [Modelled(fault) for fault in faults]
    for fault in faults:
        table.add(fault, 0)
    for method, path, symbol in requests:
        verdict = judge(table, method, path, Parameters({"symbol": symbol} if symbol else {}))
        spared = ("throttled_503",) if method == "DELETE" else ()
        found = [each for each in model if each.may_hit(method=method, path=path, symbol=symbol)]
        late = [each for each in found if each.fault.kind == "latency"]
        deciding = [each for each in found if each.fault.kind != "latency" and each.fault.kind not in spared]
        deciding.sort(key=lambda each: DECIDING.index(each.fault.kind))
        for each in (*late, *deciding[:1]):
            each.hits += 1
        assert verdict.delay_ms == sum(each.fault.ms for each in late)
        changed = not verdict.executed or verdict.reply is not None or verdict.silent or verdict.cut
        assert changed == bool(deciding)
        if deciding:
            kind = deciding[0].fault.kind
            assert verdict.cut == (kind == "rest_outage")
            assert verdict.silent == (kind in ("timeout_before_accept", "timeout_after_accept"))
    hits = {each.id: each.hits for each in (*table.set.values(), *table.over)}
    assert [hits[number] for number in sorted(hits)] == [each.hits for each in model]


# ---- messages ----------------------------------------------------------------------------------------------------------


@st.composite
def message_faults(draw: st.DrawFn) -> Fault:
    kind = draw(
        st.sampled_from(
            ("lost_user_events", "duplicate_user_events", "late_user_events", "silent_streams", "lost_market_events",
             "duplicate_market_events")
        )
    )  # fmt: skip
    streams = EVENTS if "user" in kind else (*STREAMS, PRIVATE)
    fields: dict[str, Any] = {"stream": draw(any_of(streams)), "nth": draw(st.integers(1, 3))}
    fields["count"] = draw(st.none() | st.integers(1, 2))
    if "symbol" in VOCABULARY[kind].fields:
        fields["symbol"] = draw(any_of(SYMBOLS))
    if kind == "late_user_events":
        fields["ms"] = draw(st.integers(1, 100))
    return Fault(kind=kind, **fields)


def event_of(kind: str, symbol: str) -> dict[str, Any]:
    if kind == "ACCOUNT_UPDATE":
        return {"e": kind, "a": {"B": [], "P": [{"s": symbol}]}}
    return {"e": kind, "o": {"s": symbol}}


@given(
    faults=st.lists(message_faults(), min_size=2, max_size=4),
    messages=st.lists(
        st.tuples(st.sampled_from(EVENTS), st.sampled_from(SYMBOLS)) | st.tuples(st.sampled_from(STREAMS), st.just("")),
        min_size=8,
    ),
)
@settings(max_examples=200, deadline=None)
def test_every_message_meets_the_faults_that_are_aimed_at_it_and_no_other(
    faults: list[Fault], messages: list[tuple[str, str]]
) -> None:
    """OPS-9: lost by one, else late and doubled by all of the others."""
    table, model = FaultTable(1), [Modelled(fault) for fault in faults]
    for fault in faults:
        table.add(fault, 0)
    for name, symbol in messages:
        met = []
        for each in model:
            kind = each.fault.kind
            if kind == "silent_streams":
                hit = each.may_hit(stream=PRIVATE if symbol else name)
            elif symbol:
                hit = "user" in kind and each.may_hit(stream=name, symbol=symbol)
            else:
                hit = "market" in kind and each.may_hit(stream=name)
            met += [each] if hit else []
        lost = [each for each in met if each.fault.kind == "silent_streams"] if symbol else []
        lost += [each for each in met if each.fault.kind.startswith(("lost", "silent")) and each not in lost]
        applied = lost[:1] or met
        for each in applied:
            each.hits += 1
        doubled = not lost and any(each.fault.kind.startswith("duplicate") for each in met)
        times = 0 if lost else 2 if doubled else 1
        if symbol:
            delivery = user_delivery(table, event_of(name, symbol))
            late = sum(each.fault.ms for each in applied if each.fault.kind == "late_user_events")
            assert (delivery.times, delivery.delay_ms) == (times, late)
        else:
            assert market_times(table, name) == times
    hits = {each.id: each.hits for each in (*table.set.values(), *table.over)}
    assert [hits[number] for number in sorted(hits)] == [each.hits for each in model]


# ---- the exchange ------------------------------------------------------------------------------------------------------

#: Kinds of which the exchange as a whole can be asked what is in force, with the fields that are set here.
LASTING: Final[dict[FaultKind, dict[str, Any]]] = {
    "filters": {"tick_size": Decimal(5)},
    "settling": {},
    "agreement_needed": {},
    "odd_listing": {"row": {"contractType": "TRADIFI_PERPETUAL"}},
    "funding_interval": {"hours": 1},
    "hidden_stop": {},
    "unknown_status": {"status": "STRANGE"},
    "repeated_income": {},
    "late_income": {"ms": 1_000},
    "stale_reads": {"reads": "account", "ms": 1_000},
    "clock_skew": {"ms": 250},
    "multi_assets": {},
    "bnfcr": {},
}
_QUANTITY: Final = {"BTCUSDT": "0.010", "ETHUSDT": "0.100"}


@dataclass
class Exchange:
    """An account with a position, an order, a stop and income in both symbols, and the faults in force."""

    context: Context = field(default_factory=make_context)

    def __post_init__(self) -> None:
        self.standing = StandingFaults(self.context)
        self.held: dict[str, Decimal] = {}
        for symbol in SYMBOLS:
            self.market(symbol)
            price = int(float(done(self.context, "GET", "/v1/ticker/price", symbol=symbol)["price"]) * 0.9) // 5 * 5
            done(
                self.context, "POST", "/v1/order", symbol=symbol, side="BUY", type="LIMIT", timeInForce="GTC", price=price,
                quantity=_QUANTITY[symbol], newClientOrderId=symbol,
            )  # fmt: skip
            done(
                self.context, "POST", "/v1/algoOrder", algoType="CONDITIONAL", symbol=symbol, side="SELL",
                type="STOP_MARKET", triggerPrice=price, closePosition="true", clientAlgoId=symbol,
            )  # fmt: skip
            self.held[symbol] = self.position(symbol)
        self.began = self.context.session.time

    def set(self, fault: Fault) -> int:
        made = self.context.faults.add(fault, self.context.session.time)
        self.standing.apply()
        return made.id

    def lift(self, number: int) -> None:
        self.context.faults.lift(number)
        self.standing.apply()

    def market(self, symbol: str, side: str = "BUY") -> int:
        """The code of a market order; 0 = filled."""
        reply = ask(
            self.context, "POST", "/v1/order", symbol=symbol, side=side, type="MARKET", quantity=_QUANTITY[symbol],
            reduceOnly=str(side == "SELL").lower(),
        )  # fmt: skip
        return 0 if reply.status == 200 else int(reply.body["code"])

    def position(self, symbol: str) -> Decimal:
        return Decimal(done(self.context, "GET", "/v2/positionRisk", symbol=symbol)[0]["positionAmt"])

    def seen(self, symbol: str) -> dict[str, object]:
        """Everything that the faults of ``LASTING`` can change for a symbol, as a client is told it."""
        info = {row["symbol"]: row for row in done(self.context, "GET", "/v1/exchangeInfo")["symbols"]}[symbol]
        tick = next(each["tickSize"] for each in info["filters"] if each["filterType"] == "PRICE_FILTER")
        intervals = {row["symbol"]: row["fundingIntervalHours"] for row in done(self.context, "GET", "/v1/fundingInfo")}
        rows = done(self.context, "GET", "/v1/income", symbol=symbol)
        return {
            "tick": Decimal(tick) == 5,
            "status": info["status"],
            "contract": info["contractType"],
            "interval": intervals.get(symbol),
            "stop": ask(self.context, "GET", "/v1/algoOrder", clientAlgoId=symbol).status,
            "order": done(self.context, "GET", "/v1/order", symbol=symbol, origClientOrderId=symbol)["status"],
            "income": len(rows),
            "held": self.position(symbol),
            "time": done(self.context, "GET", "/v1/time")["serverTime"] - self.began,
            "multi": done(self.context, "GET", "/v1/multiAssetsMargin")["multiAssetsMargin"],
            "assets": [row["asset"] for row in done(self.context, "GET", "/v3/balance")],
        }


@st.composite
def lasting_faults(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from(sorted(LASTING)))
    aim = {"symbol": draw(st.sampled_from(SYMBOLS))} if "symbol" in VOCABULARY[kind].fields else {}
    return Fault(kind=kind, **aim, **LASTING[kind])


def expected(faults: list[Fault], symbol: str, *, before: Decimal, now: Decimal, rows: int) -> dict[str, object]:
    """What a client is told of the symbol while exactly these faults are in force."""
    kinds = [fault.kind for fault in faults if fault.symbol in ("*", symbol)]
    shown = 0 if "late_income" in kinds else rows * 2 ** kinds.count("repeated_income")
    return {
        "tick": "filters" in kinds,
        "contract": "TRADIFI_PERPETUAL" if "odd_listing" in kinds else "PERPETUAL",
        "status": "SETTLING" if "settling" in kinds else "TRADING",
        "interval": 1 if "funding_interval" in kinds else None,
        "stop": 400 if "hidden_stop" in kinds else 200,
        "order": "STRANGE" if "unknown_status" in kinds else "NEW",
        "income": shown,
        "held": before if "stale_reads" in kinds else now,
        "time": 250 * kinds.count("clock_skew"),
        "multi": "multi_assets" in kinds or "bnfcr" in kinds,
        "assets": ["USDT", "BNFCR"] if "bnfcr" in kinds else ["USDT"],
    }


@given(faults=st.lists(lasting_faults(), min_size=2, max_size=3), lifted=st.data())
@settings(max_examples=60, deadline=None)
def test_the_exchange_is_as_all_the_faults_in_force_have_it(faults: list[Fault], lifted: st.DataObject) -> None:
    """OPS-9: pairs on one symbol and on two; each ends alone, in any order, and leaves nothing behind."""
    exchange = Exchange()
    numbers = [exchange.set(fault) for fault in faults]
    refusing = {"settling": -4140, "agreement_needed": -4411}
    now, rows = dict(exchange.held), dict.fromkeys(SYMBOLS, 1)
    for symbol in SYMBOLS:
        codes = [refusing[fault.kind] for fault in faults if fault.symbol == symbol and fault.kind in refusing]
        code = exchange.market(symbol)
        assert code == (codes[0] if codes else 0)
        if code == 0:
            now[symbol] += Decimal(_QUANTITY[symbol])
            rows[symbol] += 1
    force = dict(zip(numbers, faults, strict=True))
    while True:
        for symbol in SYMBOLS:
            told = expected(list(force.values()), symbol, before=exchange.held[symbol], now=now[symbol], rows=rows[symbol])
            assert exchange.seen(symbol) == told
        if not force:
            break
        gone = lifted.draw(st.sampled_from(sorted(force)))
        del force[gone]
        exchange.lift(gone)
