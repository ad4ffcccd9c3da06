"""`ict lookahead` with a function of one's own: it is judged, and whatever it does wrong is told as its own doing."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import walk, write_csv

_HEAD = "from research.lookahead import Statement\nimport sys\n"
#: What the function does → its body, and what is said of it.
WRONG = {
    "raises": ("raise ValueError('boom\\nbang')", "raised ValueError: boom bang ({module}.py, line 4)"),
    "leaves": ("sys.exit(7)", "raised SystemExit: 7 ({module}.py, line 4)"),
    "gives None": ("return None", "gave None; give a list of research.lookahead.Statement"),
    "yields": ("yield Statement(1, 2)", "gave a generator; give a list"),
    "gives text": ("return 'swings'", "gave a str; give a list"),
    "gives tuples": ("return [(1, 2)]", "gave a list with a tuple in it; give a list of research.lookahead.Statement"),
    "has no time": ("return [Statement('now', 2)]", "known_at is a str; give a whole number, UTC ms"),
    "says an object": ("return [Statement(1, object())]", "cannot be written as JSON: it raised TypeError"),
    "takes nothing": ("return []", "raised TypeError: f() takes 0 positional arguments but 1 was given"),
    "raises what has no text": (
        "class E(Exception):\n        def __str__(self): raise E\n    raise E",
        "<exception str() failed>",
    ),
}
_numbers = itertools.count()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    write_csv(tmp_path / "BTC.csv", walk(1, 600))
    return f"BTCUSDT={tmp_path / 'BTC.csv'}"


def look(at: Path, data: str, source: str, *more: str) -> tuple[str, int, str]:
    """The module's name, the exit code, and what was said; a fresh module each time."""
    module = f"own_detectors_{next(_numbers)}"
    (at / f"{module}.py").write_text(source)
    result = CliRunner().invoke(app, ["lookahead", "--data", data, "--cuts", "2", "--detectors", f"{module}:f", *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return module, result.exit_code, result.output


@pytest.mark.parametrize("what", WRONG)
def test_broken_function_is_refused_with_its_name_and_error(what: str, tmp_path: Path, data: str) -> None:
    """BT-5, OPS-10: exit 2; it is no bug of ours."""
    body, said = WRONG[what]
    argument = "" if what == "takes nothing" else "candles"
    module, code, output = look(tmp_path, data, f"{_HEAD}def f({argument}):\n    {body}\n")
    assert code == Exit.USAGE
    assert f"--detectors {module}:f" in output
    assert said.format(module=module) in " ".join(output.split())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(:\n", "raised"),
        ("import sys\nsys.exit(3)\n", "raised SystemExit: 3"),
        ("1 / 0\n", "raised ZeroDivisionError: division by zero"),
        ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all'"),
        ("f = 3\n", "f is no function"),
        ("", "has no attribute 'f'"),
    ],
)
def test_module_that_cannot_be_had_is_refused(source: str, said: str, tmp_path: Path, data: str) -> None:
    """OPS-10."""
    _, code, output = look(tmp_path, data, source)
    assert code == Exit.USAGE
    assert said in " ".join(output.split())


@pytest.mark.parametrize("name", [":f", ".x:f", "x:", "a b:c", "..:f", "\0:f"])
def test_name_that_is_no_module_is_refused(name: str, data: str) -> None:
    """OPS-10."""
    result = CliRunner().invoke(app, ["lookahead", "--data", data, "--detectors", name])
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == Exit.USAGE


def test_own_function_is_judged_also_when_it_empties_its_list(tmp_path: Path, data: str) -> None:
    """BT-5: whole numbers of numpy are times too; what the function does to its list of candles is its own affair."""
    body = "out = [Statement(np.int64(c.close_time), c.close) for c in candles]\n    candles.clear()\n    return out\n"
    _, code, output = look(tmp_path, data, f"{_HEAD}import numpy as np\ndef f(candles):\n    {body}")
    assert (code, "no event depends on later candles" in output) == (Exit.OK, True), output
    peek = "return [Statement(c.close_time, candles[-1].close) for c in candles]\n"
    assert look(tmp_path, data, f"{_HEAD}def f(candles):\n    {peek}")[1] == Exit.NEGATIVE
