"""A protocol server in a thread of its own, for tests that send request after request without an event loop."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulator.server.rest.context import Context
from simulator.server.serving import serving
from tests.support.simulator.protocol_server import SEED, STEP, make_context, server_settings

#: Far more than a test asks for.
NO_LIMIT = 10_000_000


class Complaints(logging.Handler):
    """Collects what is logged as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info:
            self.texts.append(self.format(record))


@dataclass(repr=False)
class BackgroundServer:
    """A lock-step server without rate limits. ``complaints``: errors and tracebacks in its log."""

    context: Context
    port: int
    complaints: Complaints
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a request; return status and body of the answer."""
        self._connection.request(method, target, body or None, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def admin(self, method: str, page: str, body: object = None) -> Any:
        """The JSON of a control page."""
        return json.loads(self.ask(method, f"/sim/{page}", json.dumps(body).encode(), {})[1])


@contextmanager
def background_server() -> Iterator[BackgroundServer]:
    """Run the server until the block ends. Raises what made its market fail."""
    settings = server_settings(
        weight_minute=NO_LIMIT, orders_ten_seconds=NO_LIMIT, orders_minute=NO_LIMIT, hold_s=0.01, strict_time="never"
    )
    context = make_context(settings)
    context.session.advance(context.session.time + 2_000)
    ready, ended = threading.Event(), asyncio.Event()
    found: list[tuple[int, asyncio.AbstractEventLoop]] = []
    failed: list[BaseException] = []

    async def run() -> None:
        async with serving(context, settings, speed=STEP, seed=SEED) as server:
            found.append((int(server.url.rpartition(":")[2]), asyncio.get_running_loop()))
            ready.set()
            await ended.wait()

    def thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001  # raised again by the test's thread
            failed.append(error)
        finally:
            ready.set()

    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    running = threading.Thread(target=thread)
    running.start()
    try:
        ready.wait()
        if failed:
            raise failed[0]
        port, loop = found[0]
        with closing(BackgroundServer(context, port, complaints)) as server:
            yield server
        loop.call_soon_threadsafe(ended.set)
        running.join()
        if failed:
            raise failed[0]
    finally:
        if running.is_alive() and found:
            found[0][1].call_soon_threadsafe(ended.set)
            running.join()
        logging.getLogger().removeHandler(complaints)
