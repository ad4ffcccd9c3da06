"""`ict watch`: which judgements are worth a line, the line, and what is refused before anything is awaited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.watch.lines import Wanted, lines
from shared.domain.judgements import JudgementBundle, ToldGate, ToldJudgement, ToldSignal
from shared.runtime.process.exits import Exit
from tests.support.processes.fleet import write_config
from tests.support.signals.scenes import CLOSE

run = CliRunner().invoke
ON = {"publish_judgements": True}


def gate(name: str, *, passed: bool, **more: Any) -> ToldGate:
    return ToldGate(name=name, reason="no_fvg", passed=passed, **more)


def judgement(strategy: str, symbol: str = "BTCUSDT", **more: Any) -> ToldJudgement:
    return ToldJudgement(symbol=symbol, strategy=strategy, timeframe="15m", **more)


SIGNAL = judgement("ob_fvg", signal=ToldSignal(side="BUY", entry=101.5, stop=99.8, target=104.9, score=5.5))
SHORT = gate("block_score", passed=False, value=0.41, limit=0.6, unit="points")
CLOSELY = judgement("ote", "ETHUSDT", reasons=("no_fvg",), gates=(gate("a", passed=True), SHORT))
FAR = judgement("judas", reasons=("no_fvg",), gates=(SHORT, gate("b", passed=False, text="No gap in the zone.")))
PAUSED = judgement("silver_bullet", reasons=("paused",))
DUMB = judgement("grid", reasons=("no_setup",))
BUNDLE = JudgementBundle(partition=0, close_time=CLOSE, judgements=(SIGNAL, CLOSELY, FAR, PAUSED, DUMB))


def test_a_line_says_when_where_who_and_what() -> None:
    """SIG-7: a signal with its prices; a setup that was close with what it lacks."""
    assert list(lines(BUNDLE, Wanted())) == [
        "2024-01-02 00:15 UTC  BTCUSDT      ob_fvg 15m: SIGNAL BUY at 101.5, stop 99.8, target 104.9, score 5.5",
        "2024-01-02 00:15 UTC  ETHUSDT      ote 15m: no_fvg (1 of 2 gates hold): block_score 0.41 against 0.6 points",
        "2024-01-02 00:15 UTC  BTCUSDT      silver_bullet 15m: paused",
    ]


@pytest.mark.parametrize(
    ("wanted", "strategies"),
    [
        ({}, [SIGNAL, CLOSELY, PAUSED]),
        ({"near": 0}, [SIGNAL, PAUSED]),
        ({"near": 2}, [SIGNAL, CLOSELY, FAR, PAUSED]),
        ({"everything": True}, [SIGNAL, CLOSELY, FAR, PAUSED, DUMB]),
        ({"symbol": "ETHUSDT"}, [CLOSELY]),
        ({"strategy": "judas", "everything": True}, [FAR]),
    ],
    ids=["default", "signals", "farther", "all", "one symbol", "one strategy"],
)
def test_signals_and_setups_that_were_close_are_shown(wanted: dict[str, Any], strategies: list[ToldJudgement]) -> None:
    """SIG-7: a strategy without gates is never close, because nobody knows."""
    assert [each for each in BUNDLE.judgements if Wanted(**wanted).shows(each)] == strategies


def test_a_gate_is_told_by_its_sentence_where_it_came_along() -> None:
    """SIG-7."""
    (line,) = lines(BUNDLE, Wanted(near=2, strategy="judas"))
    assert line.endswith("no_fvg (0 of 2 gates hold): block_score 0.41 against 0.6 points; No gap in the zone.")


def test_judgements_that_did_not_fit_are_counted() -> None:
    """SIG-7: a person is not left to believe that it was all."""
    (line,) = lines(JudgementBundle(partition=3, close_time=CLOSE, judgements=(), left_out=12), Wanted())
    assert line.endswith("12 more judgements of partition 3 did not fit into one message")


@pytest.mark.parametrize(
    ("settings", "words", "code", "says"),
    [
        ({}, (), Exit.CONFIG_INVALID, "signals.publish_judgements is off"),
        ({"signals": ON, "layout": "embedded"}, (), Exit.CONFIG_INVALID, "without a broker"),
        ({"signals": ON}, ("--strategy", "ote"), Exit.USAGE, "signals.strategies has ob_fvg"),
        ({"signals": ON}, ("--symbol", "XRPUSDT"), Exit.USAGE, "symbols has BTCUSDT, ETHUSDT"),
        ({"signals": ON, "bus": {"url": "amqp://nobody:none@127.0.0.1:1/"}}, (), Exit.UNREACHABLE, "cannot be reached"),
    ],
    ids=["switched off", "one process", "unknown strategy", "unknown symbol", "no broker"],
)
def test_a_watch_that_would_show_nothing_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], words: tuple[str, ...], code: Exit, says: str
) -> None:
    """OPS-10: nobody waits in front of an empty screen."""
    monkeypatch.delenv("ICT_CONFIG", raising=False)
    result = run(app, ["watch", *words, "--config", str(write_config(tmp_path / "c.yaml", settings))])
    assert result.exit_code == code, result.output
    assert says in " ".join(result.output.split())


def test_words_of_a_strategy_are_one_line_and_no_command_for_the_terminal() -> None:
    """SIG-8: a sentence of a plug-in that clears the screen, or looks like a signal in a line of its own."""
    text = "\x1b[2Jno\n2024-01-02 00:15 UTC  BTCUSDT  ob_fvg 15m: SIGNAL BUY"
    said = judgement("grid", reasons=("no_setup",), gates=(gate("a", passed=False, text=text),))
    (line,) = lines(JudgementBundle(partition=0, close_time=CLOSE, judgements=(said,)), Wanted())
    assert line.isprintable()
    assert "\\x1b[2Jno\\n2024" in line
