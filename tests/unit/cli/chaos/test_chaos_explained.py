"""Alerts of a drill: what is behind each is told from what is behind none."""

from __future__ import annotations

import pytest

from cli.chaos.explained import AFTER_MS, CAUSES, unexplained
from cli.chaos.faults import FAULTS
from cli.chaos.plan import ILLS, PROCESSES, SERVERS, Strike, Struck
from shared.domain.control import Alert

BEGAN = 1_000_000
LATER = BEGAN + 10 * AFTER_MS


def alert(kind: str) -> Alert:
    source, _, key = kind.partition(": ")
    return Alert(severity="warning", source=source, key=f"{key}.1", text="words", time=1)


def heard(kind: str, strike: Strike | None, after_ms: int = 1_000) -> list[str]:
    """What is left of an alert that comes so long after a strike of two seconds."""
    struck = [] if strike is None else [Struck(strike, LATER - 2_000, LATER)]
    return unexplained([(LATER + after_ms, alert(kind))], struck, [], BEGAN)


KILLED = Strike("kill", ("execution.a",))
OUTAGE = Strike("faults", faults=("latency", "rest_outage"), ms=2_000)


@pytest.mark.parametrize(
    ("kind", "strike"),
    [
        ("execution: entry_failed", KILLED),
        ("execution: halt", Strike("stop", ("guardian",), ms=2_000)),
        ("execution: frozen", OUTAGE),
        ("execution: rival", Strike("server", ("redis",), how="cut", ms=2_000)),
        ("execution: foreign", Strike("faults", faults=("app_order, a stop", "latency"), ms=2_000)),
        ("execution: filters", Strike("faults", faults=("filters", "latency"), ms=2_000)),
        ("risk: kill_switch", Strike("halt", ms=2_000)),
    ],
)
def test_an_alert_is_explained_by_a_strike_that_can_be_behind_it_and_by_none_that_is_long_past(
    kind: str, strike: Strike
) -> None:
    """OPS-9."""
    assert heard(kind, strike) == []
    assert heard(kind, strike, after_ms=AFTER_MS) == []
    assert len(heard(kind, strike, after_ms=AFTER_MS + 1)) == 1
    assert len(heard(kind, None)) == 1


@pytest.mark.parametrize(
    ("kind", "strike"),
    [
        ("execution: foreign", OUTAGE),
        ("execution: margin_call", OUTAGE),
        ("execution: stop_lost", Strike("kill", ("journal",))),
        ("ingest: candle_wrong", KILLED),
        ("journal: dead_letter", KILLED),
    ],
)
def test_a_strike_that_cannot_be_behind_it_explains_nothing(kind: str, strike: Strike) -> None:
    assert heard(kind, strike) == [f"{kind} ({kind.partition(': ')[2]}.1): words"]


def test_an_alert_may_be_behind_another_and_must_itself_be_explained() -> None:
    frozen, thawed = (LATER, alert("execution: frozen")), (LATER + 5_000, alert("execution: thawed"))
    left = unexplained([frozen, thawed], [], [], BEGAN)
    assert [each.partition(" (")[0] for each in left] == ["execution: frozen"]


@pytest.mark.parametrize("halt", ["execution: halt", "execution: control"])
@pytest.mark.parametrize("told", ["risk: control", "risk: kill_switch"])
def test_a_halt_of_execution_explains_what_risk_tells_of_it(halt: str, told: str) -> None:
    """OPS-9: by whichever of its two alerts it is heard of."""
    struck = [Struck(KILLED, LATER - 2_000, LATER)]
    assert unexplained([(LATER, alert(halt)), (LATER + AFTER_MS, alert(told))], struck, [], BEGAN) == []


def test_a_first_start_and_the_drills_own_commands_are_explained() -> None:
    assert unexplained([(BEGAN + 5_000, alert("execution: halt"))], [], [], BEGAN) == []
    assert unexplained([(LATER + 5_000, alert("risk: control"))], [], [LATER], BEGAN) == []
    assert len(unexplained([(LATER + 5_000, alert("risk: control"))], [], [], BEGAN)) == 1


def test_every_cause_is_something_that_a_drill_can_strike_or_another_alert() -> None:
    kinds = {name.partition(",")[0] for name in FAULTS}
    words = {"start", "command", "process", "server", "exchange", "rules", "limit", "hand", *SERVERS, *kinds, *CAUSES}
    words |= {name.partition(".")[0] for name in PROCESSES}
    assert {cause for causes in CAUSES.values() for cause in causes} <= words
    assert ILLS
