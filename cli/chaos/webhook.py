"""Where the guardian of a drill posts its alarms: it has no bus."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from cli.chaos.ports import free_port
from shared.domain.control import Alert

#: Who tells them, and the word before each of their keys.
GUARDIAN = "guardian"


@asynccontextmanager
async def webhook(alerts: list[tuple[int, Alert]]) -> AsyncIterator[str]:
    """Listen on this machine; gives the address. alerts: gets each alarm as an alert of source ``guardian``, and the time at
    which it was heard, UTC ms.
    """

    async def take(request: web.Request) -> web.Response:
        body = await request.json()
        key = str(body["key"]).removeprefix(f"{GUARDIAN}.")
        alert = Alert(severity=body["severity"], source=GUARDIAN, key=key, text=body["text"], time=body["time"])
        alerts.append((time.time_ns() // 1_000_000, alert))
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()
