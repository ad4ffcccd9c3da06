"""Whatever is said to the WebSocket API: a result, or an error of the exchange, never a broken connection."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.server.rest.context import Context
from simulator.server.rest.endpoints import BY_PATH
from simulator.server.rest.order_api import METHODS, Call, answer_call, read_call
from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.simulator.background_server import NO_LIMIT
from tests.support.simulator.endpoint_fuzz import USUAL, VALUES, names_read
from tests.support.simulator.protocol_server import make_context, server_settings

#: Values of JSON that no parameter has.
STRANGE = st.none() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers(), max_size=2) | st.just({"a": []})
TEXTS = st.text(max_size=40) | st.sampled_from(
    ("[" * 5_000, "{" * 5_000, "null", "1", '"x"', "[]", "{}", '{"id": 1e999}', '{"method": {}}')
)


@pytest.fixture(scope="module")
def context() -> Context:
    context = make_context(server_settings(weight_minute=NO_LIMIT, orders_ten_seconds=NO_LIMIT, orders_minute=NO_LIMIT))
    context.session.advance(context.session.time + 2_000)
    return context


def said(context: Context, text: str) -> dict[str, Any]:
    """The answer to a message, as it goes over the wire."""
    call = read_call(text)
    answer = answer_call(context, call, "a", 0) if isinstance(call, Call) else call
    return dict(json.loads(msgspec.json.encode(answer)))


def check(answer: dict[str, Any]) -> None:
    if answer["status"] == 200:
        assert "result" in answer
        return
    assert 400 <= answer["status"] < 500, answer
    assert answer["error"]["code"] < 0, answer
    assert answer["error"]["msg"].strip(), answer


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_every_method_answers_or_refuses(context: Context, data: st.DataObject) -> None:
    """EXEC-6: missing, strange and foreign parameters, mostly signed rightly."""
    method = data.draw(st.sampled_from(sorted(METHODS)) | st.text(max_size=5))
    place = METHODS.get(method)
    params: dict[str, Any] = dict(USUAL.get(place, {})) if place is not None else {}
    names = names_read(BY_PATH[place]) if place is not None else ("symbol",)
    for name in data.draw(st.lists(st.sampled_from(names) | st.text(max_size=4), max_size=3)):
        params[name] = data.draw(VALUES | STRANGE)
    for name in data.draw(st.lists(st.sampled_from(sorted(params)), max_size=1)) if params else ():
        del params[name]
    params = {"apiKey": TEST_KEY, "timestamp": context.server_time, **params}
    if data.draw(st.sampled_from((True, True, True, False))):
        text = json.loads(json.dumps(params))
        shown = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in text.items()}
        signed = "&".join(f"{name}={shown[name]}" for name in sorted(shown) if text[name] is not None)
        params["signature"] = sign(signed.encode(errors="replace").decode(), TEST_SECRET)
    check(said(context, json.dumps({"id": data.draw(STRANGE | st.text(max_size=5)), "method": method, "params": params})))


@given(TEXTS)
def test_any_text_gets_an_answer(context: Context, text: str) -> None:
    """EXEC-6: no JSON, JSON of another kind, JSON of great depth."""
    check(said(context, text))
