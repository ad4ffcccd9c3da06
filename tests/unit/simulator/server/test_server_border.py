"""Who may ask, how often and in which form: signatures, times, limits, parameters, listen keys."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.server.limits import Limits, RateLimiter
from simulator.server.listen_keys import ListenKeys
from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused
from simulator.server.signing import check_key, check_signature, check_time, sign

#: The example of Binance's own documentation of signed endpoints.
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
PAYLOAD = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
NOW = 1_736_121_600_000


def code_of(refusing: pytest.ExceptionInfo[Refused]) -> int:
    return refusing.value.code


def test_the_documented_example_has_the_documented_signature() -> None:
    """EXEC-1: HMAC-SHA256 of the text as it was sent."""
    assert sign(PAYLOAD, SECRET) == SIGNATURE


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (f"{PAYLOAD}&signature={SIGNATURE}", ""),
        ("", f"{PAYLOAD}&signature={SIGNATURE}"),
        (PAYLOAD[:43], f"{PAYLOAD[43:]}&signature={SIGNATURE}"),
        (f"{PAYLOAD}&signature={SIGNATURE.upper()}", ""),
        (f"signature={SIGNATURE}&{PAYLOAD}", ""),
    ],
)
def test_a_signature_is_over_query_and_body_without_itself(query: str, body: str) -> None:
    """EXEC-1: wherever it stands, in any case; the two parts are joined without an ampersand."""
    check_signature(query, body, SECRET)


def test_a_wrong_or_missing_signature_is_refused() -> None:
    """EXEC-6: -1022, -1102; keys -2014, -2015."""
    with pytest.raises(Refused) as wrong:
        check_signature(f"{PAYLOAD}&signature={'0' * 64}", "", SECRET)
    assert code_of(wrong) == -1022
    with pytest.raises(Refused) as none:
        check_signature(PAYLOAD, "", SECRET)
    assert code_of(none) == -1102
    for key, code in (("", -2014), ("stranger", -2015)):
        with pytest.raises(Refused) as who:
            check_key(key, {"known": "secret"})
        assert (code_of(who), who.value.status) == (code, 401)


def test_a_signed_text_is_percent_encoded() -> None:
    """EXEC-1: characters sent as they are have no right signature, as a query or in a body."""
    symbol = "\u5e01\u5b89USDT"
    encoded = urlencode({"symbol": symbol, "timestamp": 1})
    check_signature(f"{encoded}&signature={sign(encoded, SECRET)}", "", SECRET)
    check_signature("", f"{encoded}&signature={sign(encoded, SECRET)}", SECRET)
    plain = f"symbol={symbol}&timestamp=1"
    for query, body in ((plain, ""), ("", plain)):
        with pytest.raises(Refused) as wrong:
            check_signature(f"{query}&signature={sign(plain, SECRET)}", body, SECRET)
        assert code_of(wrong) == -1022


@pytest.mark.parametrize(
    ("offset", "window", "code"),
    [
        (0, None, None), (999, None, None), (1_000, None, -1021), (-5_000, None, None), (-5_001, None, -1021),
        (-10_000, 10_000, None), (-10_001, 10_000, -1021), (0, 60_000, None), (0, 60_001, -1131), (0, 0, -1131),
    ],
)  # fmt: skip
def test_a_timestamp_must_lie_in_the_receive_window(offset: int, window: int | None, code: int | None) -> None:
    """EXEC-6: timestamp < server + 1000 and server - timestamp <= recvWindow (default 5000, at most 60000)."""
    values = {"timestamp": str(NOW + offset)} | ({} if window is None else {"recvWindow": str(window)})
    if code is None:
        check_time(Parameters(values), NOW)
        return
    with pytest.raises(Refused) as refused:
        check_time(Parameters(values), NOW)
    assert code_of(refused) == code
    if code == -1021:
        check_time(Parameters(values), NOW, strict=False)


LIMITS = Limits(weight_minute=100, orders_ten_seconds=5, orders_minute=8, ban_after=3, ban_ms=120_000)


def test_weight_beyond_the_minute_is_429_and_going_on_is_418() -> None:
    """EXEC-6: with Retry-After; a ban ends, and the next one is twice as long."""
    limiter = RateLimiter(LIMITS)
    start = 1_000 * 60_000
    assert limiter.spend("a", 100, start) == {"X-MBX-USED-WEIGHT-1M": "100"}
    for _ in range(4):
        with pytest.raises(Refused) as slow:
            limiter.spend("a", 1, start + 15_000)
        assert (slow.value.status, slow.value.code, slow.value.headers["Retry-After"]) == (429, -1003, "45")
    with pytest.raises(Refused) as banned:
        limiter.spend("a", 1, start + 16_000)
    assert (banned.value.status, banned.value.headers["Retry-After"]) == (418, "119")
    assert limiter.spend("b", 1, start + 16_000) == {"X-MBX-USED-WEIGHT-1M": "1"}
    after = start + 15_000 + 120_000
    limiter.spend("a", 100, after)
    for _ in range(4):
        with pytest.raises(Refused):
            limiter.spend("a", 1, after)
    with pytest.raises(Refused) as again:
        limiter.spend("a", 1, after)
    assert again.value.headers["Retry-After"] == "240"


def test_the_counts_are_shown_as_rows_with_their_limits() -> None:
    """EXEC-6: of the asker's weight, and of the account's orders where they count."""
    limiter = RateLimiter(LIMITS)
    limiter.spend("a", 7, 61_000)
    limiter.order(1, 1, 61_000)
    weight = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100, "count": 7}
    assert limiter.shown("a", 62_000, orders=False) == [weight]
    assert limiter.shown("stranger", 62_000, orders=False) == [{**weight, "count": 0}]
    short = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 5, "count": 1}
    long = {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 8, "count": 1}
    assert limiter.shown("a", 62_000, orders=True) == [weight, short, long]
    assert [row["count"] for row in limiter.shown("a", 121_000, orders=True)] == [0, 0, 0]


def test_a_new_minute_has_its_weight_back() -> None:
    """EXEC-6: windows begin on whole minutes."""
    limiter = RateLimiter(LIMITS)
    limiter.spend("a", 100, 59_999)
    assert limiter.spend("a", 100, 60_000) == {"X-MBX-USED-WEIGHT-1M": "100"}


def test_orders_are_counted_in_both_windows() -> None:
    """EXEC-6: -1015 beyond 10 seconds' or a minute's orders."""
    limiter = RateLimiter(LIMITS)
    for number in range(5):
        headers = limiter.order(1, 1, 1_000)
        assert headers == {"X-MBX-ORDER-COUNT-10S": str(number + 1), "X-MBX-ORDER-COUNT-1M": str(number + 1)}
    with pytest.raises(Refused) as short:
        limiter.order(1, 1, 1_000)
    assert (short.value.status, short.value.code, short.value.headers["Retry-After"]) == (429, -1015, "9")
    limiter.order(1, 1, 10_000)
    limiter.order(1, 1, 10_000)
    with pytest.raises(Refused, match="1 MINUTE"):
        limiter.order(1, 1, 10_000)
    assert limiter.counts(60_000) == (0, 0)


def test_a_listen_key_lives_an_hour_after_it_was_asked_for() -> None:
    """EXEC-4: POST gives the same key again, PUT extends it, a dead one is -1125, another is made."""
    keys = ListenKeys(3_600_000)
    first = keys.get("api", 0)
    assert keys.get("api", 3_599_999) == first
    assert keys.alive(3_599_999 + 3_599_999) == [first]
    assert keys.extend("api", 7_000_000) == first
    assert not keys.alive(7_000_000 + 3_600_000)
    with pytest.raises(Refused) as dead:
        keys.extend("api", 7_000_000 + 3_600_000)
    assert code_of(dead) == -1125
    assert keys.expire(7_000_000 + 3_600_000) == [first]
    second = keys.get("api", 20_000_000)
    assert second != first
    assert keys.close("api") == second
    assert not keys.alive(20_000_000)
    assert keys.close("api") is None
    assert keys.expire(20_000_000, all_of_them=True) == []


def test_the_query_wins_over_the_body_and_encoding_is_undone() -> None:
    """EXEC-1: as binance.md §4.1 says."""
    parameters = Parameters.of("symbol=BTCUSDT&note=a%20b", "symbol=ETHUSDT&quantity=1.50")
    assert parameters.text("symbol") == "BTCUSDT"
    assert parameters.text("note") == "a b"
    assert parameters.number("quantity") == Decimal("1.50")
    assert parameters.number("price") is None
    assert parameters.optional("none", "symbol") == "BTCUSDT"


@pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "1e999999999", "1" * 60, "--1"])
def test_no_number_is_too_strange(text: str) -> None:
    """EXEC-6: bad input is decided at the border (-1100 for decimals, -1102 for integers); nothing is computed with it."""
    parameters = Parameters({"quantity": text, "orderId": text})
    with pytest.raises(Refused) as decimal:
        parameters.number("quantity")
    with pytest.raises(Refused) as whole:
        parameters.integer("orderId")
    assert (code_of(decimal), code_of(whole)) == (-1100, -1102)


def test_words_and_flags_are_those_that_are_allowed() -> None:
    """EXEC-6: -1130 for another word, -1102 for none."""
    parameters = Parameters({"side": "HOLD", "reduceOnly": "yes", "closePosition": "TRUE"})
    for refusing in (lambda: parameters.word("side", ("BUY", "SELL")), lambda: parameters.flag("reduceOnly")):
        with pytest.raises(Refused) as other:
            refusing()
        assert code_of(other) == -1130
    assert parameters.flag("closePosition") is True
    assert parameters.flag("priceProtect") is False
    with pytest.raises(Refused) as none:
        parameters.word("type", ("LIMIT",))
    assert code_of(none) == -1102


def read(what: Callable[[str], object], name: str) -> object:
    """The value, or the class of the refusal."""
    try:
        return what(name)
    except Refused as refused:
        return type(refused)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_query_and_body_give_text_that_was_sent_or_a_refusal(query: str, body: str) -> None:
    """The border never breaks, whatever comes over the wire; of two values the query's last one counts."""
    for prefix in ("", "a="):
        sent = [value for part in (body, prefix + query) for name, value in parse_qsl(part, True) if name == "a"]
        expected = sent[-1] if sent and sent[-1] else Refused
        assert read(Parameters.of(prefix + query, body).text, "a") == expected


NUMBERS = st.one_of(
    st.text(max_size=45),
    st.from_regex(r"[+-]?[0-9_ ]{0,5}[.]?[0-9]{0,5}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"\d{1,3}", fullmatch=True),  # digits of any script
    st.sampled_from(["1" * 20, "1" * 21, "-" + "1" * 19, "nan", "inf", " 1", "1 ", "1\n", "1_000", "0x10", "-0", "1e-2"]),
    st.sampled_from([str(2**63 - 1), str(2**63), str(-(2**63)), f"0.{'1' * 20}", f"0.{'1' * 21}", "1.", ".5", "-0.5"]),
)
DIGITS = frozenset("0123456789")


def digits(text: str, most: int) -> bool:
    return 0 < len(text) <= most and set(text) <= DIGITS


@given(NUMBERS)
def test_any_text_is_the_integer_that_it_spells_or_a_refusal(text: str) -> None:
    """ASCII digits with at most a minus, of 64 bits; nothing that only Python takes for a number."""
    found = read(Parameters({"a": text}).integer, "a")
    fits = digits(text.removeprefix("-"), 19) and abs(int(text)) < 2**63
    assert found == (int(text) if fits else Refused)


@given(NUMBERS)
def test_any_text_is_the_number_that_it_spells_or_a_refusal(text: str) -> None:
    """EXEC-6: up to twenty digits before and after the point, never an exponent; empty is not sent."""
    found = read(Parameters({"a": text}).number, "a")
    whole, point, fraction = text.removeprefix("-").partition(".")
    fits = digits(whole, 20) and (digits(fraction, 20) if point else True)
    assert found == ((Decimal(text) if fits else Refused) if text else None)


def test_a_name_sent_twice_is_refused_but_query_and_body_may_both_have_it() -> None:
    """EXEC-6: -1101 names the parameter."""
    Parameters.of("symbol=A", "symbol=B").check_single()
    for query, body in (("a=1&symbol=A&symbol=A", ""), ("a=1", "symbol=A&symbol=B")):
        with pytest.raises(Refused, match="'symbol'") as twice:
            Parameters.of(query, body).check_single()
        assert code_of(twice) == -1101


@given(st.one_of(st.text(max_size=8), st.sampled_from(["true", "TRUE", "False", "fAlSe", "1", "yes", " true"])))
def test_any_text_is_a_flag_or_a_refusal(text: str) -> None:
    """``true`` and ``false`` in any case; empty is the default."""
    found = read(Parameters({"a": text}).flag, "a")
    assert found == {"true": True, "false": False, "": False}.get(text.lower(), Refused)
