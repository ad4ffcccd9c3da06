"""Which form of subscription is used: what delivers is kept, what is acknowledged and silent is left."""

from __future__ import annotations

import pytest

from shared.exchange.binance.owed_events import OwedEvents
from shared.exchange.binance.stream_forms import (
    PREFERENCE,
    USER_EVENTS,
    Form,
    Forms,
    market_address,
    refusal_in,
    subscribe,
    user_address,
    user_names,
)


def test_a_form_that_never_delivered_is_left_after_one_silence() -> None:
    """DATA-4: the acknowledgement proves nothing; in order of preference, and round again."""
    forms = Forms()
    tried = [forms.current, *(forms.silent(forms.current) for _ in range(3))]
    assert tried == [*PREFERENCE, PREFERENCE[0]]


def test_a_form_that_delivered_is_left_only_after_two_silences_in_a_row() -> None:
    """DATA-4: once is an illness of the exchange; twice may be a form that it serves no more."""
    forms = Forms()
    assert forms.delivered("query")
    assert forms.silent("query") == "query"
    assert not forms.delivered("query"), "no news"
    assert forms.silent("query") == "query"
    assert forms.silent("query") == "subscribe"


def test_a_form_that_delivered_is_used_again() -> None:
    """DATA-4: remembered for every connection that follows."""
    forms = Forms()
    forms.silent("query")
    assert forms.delivered("subscribe")
    assert forms.current == "subscribe"


def test_an_older_connection_of_another_form_says_nothing_of_the_current_one() -> None:
    """DATA-4: two connections of a route, opened in the same form, may both end silent: the next form is tried once."""
    forms = Forms()
    assert forms.silent("query") == "subscribe"
    assert forms.silent("query") == "subscribe"


@pytest.mark.parametrize(
    ("form", "market", "user"),
    [
        ("query", "stream?streams=a@x/b@y", f"ws?listenKey=k&events={'/'.join(USER_EVENTS)}"),
        ("subscribe", "stream", "ws"),
        ("path", "ws/a@x/b@y", "ws/k"),
    ],
)
def test_addresses_of_the_forms(form: Form, market: str, user: str) -> None:
    """DATA-1, RISK-5: as documented."""
    assert market_address(form, ["a@x", "b@y"]) == market
    assert user_address(form, "k") == user


def test_the_command_names_each_event_of_the_key() -> None:
    """RISK-5: a key without events may be silent."""
    assert '"params":["k@ORDER_TRADE_UPDATE",' in subscribe(user_names("k"))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ('{"result":null,"id":1}', ""),
        ('{"error":{"code":2,"msg":"Too many streams."},"id":1}', "2 Too many streams."),
        ('{"e":"ORDER_TRADE_UPDATE","E":1}', None),
        ('{"stream":"a@x","data":{"id":1}}', None),
        ("{", None),
    ],
)
def test_answers_to_commands_are_told_from_events(text: str, refusal: str | None) -> None:
    """DATA-4: an acknowledgement is no frame of a stream."""
    assert refusal_in(text) == refusal


def test_an_accepted_order_must_show() -> None:
    """RISK-5: a user stream has no cadence; what it owes is told by the orders."""
    owed = OwedEvents()
    owed.opened(0.0)
    assert not owed.overdue(1_000.0, 10.0), "a quiet account"
    owed.accepted(1_000.0, 1_001.0)
    assert not owed.overdue(1_011.0, 10.0)
    assert owed.overdue(1_011.1, 10.0)
    owed.came(1_012.0)
    assert not owed.overdue(2_000.0, 10.0)


def test_an_event_before_the_answer_counts() -> None:
    """RISK-5: the stream may be faster than REST."""
    owed = OwedEvents()
    owed.opened(0.0)
    owed.came(5.5)
    owed.accepted(5.0, 6.0)
    assert not owed.overdue(100.0, 10.0)


def test_an_order_that_was_sent_before_the_stream_was_open_is_not_owed() -> None:
    """RISK-5: that is read by REST."""
    owed = OwedEvents()
    owed.accepted(1.0, 2.0)
    owed.opened(3.0)
    owed.accepted(2.5, 4.0)
    assert not owed.overdue(100.0, 10.0)
    owed.accepted(5.0, 6.0)
    owed.closed()
    assert not owed.overdue(100.0, 10.0)
