"""Runs a process from start to exit code: event loop, signals, drain, loop lag."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import structlog

from shared.config.errors import ConfigInvalid
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.vitals import VitalsPolicy, describe_build, watch_loop
from shared.runtime.supervision import end_all

log = structlog.get_logger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """A request that the process drains and ends. Set once; the first reason stays."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._reason: str | None = None

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    @property
    def reason(self) -> str | None:
        """Return the cause, for example ``SIGTERM``; None while not set."""
        return self._reason

    def set(self, reason: str) -> None:
        """Request the end of the process."""
        if self._reason is None:
            self._reason = reason
            self._event.set()

    async def wait(self) -> None:
        """Wait until the end is requested."""
        await self._event.wait()


def run_process(name: str, main: Callable[[Stop], Awaitable[Exit | None]], vitals: VitalsPolicy | None = None) -> NoReturn:
    """Run ``main`` on uvloop to its end, and exit with its exit code.

    SIGTERM and SIGINT set the Stop; ``main`` drains and returns. A second signal ends the process at once, also when the
    event loop is stuck. ``main`` returning None is success; Leave and ConfigInvalid print their text; any other error is
    logged, and the exit code is 70.
    """
    sys.exit(_run(name, main, vitals or VitalsPolicy()))


def _run(name: str, main: Callable[[Stop], Awaitable[Exit | None]], vitals: VitalsPolicy) -> Exit:
    structlog.contextvars.bind_contextvars(service=name)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_main(name, main, vitals)) or Exit.OK
    except Leave as leave:
        print(leave.reason, file=sys.stderr)  # noqa: T201  the user's sentence, not a log line
        return leave.code
    except ConfigInvalid as error:
        print(error, file=sys.stderr)  # noqa: T201  likewise
        return Exit.CONFIG_INVALID
    except KeyboardInterrupt:  # before the signal handlers were set, or after they were removed
        return Exit.INTERRUPTED
    except Exception:
        log.exception("process_crashed")
        return Exit.CRASHED


async def _main(name: str, main: Callable[[Stop], Awaitable[Exit | None]], vitals: VitalsPolicy) -> Exit | None:
    stop = Stop()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _on_first_signal, loop, stop, number)
    describe_build(name)
    watching = asyncio.create_task(watch_loop(vitals), name="loop lag")
    log.info("process_started", pid=os.getpid())
    try:
        return await main(stop)
    finally:
        await end_all([watching])
        log.info("process_ended", reason=stop.reason or "done")


def _on_first_signal(loop: asyncio.AbstractEventLoop, stop: Stop, number: signal.Signals) -> None:
    log.info("process_stopping", signal=number.name)
    for each in _SIGNALS:
        loop.remove_signal_handler(each)
        signal.signal(each, _exit_at_once)  # not through the loop: it may be stuck in a drain that hangs
    stop.set(number.name)


def _exit_at_once(number: int, _: object) -> NoReturn:
    os.write(2, f"second signal ({signal.Signals(number).name}): leaving without finishing the drain\n".encode())
    os._exit(128 + number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
