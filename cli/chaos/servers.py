"""Redis and RabbitMQ of a drill, each behind a proxy: the machine's, which only the proxy may make ill, or our own."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit, urlunsplit

from cli.chaos.plan import Server, Strike
from cli.chaos.proxy import Mode, Proxy

_PORTS: Final[dict[Server, int]] = {"redis": 6379, "rabbitmq": 5672}


class OwnServer(Protocol):
    """A server that the drill has started, and may restart and fill."""

    url: str

    async def restart(self) -> None:
        """End it without a goodbye, and start it again with what it had written down."""

    async def fill(self) -> None:
        """Let it take nothing more."""

    async def empty(self) -> None:
        """Let it take again."""

    async def end(self) -> None:
        """End it and remove its files."""


class Servers:
    """The two servers. own: those that the drill has started itself."""

    def __init__(self, urls: dict[Server, str], own: dict[Server, OwnServer]) -> None:
        self.urls = urls
        self._own = own
        self._parts = {name: urlsplit(url) for name, url in urls.items()}
        self._proxies: dict[Server, Proxy] = {}

    async def __aenter__(self) -> Servers:
        for name, parts in self._parts.items():
            self._proxies[name] = await Proxy(parts.hostname or "127.0.0.1", parts.port or _PORTS[name]).__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for proxy in self._proxies.values():
            await proxy.__aexit__()
        for server in self._own.values():
            await server.end()

    def through_proxy(self, name: Server) -> str:
        """Return the URL at which processes reach the server."""
        return urlunsplit(_moved(self._parts[name], self._proxies[name].port))

    async def strike(self, strike: Strike) -> None:
        """Make a server ill for a while, and well again."""
        name: Server = strike.whom[0]  # type: ignore[assignment]  # a plan names no other
        own, proxy = self._own.get(name), self._proxies[name]
        if strike.how == "restarted" and own is not None:
            await own.restart()
        elif strike.how == "full" and own is not None:
            await own.fill()
            try:
                await asyncio.sleep(strike.ms / 1000)
            finally:
                await own.empty()
        else:
            modes: dict[str, Mode] = {"cut": "cut", "silent": "silent", "slow": "slow"}
            proxy.be(modes[strike.how])
            try:
                await asyncio.sleep(strike.ms / 1000)
            finally:
                proxy.be("pass")


def _moved(parts: SplitResult, port: int) -> SplitResult:
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}127.0.0.1:{port}")
