"""What the exchange lists: odd symbols stand alone, changes lead from one list to the next, closures cover their hours."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instruments import Instrument
from shared.domain.listing import closed
from shared.exchange import listing
from shared.exchange.binance.wire.exchange_info import Info, Schedule
from shared.exchange.binance.wire.rest import decode
from shared.exchange.model.market_data import ExchangeInfo, Session, TradingSchedule

HOUR = 3_600_000
NOW = 1_790_000_000_000


def row(symbol: str, **changes: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.10", "minPrice": "1", "maxPrice": "900000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ]
    plain = {
        "symbol": symbol, "status": "TRADING", "contractType": "PERPETUAL", "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT", "deliveryDate": 4_133_404_800_000, "underlyingType": "COIN", "filters": filters,
    }  # fmt: skip
    return {**plain, **changes}


def read(*rows: Any) -> ExchangeInfo:
    body = {"serverTime": NOW, "rateLimits": [], "symbols": list(rows)}
    return decode(json.dumps(body), Info).value()


def tradifi(symbol: str = "XAUUSDT", market: str = "COMMODITY") -> ExchangeInfo:
    return read(row(symbol, contractType="TRADIFI_PERPETUAL", underlyingType=market))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(tuple(row("AUSDT")))
NUMBERS = st.sampled_from(("0", "-1", "NaN", "Infinity", "1e400", "", "one", "0.1", "1E+19", "00", "٣"))


@given(st.dictionaries(FIELDS, JSON, min_size=1, max_size=3), st.integers(0, 2))
def test_an_odd_symbol_never_touches_the_others(odd: dict[str, Any], place: int) -> None:
    """RISK-1: whatever one row says, the other symbols are read, and the odd one is usable or named with a reason."""
    rows = [row("BTCUSDT"), row("ETHUSDT")]
    rows.insert(place, {**row("ODDUSDT"), **odd})
    info = read(*rows)
    twins = {name for name in ("BTCUSDT", "ETHUSDT") if odd.get("symbol") == name}
    assert {"BTCUSDT", "ETHUSDT"} - twins <= info.symbols.keys()
    assert all(each.reason for each in info.left_out)
    assert len(info.symbols) + len(info.left_out) <= 3


@given(JSON)
def test_a_row_that_is_no_symbol_is_named_by_its_place(odd: Any) -> None:
    """RISK-1: not even an object is needed."""
    info = read(row("BTCUSDT"), odd)
    assert list(info.symbols) == ["BTCUSDT"]
    (left,) = info.left_out
    assert left.symbol
    assert left.reason


@given(
    st.sampled_from(("tickSize", "minPrice", "maxPrice", "stepSize", "minQty", "maxQty", "notional")),
    NUMBERS | st.decimals(allow_nan=True).map(str) | JSON,
)
def test_a_symbol_that_is_kept_can_be_rounded_to(field: str, value: Any) -> None:
    """RISK-1: nonsense numbers leave the symbol out; what stays gives prices and quantities."""
    odd = row("ODDUSDT")
    for each in odd["filters"]:
        if field in each:
            each[field] = value
    info = read(odd, row("BTCUSDT"))
    assert "BTCUSDT" in info.symbols
    if rules := info.symbols.get("ODDUSDT"):
        instrument = rules.instrument()
        for number in (instrument.tick_size, instrument.step_size, instrument.min_quantity):
            assert number.is_finite()
            assert number > 0
        assert rules.min_price <= rules.max_price
        assert rules.min_quantity <= rules.max_quantity
    else:
        assert [each.symbol for each in info.left_out] == ["ODDUSDT"]


GRIDS = st.sampled_from(("0.001", "0.01", "0.10", "0.1", "1", "5"))


@st.composite
def instruments(draw: st.DrawFn) -> dict[str, Instrument]:
    names = draw(st.lists(st.sampled_from(("AUSDT", "BUSDT", "CUSDT")), unique=True))
    return {
        name: Instrument(
            symbol=name,
            tick_size=Decimal(draw(GRIDS)),
            step_size=Decimal(draw(GRIDS)),
            min_quantity=Decimal(draw(GRIDS)),
            min_notional=Decimal(draw(GRIDS)),
        )
        for name in names
    }


@given(instruments(), instruments())
def test_changes_lead_from_one_list_to_the_next(before: dict[str, Instrument], after: dict[str, Instrument]) -> None:
    """RISK-1: applied to the old filters they give the new ones; none is told that is none."""
    told = listing.changes(before, after)
    moved = dict(before)
    for each in told:
        assert Decimal(each.before) != Decimal(each.after)
        moved[each.symbol] = msgspec.structs.replace(moved[each.symbol], **{each.field: Decimal(each.after)})
    assert all(moved[name] == after[name] for name in before.keys() & after.keys())
    assert listing.changes(after, after) == ()
    assert len(listing.changes(after, before)) == len(told)


@given(
    st.sampled_from(tuple(listing.STATUS_TEXTS)) | st.just("TRADING"),
    st.sampled_from(("BTCUSDT", "LOSTUSDT", "ODDUSDT")),
    st.integers(0, 400),
)
def test_every_symbol_that_does_not_trade_is_closed_with_a_sentence(status: str, symbol: str, hours: int) -> None:
    """EXEC-4: exactly those that are listed, readable and TRADING take entries."""
    info = read(row("BTCUSDT", status=status), row("ODDUSDT", filters=[]))
    judged = listing.judge(info, None, (symbol,), NOW, 24 * HOUR)
    found = closed(judged.closures, symbol, NOW + hours * HOUR)
    assert (found is None) == (symbol == "BTCUSDT" and status == "TRADING")
    if found is not None:
        assert symbol in found.text
    assert (symbol in judged.instruments) == (symbol == "BTCUSDT")


@given(st.integers(0, 200), st.integers(0, 48), st.integers(0, 300))
def test_a_delisting_closes_the_symbol_from_its_lead_on(until: int, lead: int, later: int) -> None:
    """EXEC-4: and not a moment before."""
    end = NOW + until * HOUR
    judged = listing.judge(read(row("BTCUSDT", deliveryDate=end)), None, ("BTCUSDT",), NOW, lead * HOUR)
    found = closed(judged.closures, "BTCUSDT", NOW + later * HOUR)
    assert (found is not None) == (later >= until - lead)
    assert "BTCUSDT" in judged.instruments


@st.composite
def schedules(draw: st.DrawFn) -> TradingSchedule:
    start, sessions = NOW - 24 * HOUR, []
    for _ in range(draw(st.integers(1, 12))):
        end = start + draw(st.integers(1, 20)) * HOUR
        kind = draw(st.sampled_from(("REGULAR", "NO_TRADING", "PRE_MARKET", "AFTER_MARKET", "OVERNIGHT")))
        sessions.append(Session(start=start, end=end, kind=kind))
        start = end
    return TradingSchedule(time=NOW, markets={"COMMODITY": tuple(draw(st.permutations(sessions)))})


@given(schedules(), st.integers(0, 300))
def test_a_tradifi_contract_is_open_exactly_in_the_sessions_of_its_market(schedule: TradingSchedule, later: int) -> None:
    """EXEC-4: closed while the market is, and when the schedule says nothing any more."""
    at = NOW + later * HOUR
    judged = listing.judge(tradifi(), schedule, ("XAUUSDT",), NOW, 0)
    session = next((each for each in schedule.markets["COMMODITY"] if each.start <= at < each.end), None)
    found = closed(judged.closures, "XAUUSDT", at)
    assert (found is None) == (session is not None and session.kind != "NO_TRADING")
    if session is not None and found is not None:
        assert found.reason == "session"
        assert found.until is not None
        assert found.until >= session.end


def test_without_a_schedule_nothing_is_entered_and_other_contracts_are_not_concerned() -> None:
    """EXEC-4: what is not known is not guessed; contracts before a listing, and on coins, trade at all hours."""
    assert listing.needs_schedule(tradifi(), ("XAUUSDT",))
    (closure,) = listing.judge(tradifi(), None, ("XAUUSDT",), NOW, 0).closures
    assert closure.reason == "schedule_unknown"
    early = read(row("SPCXUSDT", contractType="TRADIFI_PERPETUAL", underlyingType="PREMARKET"), row("BTCUSDT"))
    assert not listing.needs_schedule(early, ("SPCXUSDT", "BTCUSDT"))
    assert listing.judge(early, None, ("SPCXUSDT", "BTCUSDT"), NOW, 0).closures == ()


def test_the_documented_schedule_is_read() -> None:
    """EXEC-4: Binance's example."""
    body = {
        "updateTime": 1_761_286_643_918,
        "marketSchedules": {
            "EQUITY": {"sessions": [{"startTime": 1_761_177_600_000, "endTime": 1_761_206_400_000, "type": "OVERNIGHT"}]},
            "COMMODITY": {
                "sessions": [{"startTime": 1_761_724_800_000, "endTime": 1_761_744_600_000, "type": "NO_TRADING"}]
            },
        },
    }
    read_schedule = decode(json.dumps(body), Schedule).value()
    (session,) = read_schedule.markets["COMMODITY"]
    assert (session.start, session.end, session.kind) == (1_761_724_800_000, 1_761_744_600_000, "NO_TRADING")
