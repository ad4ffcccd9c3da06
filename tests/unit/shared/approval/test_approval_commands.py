"""A command is obeyed once, if the operator signed exactly it for this account, and if it is fresh (RISK-7, OPS-7)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.approval.commands import EXPIRY_MS, CommandMemory, Fault, sign
from shared.approval.signing import COMMAND, INTENT, Realm, Signer
from shared.domain.control import Control
from tests.support.approval.pairs import COMMANDER, JUDGE, OPERATOR, OTHER, REALM

NOW = 1_700_000_000_000


def command(name: Any = "rearm", identity: str = "c1", sent_at: int = NOW, **more: Any) -> Control:
    return Control(id=identity, command=name, by="me", reason="a drill", sent_at=sent_at, **more)


def judged(control: Control, memory: CommandMemory | None = None, now: int = NOW) -> Fault | None:
    return JUDGE.judge(control, memory or CommandMemory(), now)


@pytest.mark.parametrize("name", ["halt", "cancel", "flatten", "rearm"])
def test_a_fresh_command_of_the_operator_is_obeyed(name: str) -> None:
    """RISK-7: also at the last moment, and by a clock that is a little ahead."""
    assert judged(sign(command(name), COMMANDER)) is None
    assert judged(sign(command(name), COMMANDER), now=NOW + EXPIRY_MS) is None
    assert judged(sign(command(name), COMMANDER), now=NOW - EXPIRY_MS) is None


@pytest.mark.parametrize(
    ("control", "now", "fault"),
    [
        (command(), NOW, "unsigned"),
        (command("halt"), NOW, "unsigned"),
        (sign(command(), COMMANDER), NOW + EXPIRY_MS + 1, "stale"),
        (sign(command(), COMMANDER), NOW - EXPIRY_MS - 1, "ahead"),
        (sign(command("close"), COMMANDER), NOW, "misshapen"),
        (sign(command("rearm", symbol="BTCUSDT"), COMMANDER), NOW, "misshapen"),
        (sign(command("rearm", strategy="ob_fvg"), COMMANDER), NOW, "misshapen"),
        (sign(command("close", symbol="BTCUSDT", strategy="ob_fvg"), COMMANDER), NOW, "misshapen"),
        (sign(command("pause"), COMMANDER), NOW, "misshapen"),
        (sign(command("resume", symbol="BTCUSDT"), COMMANDER), NOW, "misshapen"),
        (sign(command(), Signer(OTHER.private, REALM, COMMAND)), NOW, "forged"),
        (sign(command(), Signer(OPERATOR.private, REALM, INTENT)), NOW, "forged"),
        (sign(command(), Signer(OPERATOR.private, Realm("live", "ict", "main"), COMMAND)), NOW, "forged"),
        (sign(command(), Signer(OPERATOR.private, Realm("sim", "ict-2", "main"), COMMAND)), NOW, "forged"),
        (sign(command(), Signer(OPERATOR.private, Realm("sim", "ict", "second"), COMMAND)), NOW, "forged"),
        (command(signature="x"), NOW, "forged"),
    ],
)
def test_any_other_is_refused_with_its_fault(control: Control, now: int, fault: str) -> None:
    """OPS-7: whoever can write to the broker cannot re-arm."""
    assert judged(control, now=now) == fault


@pytest.mark.parametrize(
    "change",
    [{"command": "flatten"}, {"id": "c2"}, {"by": "you"}, {"reason": "another"}, {"sent_at": NOW + 1}],
    ids=lambda change: next(iter(change)),
)
def test_a_command_that_was_altered_is_refused(change: dict[str, Any]) -> None:
    """OPS-7: the signature is of the whole command."""
    assert judged(msgspec.structs.replace(sign(command("halt"), COMMANDER), **change)) == "forged"


def test_a_symbol_cannot_be_exchanged() -> None:
    """RISK-7: `ict close` closes what was typed."""
    closing = sign(command("close", symbol="BTCUSDT"), COMMANDER)
    assert judged(closing) is None
    assert judged(msgspec.structs.replace(closing, symbol="ETHUSDT")) == "forged"


def test_a_strategy_cannot_be_exchanged_or_a_symbol_left_out() -> None:
    """SIG-8: `ict resume` lets go of what was typed, and of no more."""
    resuming = sign(command("resume", strategy="ob_fvg", symbol="BTCUSDT"), COMMANDER)
    assert judged(resuming) is None
    assert judged(sign(command("pause", strategy="ob_fvg"), COMMANDER)) is None
    assert judged(msgspec.structs.replace(resuming, strategy="ote")) == "forged"
    assert judged(msgspec.structs.replace(resuming, symbol=None)) == "forged"


def test_a_command_acts_once_until_it_is_stale() -> None:
    """OPS-7: at no moment may a recorded command act again, however much is sent in between."""
    memory, control = CommandMemory(), sign(command(sent_at=NOW + EXPIRY_MS), COMMANDER)
    assert judged(control, memory) is None
    for number in range(300):
        assert judged(sign(command("halt", f"h{number}"), COMMANDER), memory) is None
        assert judged(command("halt", f"f{number}"), memory) == "unsigned"
    for now in range(NOW, NOW + 3 * EXPIRY_MS, 1_000):
        judged(sign(command("halt", f"later-{now}", now), COMMANDER), memory, now)
        assert judged(control, memory, now) in ("replayed", "stale")


def test_the_memory_of_commands_does_not_grow_with_time() -> None:
    """Invariant 6: ids are forgotten once their commands are stale."""
    memory = CommandMemory()
    for now in range(NOW, NOW + 100 * EXPIRY_MS, EXPIRY_MS // 2):
        assert judged(sign(command("halt", f"h{now}", now), COMMANDER), memory, now) is None
    assert len(memory.taken) <= 3


def test_a_service_may_stop_entries_and_nothing_else() -> None:
    """RISK-7: execution halts when the exchange refuses its key; it cannot undo that."""
    for name in ("halt", "cancel", "flatten", "rearm"):
        control = Control(id="e", command=name, by="execution", reason="the key is refused")  # type: ignore[arg-type]  # a table
        assert judged(control) == (None if name == "halt" else "unsigned")


def test_a_flood_of_refusals_is_told_once_a_minute_with_its_count() -> None:
    """OPS-7: two thousand forged commands must not drown the alerts."""
    memory, forged = CommandMemory(), command("rearm")
    told = [text for _ in range(2_000) if (text := JUDGE.note("unsigned", forged, memory, NOW))]
    assert told == ["rearm by 'me' is refused: it is not signed"]
    later = JUDGE.note("unsigned", forged, memory, NOW + 60_000)
    assert "2000 such since the last alert" in later
    assert memory.all_refused == 2_001
