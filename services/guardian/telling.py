"""Tells the outside: alarms by a webhook, a heartbeat, execution that it stops entries. It never holds protection up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import aiohttp
import structlog
from prometheus_client import Counter

from services.guardian.messages import Alarm
from services.guardian.settings import GuardianSettings
from shared.domain.backoff import Backoff
from shared.runtime.process.halt_request import HEADER, PATH, signed

log = structlog.get_logger(__name__)

_TOLD: Final = Counter("ict_guardian_alarms_total", "Alarms of the guardian, by severity", ["severity"])
_LOST: Final = Counter("ict_guardian_untold_total", "Requests to people or execution that were given up", ["what"])
_BEATS: Final = Counter("ict_guardian_heartbeats_total", "Heartbeats that the outside address took")
#: Messages that wait at most; the oldest is dropped.
_WAITING: Final = 200
#: A message is given up after this time, seconds; an alarm of an hour ago helps nobody.
_GIVE_UP_S: Final = 900.0
_PAUSES: Final = Backoff(0.5, 30.0)
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)
_UNAUTHORIZED: Final = frozenset({400, 401, 404})


class Telling:
    """Posts what the guardian says. time_ms: UTC ms of this machine, by which requests to execution are signed.

    sees: True while the account can be read; the heartbeat is sent only then.
    """

    def __init__(self, settings: GuardianSettings, time_ms: Callable[[], int], sees: Callable[[], bool]) -> None:
        self._settings = settings
        self._time_ms = time_ms
        self._sees = sees
        self._waiting: deque[tuple[float, dict[str, object]]] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._halting: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)

    async def close(self) -> None:
        """Give up what is not told."""
        for task in self._halting.values():
            task.cancel()
        await asyncio.gather(*self._halting.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def alarm(self, alarm: Alarm) -> None:
        """Log an alarm, and have it posted."""
        _TOLD.labels(alarm.severity).inc()
        level = log.info if alarm.severity == "info" else log.warning if alarm.severity == "warning" else log.error
        level("guardian_alarm", key=alarm.key, text=alarm.text)
        if self._settings.webhook_url is None:
            return
        body: dict[str, object] = {
            "kind": "guardian", "severity": alarm.severity, "key": alarm.key, "time": self._time_ms(),
            "text": alarm.text, "content": alarm.text,
        }  # fmt: skip
        self._waiting.append((asyncio.get_running_loop().time(), body))
        self._news.set()

    def halt(self, why: str) -> None:
        """Have every process of execution that is configured asked to stop entries; one that is asked already is not."""
        if not self._settings.halt_secret.get_secret_value():
            return
        for url in self._settings.halt_urls:
            before = self._halting.get(url)
            if before is None or before.done():
                self._halting[url] = asyncio.create_task(self._halt(url, why), name="guardian halts execution")

    async def run(self) -> None:
        """Post alarms, until cancelled."""
        while True:
            await self._news.wait()
            while self._waiting:
                since, body = self._waiting.popleft()
                await self._deliver(since, body)
            self._news.clear()

    async def beat(self) -> None:
        """Send the heartbeat, until cancelled."""
        address = self._settings.heartbeat_url
        while address is not None:
            if self._sees():
                try:
                    async with self._open().get(address.get_secret_value(), allow_redirects=False) as response:
                        if response.status < 300:
                            _BEATS.inc()
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    log.warning("guardian_heartbeat_failed", reason=type(error).__name__)  # its text may hold the address
            await asyncio.sleep(self._settings.heartbeat_every_s)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _open(self) -> aiohttp.ClientSession:
        assert self._session is not None, "await start() first"
        return self._session

    async def _deliver(self, since: float, body: dict[str, object]) -> None:
        address = self._settings.webhook_url
        if address is None:
            return
        time = asyncio.get_running_loop().time
        pauses = _PAUSES.pauses()
        trouble = ""
        while time() - since < _GIVE_UP_S:
            try:
                async with self._open().post(address.get_secret_value(), json=body, allow_redirects=False) as response:
                    if response.status < 300:
                        return
                    trouble = f"HTTP {response.status}"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                trouble = type(error).__name__
            await asyncio.sleep(next(pauses))
        _LOST.labels("alarm").inc()
        log.warning("guardian_alarm_lost", key=body["key"], reason=trouble)

    async def _halt(self, url: str, why: str) -> None:
        """Ask one process until it obeys, stands by, or refuses the signature."""
        time = asyncio.get_running_loop().time
        since, pauses, trouble = time(), _PAUSES.pauses(), ""
        while time() - since < _GIVE_UP_S:
            body = why.encode()
            proof = signed(self._settings.halt_secret.get_secret_value(), self._time_ms(), body)
            try:
                async with self._open().post(f"{url}{PATH}", data=body, headers={HEADER: proof}) as response:
                    trouble = f"HTTP {response.status}"
                    if response.status < 300:
                        log.info("guardian_halted_execution", url=url)
                        return
                    if response.status in _UNAUTHORIZED:
                        break
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                trouble = type(error).__name__
            await asyncio.sleep(next(pauses))
        _LOST.labels("halt").inc()
        log.warning("guardian_halt_failed", url=url, reason=trouble)
