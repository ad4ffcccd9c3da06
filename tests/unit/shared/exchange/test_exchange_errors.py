"""The table of refusals: one action a code, and the statuses that say more than a code."""

from __future__ import annotations

import pytest

from shared.exchange.error_codes import UNLISTED, ErrorCode
from shared.exchange.error_table.rule import Rule
from shared.exchange.errors import ADVICE, RULES, STATUSES, BadAnswer, ExchangeError, rule_of

#: Binance's own list of error codes of USDⓈ-M futures, as of May 2026.
LISTED = {
    *range(-1008, -999), -1010, -1011, *range(-1016, -1012), *range(-1023, -1019), -1099,
    *range(-1106, -1099), *range(-1122, -1107), *range(-1128, -1124), -1130, -1136,
    *range(-2028, -2009),
    *range(-4033, -3999), *range(-4088, -4043), *range(-4107, -4103), -4109, *range(-4118, -4113), -4120, -4131, -4135,
    *range(-4142, -4136), -4144, -4161, -4164, -4165, *range(-4172, -4166), -4183, -4184, -4189, -4192, -4202, -4203, -4205,
    -4206, *range(-4211, -4207), *range(-4403, -4399),
    -5021, -5022, *range(-5029, -5023), *range(-5041, -5036), -5043,
}  # fmt: skip


def test_every_code_of_the_exchanges_list_has_a_rule() -> None:
    """EXEC-6: those, and the ones that were seen beside it."""
    assert set(RULES) == LISTED | UNLISTED
    assert not LISTED & UNLISTED


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_a_class_a_text_and_a_sentence(rule: Rule) -> None:
    """EXEC-6, OPS-7: what happened, and what to do next."""
    assert rule.action in ADVICE
    assert rule.text
    assert rule.name == rule.name.upper()
    assert rule.sentence[0].islower()
    assert not rule.sentence.endswith(".")
    assert len(rule.sentence.split()) >= 6


def test_a_halting_rule_says_how_to_go_on() -> None:
    """OPS-7: entries stop until a person re-arms; the sentence says when."""
    halting = [rule for rule in (*RULES.values(), *(rule for _, _, rule in STATUSES)) if rule.action == "halt"]
    assert [rule.name for rule in halting if "re-arm" not in rule.sentence] == []


def test_texts_name_what_they_are_about() -> None:
    """The exchange's words with a value, as the simulator sends them."""
    assert RULES[ErrorCode.PARAM_EMPTY].text_of("side") == "Parameter 'side' was empty."


@pytest.mark.parametrize(
    ("status", "code", "body", "action"),
    [
        (400, -2019, "", "refuse"),
        (400, -1021, "", "retry"),
        (401, -2015, "", "halt"),
        (400, -99999, "", "refuse"),
        (400, -2011, "", "query"),
        (400, -2013, "", "query"),
        (400, -4046, "", "stands"),
        (400, -4130, "", "stands"),
        (400, -4400, "", "halt"),
        (400, -1003, "", "retry"),
        (401, 0, "<html>", "halt"),
        (500, 0, "<html>", "query"),
        (502, -99999, "", "query"),
        (403, 0, "<html>", "refuse"),
        (408, 0, "", "query"),
        (408, -1007, "", "query"),
        (418, -1003, "", "refuse"),
        (451, 0, "<html>", "halt"),
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


@pytest.mark.parametrize(("of_order", "action"), [(True, "query"), (False, "refuse")])
def test_a_code_that_nobody_knows_is_asked_about_when_it_concerns_an_order(of_order: bool, action: str) -> None:
    """EXEC-2, EXEC-6: whether the order was carried out is asked; any other call was refused with the exchange's text."""
    assert rule_of(400, -99_999, "", of_order=of_order).action == action


@pytest.mark.parametrize(("code", "passing"), [(-1000, True), (-1001, True), (-2013, False), (-2011, False), (-4116, False)])
def test_an_answer_about_an_order_is_not_asked_for_again(code: int, passing: bool) -> None:
    """EXEC-6: "no such order" is an answer, "unknown error" is none."""
    assert ExchangeError(RULES[code].action, code, "", call="GET order").passing is passing


def test_the_four_503_bodies_differ() -> None:
    """EXEC-6: (a) is unknown, (b) to (d) were not processed."""
    assert [rule.action for status, _, rule in STATUSES if status == 503] == ["query", "retry", "retry", "retry"]


def test_errors_say_what_to_do_next() -> None:
    """OPS-7: what, where, and what next."""
    error = ExchangeError("halt", -2015, "Invalid API-key", call="GET balance", status=401)
    assert str(error).startswith("GET balance: Invalid API-key (code -2015, HTTP 401)")
    assert RULES[-2015].sentence in str(error)
    assert ADVICE["refuse"] in str(ExchangeError("refuse", -2015, "of another class", call="GET balance"))
    assert BadAnswer("GET balance", "no asset").action == "query"
