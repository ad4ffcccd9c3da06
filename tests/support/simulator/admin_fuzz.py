"""Requests that should not be sent to the control pages, and what they must answer."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from simulator.server.fault_kinds import VOCABULARY
from tests.support.simulator.background_server import BackgroundServer
from tests.support.simulator.endpoint_fuzz import VALUES, check_quiet, encoded

_REQUIRED: Final = {"symbol": "BTCUSDT", "code": -1121, "action": "cancel", "row": {"status": "BREAK"}}
#: What a kind needs beside its required fields.
_MORE: Final[dict[str, dict[str, Any]]] = {"filters": {"tick_size": "1"}}
#: Kinds that act on a position, and are refused with a sentence while there is none.
OF_A_POSITION: Final = frozenset({"adl", "margin_call"})
#: Method, page and a body that is right.
PAGES: Final[tuple[tuple[str, str, dict[str, Any] | None], ...]] = (
    ("GET", "state", None),
    ("GET", "history?symbol=BTCUSDT&interval=1m", None),
    ("GET", "account", None),
    ("GET", "faults", None),
    ("GET", "vocabulary", None),
    *(
        ("POST", "faults", {"kind": kind, **{name: _REQUIRED[name] for name in entry.required}, **_MORE.get(kind, {})})
        for kind, entry in VOCABULARY.items()
    ),
    ("DELETE", "faults", None),
    ("DELETE", "faults/1", None),
    ("POST", "advance", {"ms": 10}),
    ("POST", "price", {"symbol": "BTCUSDT", "price": "90000"}),
    ("POST", "speed", {"speed": 0}),
)
#: JSON values that break a careless reader. No number asks for so much market time that the answer would take minutes.
_NASTY: Final = (
    *(None, True, False, 0, -1, 1, 1.5, -0.0, 10**12, 10**30, -(10**30), 1e308, 1e-308, 5_000, 0.000001),
    *(
        "",
        " ",
        "x",
        "BTCUSDT",
        "*",
        "[",
        "NaN",
        "Infinity",
        "1e400",
        "1e-400",
        "9" * 400,
        "\x00",
        "\U0001f4a5",
        "\u0661",
        "x" * 999,
    ),
    *([], {}, [[]], {"a": {"b": [None]}}, ["latency"], {"kind": "latency"}),
)
_WHOLE: Final = (
    *(
        b"",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"NaN",
        b"{}",
        b"[" * 5_000,
        b'{"kind": "\\ud800"}',
        b'{"ms": 1e999}',
    ),
    *(b'{"ms": ' + b"9" * 5_000 + b"}", b'{"kind": ["latency"]}', b"ms=1", b"a" * (2**20 + 1)),
)


@st.composite
def spoilt_calls(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """Method, target and body of a call of which a part is wrong."""
    method, page, usual = draw(st.sampled_from(PAGES))
    way = draw(st.sampled_from(("field", "field", "field", "body", "page", "method", "query")))
    if way == "page":
        page = draw(
            st.sampled_from(("", "x", "faults/x", "faults/-1", "faults/" + "9" * 5_000, "faults/1/2", "state/", "%00"))
        )
    elif way == "method":
        method = draw(st.sampled_from(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")))
    elif way == "query":
        names = draw(st.lists(st.sampled_from(("symbol", "interval", "startTime", "endTime", "limit")), max_size=3))
        page = f"history?{encoded([(name, draw(VALUES)) for name in names])}"
        method = "GET"
    if way == "body":
        return method, f"/sim/{page}", draw(st.sampled_from(_WHOLE))
    fields = dict(usual or {})
    if way == "field":
        entry = VOCABULARY.get(fields.get("kind", ""))  # type: ignore[call-overload]  # a page without faults has no kind
        known = sorted({*fields, *(entry.fields if entry else ()), "ms", "percent", "nth", "stream", "to"})
        for name in draw(st.lists(st.sampled_from(known), max_size=2)):
            fields[name] = draw(st.sampled_from(_NASTY))
        if fields and draw(st.sampled_from((True, False, False))):
            del fields[draw(st.sampled_from(sorted(fields)))]
    return method, f"/sim/{page}", json.dumps(fields).encode() if fields else b""


def send_spoilt_call(server: BackgroundServer, call: tuple[str, str, bytes]) -> int:
    """Send a call, check answer and log, and undo what it set; return the status of the answer."""
    method, target, body = call
    status, answer = server.ask(method, target, body, {"Content-Type": "application/json"})
    try:
        _check_answer(status, answer)
    finally:
        check_quiet(server)
    server.admin("POST", "speed", {"speed": 0})
    server.admin("DELETE", "faults")
    return status


def _check_answer(status: int, answer: bytes) -> None:
    read = json.loads(answer)
    if status == 414:  # no page has seen it: the address was not read to its end
        assert set(read) == {"code", "msg"}, read
    elif status != 200:
        assert 400 <= status < 500, f"HTTP {status}: {read}"
        assert set(read) == {"error"}, read
        assert isinstance(read["error"], str), read
        assert len(read["error"].split()) > 2, f"no sentence: {read}"
