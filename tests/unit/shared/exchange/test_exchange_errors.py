"""The table of refusals: one action a code, and the statuses that say more than a code."""

from __future__ import annotations

import pytest

from shared.exchange.errors import ADVICE, RULES, STATUSES, BadAnswer, ExchangeError, rule_of

#: binance.md §4.8, all of them.
LISTED = [
    -1000, -1001, -1003, -1006, -1007, -1008, -1015, -1021, -1022, -1102, -1104, -1106, -1111, -1121, -1125,
    -2010, -2011, -2013, -2014, -2015, -2018, -2019, -2020, -2021, -2022, -2025, -2027, -2028,
    -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4023, -4024, -4028, -4045, -4046, -4047, -4048, -4059, -4060, -4061,
    -4062, -4067, -4068, -4116, -4117, -4118, -4120, -4131, -4137, -4138, -4142, -4161, -4164, -4171, -4189, -4192, -4400,
    -4531, -5021, -5022, -5026, -5027, -5028, -5029, -5037, -5038, -5039, -5040, -5041, -5043, -5047,
]  # fmt: skip


@pytest.mark.parametrize("code", LISTED)
def test_every_documented_code_has_a_rule(code: int) -> None:
    """EXEC-6: code → retry, refuse, query or halt, with a meaning."""
    rule = RULES[code]
    assert rule.action in ADVICE
    assert rule.meaning
    assert rule.name == rule.name.upper()


@pytest.mark.parametrize(
    ("status", "code", "body", "action"),
    [
        (400, -2019, "", "refuse"),
        (400, -1021, "", "retry"),
        (401, -2015, "", "halt"),
        (400, -99999, "", "refuse"),
        (500, 0, "<html>", "query"),
        (502, -99999, "", "query"),
        (403, 0, "<html>", "halt"),
        (408, 0, "", "query"),
        (408, -1007, "", "query"),
        (418, -1003, "", "halt"),
        (429, -1003, "", "retry"),
        (429, -1015, "", "retry"),
        (503, -1000, '{"msg":"Unknown error, please check your request or try again later."}', "query"),
        (503, 0, "Service Unavailable.", "retry"),
        (503, 0, "Internal error; unable to process your request. Please try again.", "retry"),
        (503, -1008, "", "retry"),
        (503, 0, "anything else", "query"),
    ],
)
def test_exchange_error_maps_to_its_action(status: int, code: int, body: str, action: str) -> None:
    """EXEC-6: what may have happened is never a failure, and what cannot have happened is not asked about for long."""
    assert rule_of(status, code, body).action == action


def test_the_four_503_bodies_differ() -> None:
    """EXEC-6: (a) is unknown, (b) to (d) were not processed."""
    assert [rule.action for status, _, rule in STATUSES if status == 503] == ["query", "retry", "retry", "retry"]


def test_errors_say_what_to_do_next() -> None:
    """OPS-7: what, where, and what next."""
    error = ExchangeError("halt", -2015, "Invalid API-key", call="GET balance", status=401)
    assert str(error).startswith("GET balance: Invalid API-key (code -2015, HTTP 401)")
    assert ADVICE["halt"] in str(error)
    assert BadAnswer("GET balance", "no asset").action == "query"
