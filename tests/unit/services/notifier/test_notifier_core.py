"""What people are told: trades, the kill switch, alerts once, floods as a number."""

from __future__ import annotations

import pytest

from services.notifier.core import NotifierCore
from services.notifier.settings import NotifierSettings
from shared.domain.control import Alert, ClockTick, Control
from shared.domain.message import Message
from tests.support.journal.scenes import D, at, risk, stated, trade
from tests.support.runtime.telling import tell


def core(**changes: object) -> NotifierCore:
    return NotifierCore(NotifierSettings(**changes))  # type: ignore[arg-type]  # a table row


def told(notifier: NotifierCore, *messages: Message) -> list[str]:
    return [notification.text for message in messages for notification in tell(notifier, message)]


def alert(minute: int, key: str = "slow", severity: str = "warning", text: str = "the feed is late") -> Alert:
    return Alert(severity=severity, source="ingest", key=key, text=text, time=at(minute) if minute else 0)  # type: ignore[arg-type]  # a table row


CLOSED = trade("closed", result=D("19.10"), risk_amount=D("10"), exit_price=D("102"), exit_reason="target")


def test_trade_is_told_when_it_is_protected_and_when_it_is_closed() -> None:
    """OPS-5: the texts that a trader reads, each once, whatever states lie between."""
    messages = [
        stated(1, trade("entering")), stated(2, trade("protecting")), stated(3, trade("open")), stated(4, trade("open")),
        stated(5, trade("closing")), stated(6, closed=(CLOSED,)),
    ]  # fmt: skip
    assert told(core(), *messages, *messages) == [
        "BTCUSDT long opened: 0.015 at 100.1, risking 9.90 USDT",
        "BTCUSDT long closed at target: +1.9 R, +19.10 USDT",
    ]


def test_failed_trade_is_a_warning() -> None:
    """A trade that did not come about is told as such."""
    failed = trade("failed", side="SELL", result=D("-0.05"), exit_reason="entry_rejected")
    (notification,) = tell(core(), stated(1, closed=(failed,)))
    assert (notification.kind, notification.severity) == ("trade_failed", "warning")
    assert notification.text == "BTCUSDT short did not come about (entry rejected): -0.05 USDT"


def test_trades_open_since_long_are_no_news_after_a_restart() -> None:
    """A restarted notifier does not tell the whole book again; what opened within the window it does."""
    old, new = trade("open", opened_at=at(1)), trade("open", intent_id="i-2", symbol="ETHUSDT", opened_at=at(59))
    notifier = core()
    assert told(notifier, stated(60, old, new)) == ["ETHUSDT long opened: 0.015 at 100.1, risking 9.90 USDT"]
    assert told(notifier, stated(61, old, new)) == []


def test_kill_switch_changes_are_told_whatever_the_least_severity() -> None:
    """RISK-3: whoever runs the system must know whether it trades."""
    notifier = core(min_severity="critical")
    notes = [
        note
        for minute, state, reason in [
            (1, "NORMAL", ""), (2, "DAY_HALT", "3 % lost"), (3, "DAY_HALT", "3 % lost"), (4, "HALTED", "an operator"),
            (4, "NORMAL", "a duplicate of its time"), (5, "NORMAL", ""),
        ]
        for note in tell(notifier, risk(minute, state, reason))
    ]  # fmt: skip
    assert [note.severity for note in notes] == ["warning", "critical", "info"]
    assert [note.text for note in notes] == [
        "Entries are stopped until the next UTC day (3 % lost). Day -0.90 USDT, equity 9,999.10 USDT",
        "Entries are stopped until re-armed by hand (an operator). Day -0.90 USDT, equity 9,999.10 USDT",
        "Entries are allowed again. Day -0.90 USDT, equity 9,999.10 USDT",
    ]


def test_switch_that_is_not_normal_is_told_at_the_first_sight() -> None:
    """A restart while halted reminds."""
    assert len(told(core(), risk(1, "HALTED", "x"))) == 1


def test_alert_is_told_once_a_window_with_what_was_left_unsaid() -> None:
    """OPS-5: repeats of one key are one alert; other keys are others; redeliveries are no repeats."""
    notifier = core(dedupe_window_ms=10 * 60_000)
    assert told(notifier, alert(1), alert(2), alert(2), alert(5), alert(5, key="other"), alert(11)) == [
        "ingest: the feed is late",
        "ingest: the feed is late",
        "ingest: the feed is late (and 2 more since it was last told)",
    ]
    assert told(notifier, alert(12)) == []


def test_alert_without_a_time_happens_now() -> None:
    """The lanes' own alerts carry no time: they are windowed by the time of what is around them."""
    notifier = core(dedupe_window_ms=10 * 60_000)
    assert len(told(notifier, alert(1, key="x"), alert(0), alert(0), risk(20), alert(0))) == 3


@pytest.mark.parametrize(("least", "count"), [("info", 3), ("warning", 2), ("critical", 1)])
def test_least_severity_is_obeyed(least: str, count: int) -> None:
    """Who wants to hear only of trouble hears only of trouble."""
    notifier = core(min_severity=least)
    messages = [alert(1, key=severity, severity=severity) for severity in ("info", "warning", "critical")]
    assert len(told(notifier, *messages)) == count
    assert told(core(min_severity="warning"), stated(1, trade("open"))) == []


def test_flood_is_cut_and_its_remainder_told_as_a_number() -> None:
    """OPS-5: rate-limited in message time; critical ones keep tokens that others cannot use up."""
    notifier = core(burst=5, reserved_for_critical=2, per_minute=1)
    flood = [alert(1, key=str(number)) for number in range(9)]
    assert len(told(notifier, *flood)) == 3
    assert len(told(notifier, *(alert(1, key=f"c{number}", severity="critical") for number in range(4)))) == 2
    assert told(notifier, risk(2)) == []  # one token a minute: still within the reserve
    (note,) = [note for message in (risk(3), risk(4)) for note in tell(notifier, message)]
    assert note.text == "8 suppressed by the rate limit: 2 critical, 6 warning"
    assert (note.kind, note.severity) == ("suppressed", "critical")
    assert told(notifier, risk(5), risk(6)) == []


def test_memory_is_bounded_and_open_trades_are_never_forgotten() -> None:
    """Invariant 6: the oldest condition is forgotten; a trade that stays open is renewed by each report."""
    notifier = core(remembered=3, burst=1000)
    assert len(told(notifier, stated(1, trade("open")))) == 1
    for minute in range(2, 40):
        assert told(notifier, alert(minute, key=str(minute)), stated(minute, trade("open"))) == ["ingest: the feed is late"]
    assert len(notifier.snapshot()) < 1_000


def test_reset_begins_anew_and_other_messages_say_nothing() -> None:
    """A new simulated session has times of its own."""
    notifier = core()
    assert told(notifier, stated(9, trade("open", opened_at=at(9)))) != []
    assert told(notifier, ClockTick(time=at(10)), Control(id="1", command="halt", by="me", reason="")) == []
    assert told(notifier, stated(8, trade("open", opened_at=at(8)))) == []
    assert told(notifier, Control(id="2", command="reset", by="replay", reason="")) == []
    assert told(notifier, stated(8, trade("open", opened_at=at(8)))) != []


@pytest.mark.parametrize("url", ["ftp://x", "example.org", ""])
def test_webhook_that_is_no_web_address_is_refused(url: str) -> None:
    """A mistake in the configuration is said at start."""
    with pytest.raises(ValueError, match="http"):
        NotifierSettings(webhook_url=url)  # type: ignore[arg-type]  # as a file gives it


def test_reserve_must_leave_room() -> None:
    """A reserve as large as the burst would silence everything else."""
    with pytest.raises(ValueError, match="reserved_for_critical"):
        NotifierSettings(burst=5, reserved_for_critical=5)
