"""Error codes have one name each, and one place that gives it."""

from __future__ import annotations

import ast
from pathlib import Path

from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES
from simulator.rejections import REASON
from simulator.server.refusals import bad_listen_key, bad_symbol, missing

ROOT = Path(__file__).parents[4]
NAMES = ROOT / "shared/exchange/error_codes.py"


def codes_in(source: str) -> list[int]:
    """Codes of the exchange's kind (-1000 to -9999) that are written as numbers."""
    return [
        -node.operand.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, int)
        and 1_000 <= node.operand.value <= 9_999
    ]


def test_no_code_has_two_names() -> None:
    """An enum keeps a second name of a value as an alias, which only ``__members__`` shows."""
    assert [name for name, code in ErrorCode.__members__.items() if code.name != name] == []


def test_every_code_has_a_rule_under_its_own_name() -> None:
    assert {code: rule.name for code, rule in RULES.items()} == {code: code.name for code in ErrorCode}


def test_the_simulator_refuses_with_the_words_of_the_adapters_table() -> None:
    """One table: a code that one of them knows, the other knows under the same name, with the same text."""
    assert {int(code): text for code, text in REASON.items()} == {code: rule.text for code, rule in RULES.items()}
    assert bad_symbol().message == RULES[ErrorCode.BAD_SYMBOL].text
    assert bad_listen_key().message == RULES[ErrorCode.INVALID_LISTEN_KEY].text
    assert missing("side").message == RULES[ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED].text_of("side")


def test_codes_are_written_as_numbers_in_one_file_only() -> None:
    """A number elsewhere would be a name for the code beside the table's."""
    files = [path for folder in ("shared/exchange", "simulator") for path in (ROOT / folder).rglob("*.py") if path != NAMES]
    assert {str(path.relative_to(ROOT)): found for path in files if (found := codes_in(path.read_text()))} == {}


def texts_in(source: str) -> list[str]:
    """Texts of the table that are written out."""
    texts = {rule.text.rstrip(".") for rule in RULES.values()}
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.rstrip(".") in texts
    ]


def test_texts_of_the_table_stand_nowhere_else() -> None:
    """A text elsewhere would be a second word for the code beside the table's."""
    files = (ROOT / "simulator").rglob("*.py")
    assert {str(path.relative_to(ROOT)): found for path in files if (found := texts_in(path.read_text()))} == {}


def test_the_search_for_texts_finds_one() -> None:
    """The check's specimen."""
    assert texts_in("raise Refused(code, 'Order does not exist.')") == ["Order does not exist."]


def test_the_search_for_numbers_finds_one() -> None:
    """The check's specimen."""
    assert codes_in("raise Refused(-1121, 'Invalid symbol.')") == [-1121]
