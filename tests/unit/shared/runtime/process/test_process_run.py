"""From the coroutine's end to the exit code; signals are tested on a real child in tests/integration/shared/runtime."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client import REGISTRY

from shared.config.load import ConfigInvalid, Fault
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.run import Stop, run_process
from shared.runtime.process.vitals import VitalsPolicy


@pytest.fixture(autouse=True)
def _no_context_left() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()


def code_of(main) -> int:
    with pytest.raises(SystemExit) as caught:
        run_process("trial", main, VitalsPolicy(interval=0.01, looks=3))
    assert isinstance(caught.value.code, int)
    return caught.value.code


def raises(error: BaseException):
    async def main(stop: Stop) -> None:
        raise error

    return main


def returns(value: Exit | None):
    async def main(stop: Stop) -> Exit | None:
        return value

    return main


def test_the_exit_code_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """The codes are a promise to scripts: 0 ok, 1 negative, 2 usage, 3 config, 4 unreachable, 5 refused, 70 crashed."""
    assert code_of(returns(None)) == 0
    assert code_of(returns(Exit.NEGATIVE)) == 1
    assert code_of(raises(ConfigInvalid([Fault("a.yaml:1", "mode", "is wrong")]))) == 3
    assert code_of(raises(Leave(Exit.UNREACHABLE, "no broker"))) == 4
    assert code_of(raises(Leave(Exit.REFUSED, "unsafe"))) == 5
    assert code_of(raises(ValueError("a bug"))) == 70
    assert code_of(raises(KeyboardInterrupt())) == 130
    told = capsys.readouterr().err
    assert "a.yaml:1: mode: is wrong" in told
    assert "no broker" in told


def test_the_numbers_of_the_codes_are_fixed() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0, "NEGATIVE": 1, "USAGE": 2, "CONFIG_INVALID": 3, "UNREACHABLE": 4, "REFUSED": 5, "CRASHED": 70,
        "INTERRUPTED": 130,
    }  # fmt: skip


async def test_the_first_reason_to_stop_stays() -> None:
    stop = Stop()
    assert (stop.is_set, stop.reason) == (False, None)
    waiting = asyncio.ensure_future(stop.wait())
    stop.set("SIGTERM")
    stop.set("SIGINT")
    await waiting
    assert (stop.is_set, stop.reason) == (True, "SIGTERM")


def test_a_blocked_event_loop_shows_in_the_lag_gauge_and_is_forgotten_again() -> None:
    """OPS-3: what stalls the loop delays every order; a stall between two scrapes must be seen."""
    seen: list[float] = []

    def lag() -> float:
        return REGISTRY.get_sample_value("ict_loop_lag_seconds") or 0.0

    async def until(holds) -> None:
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110  a gauge has no event to wait for
                await asyncio.sleep(0)

    async def main(stop: Stop) -> None:
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251  the stall that must be seen
        await until(lambda: lag() > 0.2)
        seen.append(lag())
        await until(lambda: lag() < 0.2)
        seen.append(lag())

    assert code_of(main) == 0
    assert seen[0] > 0.2 > seen[1]


def test_memory_and_build_are_told() -> None:
    assert code_of(returns(None)) == 0
    assert (REGISTRY.get_sample_value("ict_resident_memory_bytes") or 0) > 1e6
    builds = [sample.labels for metric in REGISTRY.collect() if metric.name == "ict_build_info" for sample in metric.samples]
    assert [set(labels) for labels in builds if labels["service"] == "trial"] == [{"service", "version", "python"}]
