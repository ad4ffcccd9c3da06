"""`ict demo` with a strategy of another package, which nobody here has heard of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.signals.packages import install, install_stranger

ROOT = Path(__file__).resolve().parents[4]


def demo(site: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ICT_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", "demo", "--days", "1", "--json"],
        cwd=site, env={**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", **variables},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_an_installed_strategy_trades_in_the_demo_by_its_name_alone(tmp_path: Path) -> None:
    """SIG-8: no file of ours is touched; its settings are in the configuration like any other."""
    site = install_stranger(tmp_path / "site")
    done = demo(
        site,
        ICT_SIGNALS__STRATEGIES='["stranger_fade"]',
        ICT_SIGNALS__PLUGINS='{"stranger_fade": {"reward_risk": 1.5}}',
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["signals"] >= 1
    assert told["why_not"]["no_setup"] >= 1


def test_a_strategy_that_fails_at_every_close_stops_nothing(tmp_path: Path) -> None:
    """SIG-8: ours decides as without it, and the reason of the other is among the reasons."""
    source = install_stranger(tmp_path / "site") / "stranger_fade.py"
    text = source.read_text(encoding="utf-8").replace('analysis = view.at_close("5m")', "raise RuntimeError('broken')")
    broken = install(
        tmp_path / "broken", "stranger-fade", {"stranger_fade": "stranger_fade:STRATEGY"}, {"stranger_fade": text}
    )
    ours, both = demo(broken), demo(broken, ICT_SIGNALS__STRATEGIES='["stranger_fade", "ob_fvg"]')
    assert both.returncode == 0, both.stderr
    alone, beside = json.loads(ours.stdout), json.loads(both.stdout)
    assert (beside["signals"], beside["equity"]) == (alone["signals"], alone["equity"])
    assert beside["why_not"]["strategy_failed"] > 0


def test_an_unknown_strategy_is_refused_with_the_nearest(tmp_path: Path) -> None:
    done = demo(tmp_path, ICT_SIGNALS__STRATEGIES='["ob_fvgg"]')
    assert done.returncode != 0
    assert "there is no strategy ob_fvgg; did you mean ob_fvg?" in done.stderr + done.stdout
