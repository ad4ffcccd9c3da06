"""Serves a service's metrics, liveness, readiness and state over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shared.core import Overview
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.state import ProcessState, encoded

_JSON: Final = "application/json"
#: Seconds that aiohttp waits for a request in progress, and once more after it cancelled it. Its default is 60: a scraper
#: that reads nothing would delay the end until the supervisor kills us. Test: test_stop_with_hanging_client_ends_in_time.
_SHUTDOWN_TIMEOUT: Final = 0.5


#: Bytes of a command's body at most.
_LARGEST_COMMAND: Final = 4_096


class HealthServer:
    """Serves ``/healthz``, ``/readyz``, ``/metrics`` and ``/state``.

    ``/healthz``: the event loop runs. It does not check the broker, because restarting this process would not restart that.
    ``/readyz``: started, every check passes, not draining; 200 or 503, with each check by name. ``/metrics``: Prometheus.
    ``/state``: what a person may see of the services' states, for `ict status` (``ProcessState``); it only reads.

    ``port`` 0 = no server; everything else works the same.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry = REGISTRY) -> None:
        self._host = host
        self._port = port
        self._registry = registry
        self._checks: dict[str, Callable[[], bool | str]] = {}
        self._started = False
        self._draining = False
        self._runner: web.AppRunner | None = None
        self._shown: dict[str, Callable[[], Overview]] = {}
        self._replica = ""
        self._obeyed: dict[str, Callable[[str, bytes], tuple[int, str]]] = {}
        self._header = ""

    def obey(self, path: str, header: str, command: Callable[[str, bytes], tuple[int, str]]) -> None:
        """Take POST requests at ``path``; call it before ``start``.

        command: gets the request's ``header`` and body, which it must verify; returns status and text of the answer.
        """
        self._obeyed[path] = command
        self._header = header

    def check(self, name: str, healthy: Callable[[], bool | str]) -> None:
        """Add a condition for readiness. It is called at every request, so it must be cheap.

        ``healthy`` returns True, or what is wrong: False if the name says enough, else a text that ``/readyz`` shows.
        """
        self._checks[name] = healthy

    def show(self, service: str, replica: str, overview: Callable[[], Overview]) -> None:
        """Show at ``/state`` what ``overview`` returns, which is called at every request. replica: this process's name."""
        self._shown[service] = overview
        self._replica = replica

    def ready(self) -> None:
        """Mark the service as started: from now on the checks decide."""
        self._started = True

    def draining(self) -> None:
        """Mark the service as draining: it is not ready any more."""
        self._draining = True

    async def start(self) -> None:
        """Listen. Raises Leave (exit code 4) if the port is taken."""
        if self._port == 0:
            return
        app = web.Application(client_max_size=_LARGEST_COMMAND)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/state", self._state)
        for path in self._obeyed:
            app.router.add_post(path, self._command)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            text = f"http.port: cannot listen on {self._host}:{self._port} ({error.strerror}); choose another, or 0 for none"
            raise Leave(Exit.UNREACHABLE, text) from error

    async def stop(self) -> None:
        """Stop listening and cut every connection, within about a second. Idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def readiness(self) -> tuple[bool, dict[str, object]]:
        """Return whether the service is ready, and the body of ``/readyz``."""
        is_ready, checks = self._judge()
        return is_ready, {"ready": is_ready, "started": self._started, "draining": self._draining, "checks": checks}

    def state(self) -> ProcessState:
        """Return the answer of ``/state``."""
        is_ready, checks = self._judge()
        parts: dict[str, msgspec.Struct | None] = {}
        for overview in self._shown.values():
            parts |= overview()
        return ProcessState(
            services=tuple(self._shown),
            replica=self._replica,
            ready=is_ready,
            started=self._started,
            draining=self._draining,
            checks=checks,
            state=encoded(parts),
        )

    def _judge(self) -> tuple[bool, dict[str, bool | str]]:
        checks = {name: self._asked(name) for name in self._checks}
        return self._started and not self._draining and all(answer is True for answer in checks.values()), checks

    def _asked(self, name: str) -> bool | str:
        try:
            return self._checks[name]()
        except Exception as error:  # noqa: BLE001  a check that cannot be made is a check that fails, whatever the cause
            return f"{type(error).__name__}: {error}"

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode({"alive": True}), content_type=_JSON)

    async def _readyz(self, _: web.Request) -> web.Response:
        is_ready, answer = self.readiness()
        return web.Response(body=msgspec.json.encode(answer), content_type=_JSON, status=200 if is_ready else 503)

    async def _state(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.state()), content_type=_JSON)

    async def _command(self, request: web.Request) -> web.Response:
        status, text = self._obeyed[request.path](request.headers.get(self._header, ""), await request.read())
        return web.Response(status=status, text=f"{text}\n")
