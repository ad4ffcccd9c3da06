"""Whatever is sent to an endpoint: a right answer or an error of the exchange, never a broken handler.

Every endpoint of the table from which docs/protocol.md is generated is asked through HTTP.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.server.parameters import Parameters
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Context
from simulator.server.rest.endpoints import BY_PATH, ENDPOINTS, Endpoint
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.background_server import BackgroundServer, background_server
from tests.support.simulator.endpoint_fuzz import USUAL, check_answer, check_quiet, names_read, send_spoilt

#: Each example changes the account of one server; that is part of the test.
FUZZ = settings(
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    with background_server() as running:
        yield running


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
@settings(FUZZ, max_examples=40)
@given(data=st.data())
def test_every_endpoint_answers_or_refuses_in_the_exchanges_shape(
    server: BackgroundServer, endpoint: Endpoint, data: st.DataObject
) -> None:
    """EXEC-6: missing, doubled, wrong, huge, scientific, negative, empty and foreign parameters; bodies of other types."""
    send_spoilt(server, endpoint, data, check_answer)


def test_the_account_is_whole_after_it_all(server: BackgroundServer) -> None:
    """BT-1: the market runs on, the account can be stated, and the log is empty."""
    for symbol in server.context.session.market.symbols:
        server.ask("DELETE", f"/fapi/v1/allOpenOrders?symbol={symbol}", b"", {})
    assert server.admin("POST", "advance", {"ms": 2_000})["time"] > 0
    assert "error" not in server.admin("GET", "account")
    check_quiet(server)


def test_usual_requests_are_answered() -> None:
    """EXEC-1: the requests that are spoilt above are right before: none of them is refused for its form."""
    with background_server() as server:
        time = server.context.session.time
        codes = {}
        for endpoint in ENDPOINTS:
            query = urlencode({**USUAL.get((endpoint.method, endpoint.path), {}), "timestamp": time})
            query += f"&signature={sign(query, TEST_SECRET)}"
            status, body = server.ask(endpoint.method, f"{endpoint.path}?{query}", b"", {"X-MBX-APIKEY": TEST_KEY})
            codes[(endpoint.method, endpoint.path)] = 0 if status == 200 else json.loads(body)["code"]
        form = {name: code for name, code in codes.items() if -1200 < code <= -1000 and code != -1125}
        assert form == {}
        assert {"limit", "fromId", "startTime", "endTime", "orderId"} <= set(
            names_read(BY_PATH["GET", "/fapi/v1/userTrades"])
        )


def broken(context: Context, parameters: Parameters, caller: Caller) -> Any:
    return {"price": 1 / int(parameters.text("limit", "1"))}


def misshapen(context: Context, parameters: Parameters, caller: Caller) -> Any:
    raise Refused(0, "an error without a code")


def noisy(context: Context, parameters: Parameters, caller: Caller) -> Any:
    if "symbol" in parameters:
        logging.getLogger("simulator").error("an endpoint that complains")
    return {}


@pytest.mark.parametrize("handler", [broken, misshapen, noisy])
def test_a_faulty_endpoint_is_found(handler: Any, server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """EXEC-6: one that raises, one whose error has no code, one that fills the log."""
    specimen = Endpoint("GET", "/fapi/v1/specimen", "none", 1, handler)
    monkeypatch.setitem(BY_PATH, ("GET", specimen.path), specimen)

    @settings(FUZZ, max_examples=400, database=None)
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        send_spoilt(server, specimen, data, check_answer)

    with pytest.raises(AssertionError):
        fuzz()
    server.complaints.texts.clear()
