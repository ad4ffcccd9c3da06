"""How the gateway stands towards its exchange."""

from __future__ import annotations

from services.gateway.condition import Condition


def test_a_gateway_is_well_when_the_account_is_known_the_stream_is_open_and_the_exchange_answers() -> None:
    """OPS-2: each of the three alone keeps it from being ready, and is named."""
    condition = Condition()
    assert condition.trouble() == "the account is not known yet; the user stream is not open yet"
    condition.unanswered("no connection")
    assert "the exchange does not answer: no connection" in condition.trouble()
    condition.answered()
    assert condition.trouble() == "the user stream is not open yet"
    condition.stream_open()
    assert condition.trouble() == ""
    condition.stream_down("expired: the listen key has expired")
    assert condition.trouble() == "the user stream is down: expired: the listen key has expired"
    condition.stream_open()
    condition.unanswered("503")
    assert condition.trouble() == "the exchange does not answer: 503"
    condition.answered()
    condition.halted("the key is refused")
    assert condition.trouble() == "entries are halted: the key is refused"
    condition.halted("")
    assert condition.trouble() == ""
