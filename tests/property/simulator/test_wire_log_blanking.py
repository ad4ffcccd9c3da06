"""Nothing secret is written to a wire log, wherever the client or the exchange put it."""

from __future__ import annotations

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from simulator.wire_log.blanking import Blanking

KEYS = st.text(string.ascii_letters + string.digits, min_size=64, max_size=64)
LISTEN_KEYS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=70)
PLAIN = st.text(st.characters(exclude_characters='"\\'), max_size=30).filter(lambda text: not text.isalnum())


@given(KEYS, LISTEN_KEYS, st.lists(PLAIN, min_size=1, max_size=4))
def test_no_key_stays_in_any_text_of_a_session(api_key: str, listen_key: str, words: list[str]) -> None:
    blanking = Blanking()
    blanking.learn(api_key, "api-key")
    noise = " ".join(words)
    texts = [
        json.dumps({"listenKey": listen_key}),
        f"/private/ws/{listen_key}",
        f"listenKey={listen_key}&events=ORDER_TRADE_UPDATE",
        json.dumps({"method": "SUBSCRIBE", "params": [listen_key], "id": 1}),
        json.dumps({"params": {"apiKey": api_key, "signature": "MEUCIQ+/x==", "note": noise}}),
        f"{noise} {api_key} {noise}",
        f"symbol=BTCUSDT&signature={api_key[::-1]}",
    ]
    blanked = [blanking.text(text) for text in texts]
    for text in blanked:
        assert listen_key not in text
        assert api_key not in text
    assert api_key[::-1] not in blanked[-1]
    assert "MEUCIQ" not in blanked[4]


@given(LISTEN_KEYS, LISTEN_KEYS)
def test_the_same_secret_keeps_its_name_and_another_gets_another(first: str, second: str) -> None:
    """A replay must be able to hand out the listen key that its own recording of the WebSocket names."""
    blanking = Blanking()
    answers = [json.loads(blanking.text(json.dumps({"listenKey": key})))["listenKey"] for key in (first, second, first)]
    assert answers[0] == answers[2] == "listen-key-1"
    assert (answers[1] == answers[0]) == (first == second)


def test_a_text_without_secrets_stays_as_it_is() -> None:
    row = '{"symbol":"BTCUSDT","orderId":215456450616,"clientOrderId":"ict-rec-7a6dab17feea41fb","origQty":"0.010"}'
    assert Blanking().text(row) == row


def test_a_secret_that_a_client_should_have_kept_is_not_written() -> None:
    texts = [
        '{"secretKey": "k1-short", "symbol": "BTCUSDT"}',
        "symbol=BTCUSDT&apiSecret=k1-short&x=1",
        '{"password":"k1-short"}',
    ]
    for text in texts:
        blanked = Blanking().text(text)
        assert "k1-short" not in blanked
        assert "blank" in blanked


def test_our_address_is_blanked_where_the_exchange_repeats_it() -> None:
    text = '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action, request ip: 203.0.113.7"}'
    assert "203.0.113.7" not in Blanking().text(text)
