"""What is printed for machines and shells holds any name of a file."""

from __future__ import annotations

import shlex

import msgspec
import pytest

from cli.printing import echo_json, printable, shell_line

#: The byte 0xff in the name of a file, as Python hands it over.
BYTE = "\udcff"


def test_json_of_text_is_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({"path": "비트코인.csv", "rows": 3})
    assert msgspec.json.decode(capsys.readouterr().out) == {"path": "비트코인.csv", "rows": 3}


def test_json_of_a_name_that_is_no_text_has_it_as_an_escape(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json([{f"{BYTE}a": (f"{BYTE}.csv", 1, None)}])
    assert msgspec.json.decode(capsys.readouterr().out) == [{"\\udcffa": ["\\udcff.csv", 1, None]}]


def test_printable_text_stays_as_it_is() -> None:
    assert printable("币安人生 🦀") == "币安人生 🦀"


def test_shell_line_of_text_splits_into_the_same_words() -> None:
    words = ["ict", "demo", "--data", "BTCUSDT=my candles'.csv"]
    assert shlex.split(shell_line(words)) == words


def test_shell_word_that_is_no_text_is_quoted_byte_by_byte() -> None:
    assert shell_line(["ls", f"é'{BYTE}a"]) == r"ls $'\xc3\xa9\x27\xffa'"
