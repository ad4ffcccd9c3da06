"""What an operator's commands ask, refuse and understand, before and after they are sent (RISK-7, OPS-7)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.emergency.answers import Answers
from cli.emergency.confirming import confirm
from cli.emergency.strategies import lanes
from cli.main import app
from cli.settings import Settings
from shared.domain.control import Alert
from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OPERATOR_KEYS
from tests.support.processes.fleet import write_config

run = CliRunner().invoke


def alert(key: str, source: str = "execution", text: str = "done") -> Alert:
    return Alert(severity="info", source=source, key=key, text=text)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    monkeypatch.setenv("ICT_SECRETS_DIR", str(tmp_path / "no-secrets"))


def test_answers_are_those_with_the_commands_own_id() -> None:
    """RISK-7: another operator's command is not taken for this one."""
    answers = Answers("mine")
    for heard in (
        alert("control.other"),
        alert("control.mine", "risk", "the kill switch is HALTED"),
        alert("control.other.flat"),
        alert("command_refused.forged.other"),
        alert("halt.0"),
    ):
        answers.hear(heard)
    assert (answers.taken, answers.refused, answers.flat) == ({"risk": "the kill switch is HALTED"}, {}, False)
    answers.hear(alert("command_refused.forged.mine", text="not the operator's"))
    answers.hear(alert("control.mine.flat"))
    assert answers.refused == {"execution": "not the operator's"}
    assert answers.faults == {"forged"}
    assert answers.flat


async def test_waiting_for_an_answer_ends() -> None:
    """RISK-7: an operator is told that nobody answers, in bounded time."""
    assert not await Answers("mine").until(lambda: False, 0.01)
    assert await Answers("mine").until(lambda: True, 0.01)


@pytest.mark.parametrize(("typed", "code"), [("FLATTEN", None), ("flatten", Exit.REFUSED), ("", Exit.REFUSED)])
def test_a_word_must_be_typed_as_it_stands(monkeypatch: pytest.MonkeyPatch, typed: str, code: Exit | None) -> None:
    """RISK-7: nobody flattens an account by a slip."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: typed)
    if code is None:
        confirm("FLATTEN", "Everything.", yes=False)
        return
    with pytest.raises(typer.Exit) as left:
        confirm("FLATTEN", "Everything.", yes=False)
    assert left.value.exit_code == code


def test_without_a_terminal_it_must_be_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """RISK-7: a script says --yes."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    confirm("FLATTEN", "Everything.", yes=True)
    with pytest.raises(typer.Exit) as left:
        confirm("FLATTEN", "Everything.", yes=False)
    assert left.value.exit_code == Exit.USAGE


@pytest.mark.parametrize(
    "words",
    [
        ("pause",),
        ("cancel",),
        ("flatten", "--yes"),
        ("close", "BTCUSDT", "--yes"),
        ("pause", "--strategy", "ob_fvg"),
        ("resume", "--strategy", "ob_fvg", "--symbol", "BTCUSDT"),
    ],
)
def test_no_command_is_sent_unsigned_where_orders_are_real(tmp_path: Path, words: tuple[str, ...]) -> None:
    """OPS-7: services would refuse it, and an operator should know at once."""
    config = write_config(tmp_path / "c.yaml", {"mode": "testnet"})
    result = run(app, [*words, "--config", str(config)])
    assert result.exit_code == Exit.CONFIG_INVALID
    assert "operator.private_key" in result.output


def test_the_direct_way_says_that_it_needs_the_api_key(tmp_path: Path) -> None:
    """RISK-7: it needs that, and not the operator's."""
    config = write_config(tmp_path / "c.yaml", {"mode": "testnet", "operator": dict(OPERATOR_KEYS)})
    result = run(app, ["flatten", "--direct", "--yes", "--config", str(config)])
    assert result.exit_code == Exit.REFUSED
    assert "exchange.key" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pause", "--strategy", "ob_fgv"), "no such strategy runs; signals.strategies has ob_fvg, ote"),
        (("resume", "--strategy", "judas"), "no such strategy runs; signals.strategies has ob_fvg, ote"),
        (("pause", "--strategy", "ob_fvg", "--symbol", "XRPUSDT"), "it is not traded; symbols has BTCUSDT, ETHUSDT"),
        (("pause", "--strategy", "ob_fvg", "--symbol", "btc"), "is no symbol"),
        (("pause", "--symbol", "BTCUSDT"), "--symbol goes with --strategy"),
        (("resume",), "`ict rearm`"),
        (("resume", "--symbol", "BTCUSDT"), "name the strategy"),
        (("resume", "--strategy", "ote"), "no command ends that pause: take it out there"),
    ],
)
def test_a_wrong_pause_is_refused_before_anything_is_sent(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    """SIG-8: what the configuration knows needs no broker."""
    signals = {"strategies": ["ob_fvg", "ote"], "paused": ["ote"]}
    config = write_config(tmp_path / "c.yaml", {"signals": signals, "bus": {"url": "amqp://nobody:none@127.0.0.1:1/"}})
    result = run(app, [*words, "--config", str(config)])
    assert result.exit_code == Exit.USAGE
    assert says in " ".join(result.output.split())


def test_the_lanes_that_must_answer_are_those_that_have_the_symbols() -> None:
    """SIG-8: each partition that trades something, and the one of a symbol; a partition without symbols need not run."""
    settings = Settings.model_validate({"partitions": {"count": 3, "pinned": {"BTCUSDT": 0, "ETHUSDT": 2}}})
    assert lanes(settings, None) == {"signals.p0", "signals.p2"}
    assert lanes(settings, "ETHUSDT") == {"signals.p2"}
