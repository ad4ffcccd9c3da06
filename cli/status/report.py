"""Puts what processes answered together as one report: `ict status --json` prints it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeVar

import msgspec

from cli.status.asking import Answer
from services.execution.overview import ExecutionOverview
from services.risk.kpis import GOALS
from services.risk.overview import RiskOverview
from services.signals.overview import PausedStrategy, SignalsOverview

#: Changes when a field goes away or means something else; new fields leave it.
VERSION: Final = 1

Part = TypeVar("Part", RiskOverview, ExecutionOverview)


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One process. name: of ``status.addresses``. services: that run in it; replica: its name among its replicas.

    parts: the states that it may have: "here", or "elsewhere" for one that stands by or has had no message yet. troubles:
    what keeps it from being ready. fault: why there is no answer, empty = there is one; next: what to do about that.
    """

    name: str
    address: str
    reached: bool
    ready: bool
    services: tuple[str, ...] = ()
    replica: str = ""
    parts: dict[str, Literal["here", "elsewhere"]] = {}
    troubles: tuple[str, ...] = ()
    fault: str = ""
    next: str = ""


class GoalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A goal of the KPI ``name``. met None: too little is known for the figure."""

    name: str
    goal: str
    met: bool | None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. time: UTC ms of the machine that asked.

    ok: every process answered, and risk and execution showed their states. risk, execution: null = nobody that was reached
    has it. led_by: part → replica that has its state. missing: a sentence for each thing that is not in the report. paused:
    strategies that may not signal, as those lanes of signals say that were reached.
    """

    version: int = VERSION
    ok: bool
    time: int
    mode: str
    account: str
    services: tuple[ServiceStatus, ...]
    risk: RiskOverview | None
    execution: ExecutionOverview | None
    led_by: dict[str, str]
    goals: tuple[GoalStatus, ...]
    missing: tuple[str, ...]
    paused: tuple[PausedStrategy, ...] = ()


def assemble(answers: Sequence[Answer], mode: str, account: str, time: int) -> StatusReport:
    """Put the answers together."""
    missing = [f"{each.name} at {each.address}: {each.fault} -> {each.next}" for each in answers if each.state is None]
    led_by: dict[str, str] = {}
    risk = _newest("risk", RiskOverview, answers, led_by, missing)
    execution = _newest("execution", ExecutionOverview, answers, led_by, missing)
    paused = _paused(answers, missing)
    return StatusReport(
        ok=not missing,
        time=time,
        mode=mode,
        account=account,
        services=tuple(map(_service, answers)),
        risk=risk,
        execution=execution,
        led_by=led_by,
        goals=() if risk is None else tuple(_goals(risk)),
        missing=tuple(missing),
        paused=paused,
    )


def _service(answer: Answer) -> ServiceStatus:
    state = answer.state
    if state is None:
        return ServiceStatus(
            name=answer.name, address=answer.address, reached=False, ready=False, fault=answer.fault, next=answer.next
        )
    troubles = [name if check is False else f"{name}: {check}" for name, check in state.checks.items() if check is not True]
    troubles += [] if state.started else ["it is starting"]
    troubles += ["it is stopping"] if state.draining else []
    return ServiceStatus(
        name=answer.name,
        address=answer.address,
        reached=True,
        ready=state.ready,
        services=state.services,
        replica=state.replica,
        parts={name: "elsewhere" if bytes(part) == b"null" else "here" for name, part in state.state.items()},
        troubles=tuple(troubles),
    )


def _newest(
    part: str, kind: type[Part], answers: Sequence[Answer], led_by: dict[str, str], missing: list[str]
) -> Part | None:
    """The part as the process has it that knows most; a process that was only frozen may still show an older one."""
    found: list[tuple[Part, str]] = []
    asked = unreadable = 0
    for answer in answers:
        raw = answer.state.state.get(part) if answer.state is not None else None
        if answer.state is None or raw is None:
            continue
        asked += 1
        try:
            shown = msgspec.json.decode(raw, type=kind | None)
        except msgspec.MsgspecError as error:
            unreadable += 1
            missing.append(_unreadable(part, answer, error))
            continue
        if shown is not None:
            found.append((shown, answer.state.replica))
    if found:
        newest, led_by[part] = max(found, key=lambda each: (_as_of(each[0]), each[1]))
        return newest
    if asked > unreadable:
        text = "it stands by, or has had no message since its start -> wait for the next close; see whether its input runs"
        missing.append(f"{part}: whoever was reached does not have its state: {text}")
    elif not asked:
        missing.append(f"{part}: nobody that was reached runs it -> see whether it runs, and name it in status.addresses")
    return None


def _paused(answers: Sequence[Answer], missing: list[str]) -> tuple[PausedStrategy, ...]:
    """What is paused in any lane of signals; its parts are called like its lanes. Nobody needs to have been asked."""
    found: set[PausedStrategy] = set()
    for answer in answers:
        parts = answer.state.state if answer.state is not None else {}
        for part, raw in parts.items():
            if not part.startswith("signals.p"):
                continue
            try:
                shown = msgspec.json.decode(raw, type=SignalsOverview | None)
            except msgspec.MsgspecError as error:
                missing.append(_unreadable(part, answer, error))
                continue
            found.update(shown.paused if shown is not None else ())
    return tuple(sorted(found, key=msgspec.structs.astuple))


def _unreadable(part: str, answer: Answer, error: Exception) -> str:
    return f"{part} at {answer.address} cannot be read: {error} -> run `ict status` of the service's version"


def _as_of(shown: RiskOverview | ExecutionOverview) -> int:
    return shown.now if isinstance(shown, RiskOverview) else shown.stated_at


def _goals(risk: RiskOverview) -> list[GoalStatus]:
    found = []
    for name, goal in GOALS.items():
        value = getattr(risk.kpis, name)
        known = value is not None and (name != "losses_in_row" or risk.kpis.trades > 0)
        found.append(GoalStatus(name=name, goal=goal.text, met=goal.is_met(value) if known else None))
    return found
