"""`ict evidence`: the same file whatever the number of processes, also after a kill; refusals in a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from research.evidence.record import Evidence, encode, read
from shared.runtime.process.exits import Exit

#: Three weeks of a generated market, one symbol, a strategy that enters often and one that reads funding.
LINE = (
    "--set", "market.days=21", "--set", "symbols=[BTCUSDT]", "--strategy", "zscore", "--strategy", "funding_carry",
    "--vary", "reward_risk=1,2,3", "--warm-up", "1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))
    monkeypatch.chdir(tmp_path)


def ict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evidence", *(str(each) for each in arguments)])


def told(path: Path) -> dict[str, Any]:
    """The only set of a file, without the command that was typed."""
    (one,) = json.loads(path.read_bytes())["sets"]
    del one["command"]
    assert isinstance(one, dict)
    return one


def test_a_killed_command_goes_on_and_leaves_the_file_of_one_that_was_not(tmp_path: Path) -> None:
    """SIG-9, BT-4: one process, or two and SIGKILL under way: the same numbers; a page with pictures beside them."""
    killed = [
        sys.executable,
        "-m",
        "cli",
        "evidence",
        *LINE,
        "--jobs",
        "2",
        "--kept",
        str(tmp_path / "kept"),
        "--out",
        "k.json",
    ]
    place = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(killed, cwd=tmp_path, env=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "kept").rglob("*.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.json")}
    assert kept
    again = ict(*LINE, "--kept", tmp_path / "kept", "--out", "k.json", "--page", "page.html")
    assert again.exit_code == Exit.OK, again.output
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    alone = ict(*LINE, "--kept", tmp_path / "alone", "--out", "alone.json")
    assert alone.exit_code == Exit.OK, alone.output
    assert told(tmp_path / "k.json") == told(tmp_path / "alone.json")
    row, carry = read(tmp_path / "k.json").sets[0].rows
    assert [each.values["reward_risk"] for each in row.trials] == [2.0, 1, 3]
    assert row.whole is not None
    assert row.whole.trades > 10
    assert row.deflated is not None
    assert row.deflated.trials == 3
    assert len(row.costs) == 5
    assert row.chance is not None
    assert carry.whole is not None
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--set", "market.days=5"), Exit.NEGATIVE, "5 whole days of candles: evidence needs at least 20"),
        (("--strategy", "no_such"), Exit.USAGE, "no_such"),
        (("--vary", "reward_risk"), Exit.USAGE, "SETTING=VALUE,VALUE"),
        (("--vary", "signals.zscore.period=20"), Exit.USAGE, "without a strategy's name"),
        (("--strategy", "zscore", "--set", "market.days=21", "--vary", "reward_risk=-1"), Exit.USAGE, "reward_risk=-1"),
        (("--data", ":BTCUSDT=a.csv"), Exit.USAGE, "SET:SYMBOL=FILE"),
        (("--add", "--out", "damaged.json"), Exit.NEGATIVE, "leave --add out"),
    ],
)
def test_a_question_that_cannot_be_judged_is_refused_in_a_sentence(
    arguments: tuple[str, ...], code: Exit, text: str, tmp_path: Path
) -> None:
    """OPS-1: before anything is played or kept."""
    (tmp_path / "damaged.json").write_bytes(b"{")
    refused = ict(*arguments)
    assert refused.exit_code == code, refused.output
    assert text in " ".join(refused.output.split())
    assert not (tmp_path / "runs").exists()


def test_other_sets_stay_and_a_part_of_a_set_takes_the_place_of_none(tmp_path: Path) -> None:
    """SIG-9: the number of trials decides every row of a set, so that rows of two runs do not stand beside each other."""
    line = ("--set", "market.days=21", "--strategy", "funding_carry", "--out", "e.json", "--add")
    assert ict(*line).exit_code == Exit.OK
    (one,) = read(tmp_path / "e.json").sets
    other = msgspec.structs.replace(one, name="other")
    row = msgspec.structs.replace(one.rows[0], strategy="zscore")
    (tmp_path / "e.json").write_bytes(encode(Evidence(sets=(other, one))))
    assert ict(*line).exit_code == Exit.OK
    assert [each.name for each in read(tmp_path / "e.json").sets] == ["other", one.name]
    (tmp_path / "e.json").write_bytes(encode(Evidence(sets=(msgspec.structs.replace(one, rows=(row,)),))))
    refused = ict(*line)
    assert refused.exit_code == Exit.USAGE
    assert "judge all of them, or give the set another name" in " ".join(refused.output.split())
    assert read(tmp_path / "e.json").sets[0].rows == (row,)
