"""Without the extras: every module can be imported, and a command that needs one says what to type."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.runtime.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: The table of events is pyarrow's from its first line; `ict analyse` imports it for a file that ends in .parquet. The study
#: is Optuna's; `ict optimise` imports it after it has asked for Optuna. Frames are for notebooks; no command imports them.
NEEDS_AN_EXTRA = {"research.event_table", "research.frames", "research.search.studies", "research.search.studying"}
BLOCK = f"import sys\nsys.modules.update(dict.fromkeys({[*EXTRAS, 'scipy', 'PIL']!r}))\n"
WALK = (
    BLOCK
    + """
import importlib, pkgutil
for root in ("shared", "services", "simulator", "research", "cli"):
    package = importlib.import_module(root)
    for info in pkgutil.walk_packages(package.__path__, root + "."):
        try:
            importlib.import_module(info.name)
        except ImportError as error:
            print(info.name, "needs", error.name)
"""
)


def test_every_module_imports_without_the_extras() -> None:
    walked = subprocess.run([sys.executable, "-c", WALK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert walked.returncode == 0, walked.stderr
    assert {line.split()[0] for line in walked.stdout.splitlines()} == NEEDS_AN_EXTRA


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("demo --data BTCUSDT=btc.csv", "reading btc.csv needs pyarrow, which is not installed; type: make demo"),
        ("analyse --data BTCUSDT=btc.csv", "reading btc.csv needs pyarrow"),
        ("lookahead --data BTCUSDT=btc.csv", "reading btc.csv needs pyarrow"),
        ("simulator --data BTCUSDT=btc.csv", "reading btc.csv needs pyarrow"),
        ("simulator --funding BTCUSDT=rates.csv", "reading rates.csv needs pyarrow"),
        ("analyse --data BTCUSDT=btc.csv --out t.parquet", "a table of events needs pyarrow"),
        ("plot --data BTCUSDT=btc.csv --out c.png", "a chart as PNG needs matplotlib, which is not installed; type: make"),
        ("plot --data BTCUSDT=btc.csv --out c.html", "reading btc.csv needs pyarrow"),
        ("pictures", "a picture as PNG needs matplotlib"),
        ("train fvg --data BTCUSDT=btc.csv@15m --out m.json", "training a model needs sklearn"),
        ("optimise zscore --data BTCUSDT=btc.csv", "a search for settings needs optuna"),
        ("walk-forward --ray 127.0.0.1:1", "work on several machines needs ray, which is not installed; type: make ray"),
        ("measure --ray 127.0.0.1:1 --data BTCUSDT=btc.csv --out m.json", "reading candle files needs pyarrow"),
    ],
)  # fmt: skip
def test_a_command_that_needs_an_absent_extra_refuses_in_one_sentence(tmp_path: Path, arguments: str, sentence: str) -> None:
    for name in ("btc.csv", "rates.csv"):
        (tmp_path / name).write_text("open_time,open,high,low,close,volume\n")
    script = f"{BLOCK}sys.argv = {['ict', *arguments.split()]!r}\nfrom cli.entry import main\nmain()"
    refused = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert refused.stderr.startswith(sentence)
    assert refused.returncode == 4
    assert refused.stdout == ""


def test_every_package_of_an_extra_is_known_to_the_refusals() -> None:
    imported_as = {"scikit-learn": "sklearn"}
    for extra, lines in PROJECT["optional-dependencies"].items():
        names = {canonicalize_name(Requirement(line).name) for line in lines} - {canonicalize_name(PROJECT["name"])}
        assert {imported_as.get(name, name) for name in names} == {name for name, own in EXTRAS.items() if own == extra}


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_command_named_by_a_missing_extra_installs_it(extra: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert f"-m cli.installed {extra}\n" in makefile
