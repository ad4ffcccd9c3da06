"""A strategy that an operator pauses by command: what is obeyed, what is refused, and what both say (SIG-8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from services.signals.core import SignalsCore
from services.signals.overview import PausedStrategy, SignalsOverview
from services.signals.pauses import Operator
from services.signals.settings import SignalsSettings
from services.signals.strategies.ob_fvg import ObFvgSettings
from shared.approval.commands import EXPIRY_MS, sign
from shared.domain.control import Alert, Control
from shared.domain.decisions import DecisionBundle
from shared.domain.timeframes import TIMEFRAMES, closing_at
from tests.support.approval.pairs import COMMANDER, CREDULOUS, JUDGE
from tests.support.signals.scenes import CLOSE, block, bundle, gap

BOTH = ("BTCUSDT", "ETHUSDT")
SETTINGS = SignalsSettings(strategies=("ob_fvg", "ote"), ob_fvg=ObFvgSettings(warmup_candles=0))
PLACES = {"BTCUSDT": 0, "ETHUSDT": 0, "SOLUSDT": 1}
#: Believes the signature "good"; a symbol that nobody trades belongs into partition 0.
OPERATOR = Operator(CREDULOUS, lambda symbol: PLACES.get(symbol, 0))


def core(settings: SignalsSettings = SETTINGS, operator: Operator | None = OPERATOR) -> SignalsCore:
    return SignalsCore(0, BOTH, TIMEFRAMES, settings, operator=operator)


def command(name: Any, strategy: str | None = "ob_fvg", symbol: str | None = None, **changes: Any) -> Control:
    fields: dict[str, Any] = {"id": "c1", "by": "me", "reason": "a test", "signature": "good", **changes}
    return Control(command=name, strategy=strategy, symbol=symbol, **fields)


def told(target: SignalsCore, control: Control, now: int = CLOSE) -> Alert:
    (alert,) = target.handle(control, now)
    assert isinstance(alert, Alert)
    return alert


def signals(target: SignalsCore) -> dict[str, Sequence[str]]:
    """Symbol → what ob_fvg answers at a close at which it would signal in both; no reasons = it signals."""
    analysed = [bundle(timeframe, CLOSE, BOTH, block(), gap()) for timeframe in closing_at(CLOSE, TIMEFRAMES)]
    outputs = [each for message in analysed for each in target.handle(message, CLOSE)]
    (decided,) = [each for each in outputs if isinstance(each, DecisionBundle)]
    return {each.symbol: each.judgements[0].reasons for each in decided.decisions}


def shown(target: SignalsCore) -> list[tuple[str, str, str]]:
    part = target.overview()["signals.p0"]
    assert isinstance(part, SignalsOverview)
    return [(each.strategy, each.symbol, each.by) for each in part.paused]


def test_a_paused_strategy_goes_on_judging_and_answers_paused_where_it_would_have_signalled() -> None:
    """SIG-8: in every symbol, until it is resumed; the operator is told by an alert with the command's id."""
    target = core()
    alert = told(target, command("pause"))
    assert (alert.severity, alert.source, alert.key) == ("info", "signals.p0", "control.c1")
    assert "pause by me: a test; ob_fvg gives no signal in every symbol until `ict resume`" in alert.text
    assert "`ict cancel` ends entries that rest" in alert.text
    assert signals(target) == {"BTCUSDT": ("paused",), "ETHUSDT": ("paused",)}


def test_a_pause_in_one_symbol_leaves_the_others_and_other_strategies() -> None:
    """SIG-8: `--symbol`."""
    target = core()
    told(target, command("pause", "ob_fvg", "ETHUSDT"))
    told(target, command("pause", "ote", id="c2"))
    assert shown(target) == [("ob_fvg", "ETHUSDT", "command"), ("ote", "", "command")]
    assert signals(target) == {"BTCUSDT": (), "ETHUSDT": ("paused",)}


def test_a_resumed_strategy_signals_again_and_the_pause_spent_no_zone() -> None:
    """SIG-8: what it would have signalled while it was paused is not counted as used."""
    target, resumed = core(), core()
    told(target, command("pause"))
    assert signals(target)["BTCUSDT"] == ("paused",)
    assert "gives signals again in every symbol" in told(target, command("resume", id="c2")).text
    assert shown(target) == []
    told(resumed, command("pause"))
    told(resumed, command("resume", id="c2"))
    assert signals(resumed) == {"BTCUSDT": (), "ETHUSDT": ()}


def test_pauses_of_single_symbols_end_one_by_one_or_together() -> None:
    """SIG-8."""
    target = core()
    for number, symbol in enumerate(BOTH):
        told(target, command("pause", symbol=symbol, id=f"p{number}"))
    assert "and none in ETHUSDT" in told(target, command("resume", symbol="BTCUSDT", id="r1")).text
    assert shown(target) == [("ob_fvg", "ETHUSDT", "command")]
    told(target, command("pause", symbol="BTCUSDT", id="p3"))
    assert "signals again in BTCUSDT, ETHUSDT" in told(target, command("resume", id="r2")).text
    assert shown(target) == []


@pytest.mark.parametrize(
    ("before", "control", "why", "says"),
    [
        ((), command("pause", "grid"), "unknown_strategy", "there are: ob_fvg, ote"),
        ((), command("resume", "grid"), "unknown_strategy", "there are: ob_fvg, ote"),
        ((), command("pause", symbol="XRPUSDT"), "unknown_symbol", "partition 0 has: BTCUSDT, ETHUSDT"),
        ((), command("resume", "ote"), "configured", "take it out there"),
        ((command("pause", id="c0"),), command("resume", symbol="BTCUSDT"), "everywhere", "`ict resume --strategy ob_fvg`"),
    ],
    ids=["unknown strategy", "unknown resumed", "unknown symbol", "by configuration", "paused everywhere"],
)
def test_an_operators_command_that_cannot_be_obeyed_is_refused_with_a_sentence(
    before: tuple[Control, ...], control: Control, why: str, says: str
) -> None:
    """SIG-8: and nothing is changed by it; a pause of the configuration ends there alone."""
    target = core(SETTINGS.model_copy(update={"paused": ("ote",)}))
    for each in before:
        told(target, each)
    held = shown(target)
    alert = told(target, control)
    assert (alert.severity, alert.key) == ("warning", f"command_refused.{why}.c1")
    assert says in alert.text
    assert shown(target) == held


def test_a_pause_beside_that_of_the_configuration_is_kept_and_it_is_said() -> None:
    """SIG-8: whoever takes it out of the configuration later did not resume what an operator paused."""
    target = core(SETTINGS.model_copy(update={"paused": ("ob_fvg",)}))
    assert "signals.paused names it, too" in told(target, command("pause")).text
    assert shown(target) == [("ob_fvg", "", "command"), ("ob_fvg", "", "configuration")]
    later = core()
    later.restore(target.snapshot())
    assert signals(later)["BTCUSDT"] == ("paused",)


def test_a_strategy_that_was_taken_out_of_the_configuration_can_still_be_resumed() -> None:
    """SIG-8: its pause waits for it to come back, and is shown."""
    target, without = core(), core(SignalsSettings(strategies=("ote",)))
    told(target, command("pause"))
    without.restore(target.snapshot())
    assert shown(without) == [("ob_fvg", "", "command")]
    assert "signals again" in told(without, command("resume", id="c2")).text


def test_a_command_that_changes_nothing_says_so() -> None:
    """SIG-8: two operators may have the same thought."""
    target = core()
    assert "was not paused by command in any symbol" in told(target, command("resume")).text
    told(target, command("pause", id="c2"))
    assert "was paused already in every symbol" in told(target, command("pause", id="c3")).text
    assert "was paused already in every symbol" in told(target, command("pause", symbol="BTCUSDT", id="c4")).text


def test_a_command_about_another_partitions_symbol_is_passed_over() -> None:
    """SIG-8: the lane that has the symbol answers, and no other."""
    target = core()
    before = target.snapshot()
    assert list(target.handle(command("pause", symbol="SOLUSDT"), CLOSE)) == []
    assert list(target.handle(command("pause", symbol="SOLUSDT", signature=""), CLOSE)) == []
    assert target.snapshot() == before


def test_a_command_acts_once() -> None:
    """OPS-7: a recorded pause that is sent again after a resume pauses nothing."""
    target = core()
    told(target, command("pause"))
    told(target, command("resume", id="c2"))
    assert told(target, command("pause")).key == "command_refused.replayed.c1"
    assert shown(target) == []


@pytest.mark.parametrize(
    ("control", "now", "fault", "severity"),
    [
        (command("pause", signature=""), CLOSE, "unsigned", "critical"),
        (command("pause", sent_at=CLOSE), CLOSE, "forged", "critical"),
        (sign(command("pause", sent_at=CLOSE, signature=""), COMMANDER), CLOSE + EXPIRY_MS + 1, "stale", "warning"),
        (sign(command("pause", None, sent_at=CLOSE, signature=""), COMMANDER), CLOSE, "misshapen", "warning"),
    ],
    ids=["unsigned", "forged", "stale", "without a strategy"],
)
def test_nobody_but_the_operator_pauses_a_strategy(control: Control, now: int, fault: str, severity: str) -> None:
    """OPS-7: with the real judge, as in modes with a clock."""
    target = core(operator=Operator(JUDGE, PLACES.__getitem__))
    alert = told(target, control, now)
    assert (alert.key, alert.severity) == (f"command_refused.{fault}.c1", severity)
    assert shown(target) == []


def test_a_flood_of_forged_pauses_is_told_once_a_minute() -> None:
    """OPS-7: and it neither pauses nor grows the state."""
    target = core()
    alerts = [each for n in range(500) for each in target.handle(command("pause", id=f"f{n}", signature="bad"), CLOSE)]
    assert len(alerts) == 1
    assert len(target.snapshot()) < len(core().snapshot()) + 200
    assert told(target, command("pause")).severity == "info"


@pytest.mark.parametrize("name", ["halt", "cancel", "flatten", "rearm"])
def test_commands_of_others_are_passed_over(name: str) -> None:
    """RISK-7: they are obeyed by risk and execution."""
    target = core()
    assert list(target.handle(command(name, None), CLOSE)) == []


def test_without_an_operator_no_command_is_obeyed() -> None:
    """BT-1: a backtest has none, and its state the bytes that it always had."""
    target = core(operator=None)
    assert list(target.handle(command("pause"), CLOSE)) == []
    assert target.snapshot() == core().snapshot()


def test_a_state_of_the_version_before_is_restored_with_nothing_paused() -> None:
    """Invariant 3: until the first command the snapshot has the bytes that it had; an upgrade loses no memory of signals."""
    before = core(operator=None)
    signals(before)
    assert b"pauses" not in before.snapshot()
    target = core()
    target.restore(before.snapshot())
    assert shown(target) == []
    assert target.snapshot() == before.snapshot()


def test_pauses_survive_a_restart_and_ids_stay_used() -> None:
    """Invariant 3: SIGKILL ends no pause."""
    target, successor = core(), core()
    told(target, command("pause", symbol="ETHUSDT"))
    successor.restore(target.snapshot())
    assert successor.overview() == target.overview()
    assert told(successor, command("pause", symbol="ETHUSDT")).key == "command_refused.replayed.c1"
    assert signals(successor) == {"BTCUSDT": (), "ETHUSDT": ("paused",)}


def test_pauses_of_the_configuration_are_shown_beside_those_of_commands() -> None:
    """OPS-3: `ict status` and metrics say by whom."""
    target = core(SETTINGS.model_copy(update={"paused": ("ote",)}))
    told(target, command("pause", symbol="BTCUSDT"))
    assert shown(target) == [("ob_fvg", "BTCUSDT", "command"), ("ote", "", "configuration")]
    assert PausedStrategy("ote", "", "configuration") in target.overview()["signals.p0"].paused  # type: ignore[union-attr]  # shown() asserts it
