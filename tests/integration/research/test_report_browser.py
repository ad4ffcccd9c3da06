"""The report in a real browser: no errors, a trade opens with its chart, nothing is fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from research.report.write import write
from tests.support.processes.answering import unavailable
from tests.support.research.runs import Sample, run_directory, walk

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(autouse=True)
def browser() -> None:
    """A machine without a browser skips these; one that must have everything fails them."""
    if CHROMIUM is None:
        unavailable("chromium", "it is not installed: apt-get install chromium")


def opened(path: Path, fragment: str = "", width: int = 1_280) -> tuple[str, list[str]]:
    """The page after its scripts ran, and what the console said."""
    assert CHROMIUM is not None
    run = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom",
            f"--user-data-dir={path.parent / 'profile'}", f"--window-size={width},800", "--virtual-time-budget=3000",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"file://{path}{fragment}",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]


def drawn(html: str, holder: str) -> str:
    """What a script drew into the element of this id; empty when nothing."""
    found = re.search(rf'<div id="{holder}"[^>]*><svg.*?</svg>', html, re.DOTALL)
    return found.group() if found else ""


def test_charts_are_drawn_and_a_link_to_a_trade_opens_it(tmp_path: Path) -> None:
    """BT-3: equity, distribution, and a trade with candles, zones, stop, target and sentence; the console is silent."""
    tape = walk(minutes=5_000)
    samples = (Sample(1_000, 1_100), Sample(2_000, 2_900, side="SELL", exit_reason="stop", why="one < two & <b>three</b>"))
    path = write(run_directory(tmp_path, tape, samples), tape)
    html, said = opened(path, "#trade-2")
    assert said == []
    assert drawn(html, "equity").count("<path") == 3
    assert "<rect" in drawn(html, "r")
    assert re.search(r'<dialog id="view"[^>]* open=""', html)
    assert "one &lt; two &amp; &lt;b&gt;three&lt;/b&gt;</p>" in html
    chart = drawn(html, "view-chart")
    assert chart.count("<rect") > 60
    for word in ("signal", "entry", "target", "stop filled", "OB 15m", "FVG 15m", "BOS 15m", "new york"):
        assert word in chart


@pytest.mark.parametrize("width", [375, 1_280])
def test_run_without_a_trade_opens_without_an_error(tmp_path: Path, width: int) -> None:
    """BT-3: also on a phone's width."""
    tape = walk()
    html, said = opened(write(run_directory(tmp_path, tape), tape), width=width)
    assert said == []
    assert "No trade with a known risk was closed." in html
    assert "<path" in drawn(html, "equity")


def test_error_of_a_script_is_heard(tmp_path: Path) -> None:
    """STYLE: the check above has a specimen that it catches."""
    path = tmp_path / "bad.html"
    path.write_text("<script>nothing.there()</script><p>x")
    assert opened(path)[1]
