"""The notifier's core under any stream: deterministic, restorable, silent on repeats, within its rate."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core import NotifierCore
from services.notifier.notification import Notification
from services.notifier.settings import NotifierSettings
from shared.domain.control import Alert
from shared.domain.message import Message
from tests.support.journal.scenes import at, risk, stated, trade
from tests.support.runtime.telling import tell

SETTINGS = NotifierSettings(burst=4, reserved_for_critical=1, per_minute=2, remembered=50, dedupe_window_ms=180_000)
MINUTES = st.integers(0, 30)
SEVERITIES = st.sampled_from(["info", "warning", "critical"])
ALERTS = st.builds(
    lambda minute, key, severity: Alert(severity=severity, source="x", key=key, text="text", time=at(minute)),
    MINUTES, st.sampled_from("abc"), SEVERITIES,
)  # fmt: skip
REPORTS = st.builds(
    lambda minute, states: stated(
        minute,
        *(trade(state, intent_id=str(i)) for i, state in enumerate(states) if state != "closed"),
        closed=tuple(trade(state, intent_id=str(i)) for i, state in enumerate(states) if state == "closed"),
    ),
    MINUTES, st.lists(st.sampled_from(["entering", "open", "closed"]), max_size=3),
)  # fmt: skip
RISKS = st.builds(risk, MINUTES, st.sampled_from(["NORMAL", "DAY_HALT", "HALTED"]))
STREAMS = st.lists(st.one_of(ALERTS, REPORTS, RISKS), max_size=40)


def run(core: NotifierCore, messages: list[Message]) -> list[Notification]:
    return [notification for message in messages for notification in tell(core, message)]


@settings(max_examples=150, deadline=None)
@given(STREAMS, st.integers(0, 40))
def test_restored_core_cannot_be_told_from_the_original(messages: list[Message], cut: int) -> None:
    """The same messages give the same notifications, through a snapshot anywhere."""
    whole = NotifierCore(SETTINGS)
    expected = run(whole, messages)
    first, second = NotifierCore(SETTINGS), NotifierCore(SETTINGS)
    begun = run(first, messages[:cut])
    second.restore(first.snapshot())
    assert begun + run(second, messages[cut:]) == expected
    assert second.snapshot() == whole.snapshot()


@settings(max_examples=150, deadline=None)
@given(STREAMS)
def test_repeating_every_message_says_nothing_new(messages: list[Message]) -> None:
    """Invariant 3: redelivery is harmless: not a word more, not a repeat counted."""
    doubled = [message for message in messages for _ in range(2)]
    assert run(NotifierCore(SETTINGS), doubled) == run(NotifierCore(SETTINGS), messages)


UNLIMITED = SETTINGS.model_copy(update={"burst": 1_000})


def check_rate(notes: list[Notification]) -> None:
    for first, begin in enumerate(notes):
        for last in range(first, len(notes)):
            minutes = (notes[last].time - begin.time) / 60_000
            assert last - first + 1 <= SETTINGS.burst + SETTINGS.per_minute * minutes + 1e-6


@settings(max_examples=150, deadline=None)
@given(STREAMS)
def test_rate_is_kept_over_any_span(messages: list[Message]) -> None:
    """Never more than the burst and what has flowed in since, over any span of message time."""
    check_rate(run(NotifierCore(SETTINGS), messages))


def test_core_without_a_limit_is_caught() -> None:
    """The specimen: a flood in one instant that the limit would have cut."""
    flood: list[Message] = [Alert(severity="info", source="x", key=str(n), text="text", time=at(1)) for n in range(9)]
    with pytest.raises(AssertionError):
        check_rate(run(NotifierCore(UNLIMITED), flood))


@settings(max_examples=100, deadline=None)
@given(STREAMS)
def test_nothing_is_lost_without_being_counted(messages: list[Message]) -> None:
    """What the limit cuts is told as a number, once there is room again."""
    everything = [n for n in run(NotifierCore(UNLIMITED), messages) if n.kind != "suppressed"]
    limited = NotifierCore(SETTINGS)
    notes = run(limited, messages) + run(
        limited, [Alert(severity="info", source="end", key="end", text="", time=at(10_000))]
    )
    told = sum(n.kind != "suppressed" for n in notes) - 1
    cut = sum(int(n.text.split(" ", 1)[0]) for n in notes if n.kind == "suppressed")
    assert told + cut == len(everything)
