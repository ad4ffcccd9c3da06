"""Whatever is sent to the control pages: an answer, or a sentence that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from simulator.server.admin import Admin
from tests.support.simulator.admin_fuzz import OF_A_POSITION, PAGES, send_spoilt_call, spoilt_calls
from tests.support.simulator.background_server import BackgroundServer, background_server
from tests.support.simulator.endpoint_fuzz import check_quiet

FUZZ = settings(
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    with background_server() as running:
        yield running


@settings(FUZZ, max_examples=600)
@given(call=spoilt_calls())
@example(call=("GET", "/sim/history?symbol=" + "%5B" * 3_000, b""))
def test_every_control_page_answers_or_says_what_is_wrong(server: BackgroundServer, call: tuple[str, str, bytes]) -> None:
    """OPS-9: wrong fields, types, bodies, pages and methods."""
    send_spoilt_call(server, call)


@pytest.mark.parametrize(("method", "page", "body"), PAGES)
def test_right_calls_are_answered(server: BackgroundServer, method: str, page: str, body: dict[str, Any] | None) -> None:
    """OPS-9: the calls that are spoilt above are right before; fault 1 may be over, a position missing."""
    answer = server.admin(method, page, body)
    if page != "faults/1" and (body or {}).get("kind") not in OF_A_POSITION:
        assert "error" not in answer
    server.admin("DELETE", "faults")


def test_the_market_runs_on_after_it_all(server: BackgroundServer) -> None:
    """BT-1: the account can be stated, and the log is empty."""
    before = server.admin("GET", "state")["time"]
    assert server.admin("POST", "advance", {"ms": 2_000})["time"] == before + 2_000
    assert "error" not in server.admin("GET", "account")
    check_quiet(server)


def test_a_faulty_page_is_found(server: BackgroundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """STYLE: every checker has a specimen."""
    monkeypatch.setattr(Admin, "_history", lambda self, parameters: 1 / len(parameters.text("symbol")) and [][0])

    @settings(FUZZ, max_examples=200, database=None)
    @given(call=spoilt_calls())
    def fuzz(call: tuple[str, str, bytes]) -> None:
        send_spoilt_call(server, call)

    with pytest.raises(AssertionError):
        fuzz()
    server.complaints.texts.clear()
