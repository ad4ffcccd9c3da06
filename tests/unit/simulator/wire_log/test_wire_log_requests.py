"""Which recorded answer a request gets when the session is played again."""

from __future__ import annotations

from simulator.wire_log.client_ids import ClientIds
from simulator.wire_log.line_kinds import Answer, Request
from simulator.wire_log.reading import Asked
from simulator.wire_log.replayed_requests import RecordedRequests

ORDER = "/fapi/v1/order"


def asked(number: int, method: str, path: str, query: str, body: str) -> Asked:
    """A recorded request and the text of its answer."""
    request = Request(at=number, id=number, method=method, path=path, query=query)
    return Asked(request, Answer(at=number, id=number, status=200, body=body))


def text_of(found: Asked | None) -> str | None:
    """The answer's text; None = nothing was recorded."""
    if found is None:
        return None
    assert isinstance(found.answer, Answer)
    return found.answer.body


def test_a_request_gets_its_answers_in_order_and_a_read_the_last_one_again() -> None:
    requests = RecordedRequests(
        [asked(n, "GET", "/fapi/v3/account", f"timestamp={n}&signature=blank", f"answer {n}") for n in (1, 2)], ClientIds()
    )
    found = [text_of(requests.find("GET", "/fapi/v3/account", f"timestamp={n}&signature=x", "")) for n in (7, 8, 9)]
    assert found == ["answer 1", "answer 2", "answer 2"]
    assert requests.left() == []


def test_an_order_is_answered_as_often_as_it_was_recorded_and_never_again() -> None:
    """Answering a repeated order twice would show a client two fills that never were."""
    query = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId="
    requests = RecordedRequests([asked(1, "POST", ORDER, f"{query}old", '{"clientOrderId":"old"}')], ClientIds())
    assert text_of(requests.find("POST", ORDER, f"{query}new", "")) == '{"clientOrderId":"old"}'
    assert requests.find("POST", ORDER, f"{query}new", "") is None
    assert requests.unknown == ["POST /fapi/v1/order"]
    assert requests.orders == 2


def test_ids_of_the_client_are_followed_from_order_to_query() -> None:
    ids = ClientIds()
    first, second = ("symbol=BTCUSDT&side=BUY&newClientOrderId=a", "symbol=BTCUSDT&side=SELL&newClientOrderId=b")
    requests = RecordedRequests(
        [
            asked(1, "POST", ORDER, first, '{"clientOrderId":"a"}'),
            asked(2, "POST", ORDER, second, '{"clientOrderId":"b"}'),
            asked(3, "GET", ORDER, "symbol=BTCUSDT&origClientOrderId=b", '{"clientOrderId":"b","status":"NEW"}'),
            asked(4, "GET", ORDER, "symbol=BTCUSDT&origClientOrderId=a", '{"clientOrderId":"a","status":"FILLED"}'),
        ],
        ids,
    )
    assert text_of(requests.find("POST", ORDER, first.replace("=a", "=one"), "")) is not None
    assert text_of(requests.find("POST", ORDER, "", second.replace("=b", "=two"))) is not None
    found = text_of(requests.find("GET", ORDER, "symbol=BTCUSDT&origClientOrderId=one", ""))
    assert found == '{"clientOrderId":"a","status":"FILLED"}'
    assert ids.now(found) == '{"clientOrderId":"one","status":"FILLED"}'


def test_times_of_the_moment_are_left_out_only_when_nothing_fits_them() -> None:
    path = "/fapi/v1/klines"
    rows = [asked(n, "GET", path, f"symbol=BTCUSDT&startTime={n}", f"from {n}") for n in (1, 2)]
    requests = RecordedRequests(rows, ClientIds())
    assert text_of(requests.find("GET", path, "symbol=BTCUSDT&startTime=2", "")) == "from 2"
    assert text_of(requests.find("GET", path, "symbol=BTCUSDT&startTime=99", "")) == "from 1"


def test_another_symbol_is_never_answered_for() -> None:
    requests = RecordedRequests([asked(1, "GET", "/fapi/v1/depth", "symbol=BTCUSDT", "book")], ClientIds())
    assert requests.find("GET", "/fapi/v1/depth", "symbol=ETHUSDT", "") is None
    assert requests.left() == ["GET /fapi/v1/depth"]
