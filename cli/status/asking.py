"""Asks processes for their ``/state``: each replica behind each address, all at the same time. It only reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from shared.runtime.process.state import VERSION, ProcessState

#: Seconds for one question, connection and answer together.
PATIENCE: Final = 3.0
#: Bytes of an answer that are read; more is no answer of ours.
_LONGEST: Final = 10_000_000
_OTHER_VERSION: Final = "run `ict status` of the version that the service has"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one question. name: of the setting; address: host:port as it was asked.

    state None: there is none; ``fault`` says why, ``next`` what to do now.
    """

    name: str
    address: str
    state: ProcessState | None = None
    fault: str = ""
    next: str = ""


async def ask(addresses: Mapping[str, str], patience: float = PATIENCE) -> list[Answer]:
    """Ask every replica behind every address; in the order of the addresses, at least one answer for each."""
    timeout = aiohttp.ClientTimeout(total=patience)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        found = await asyncio.gather(*(_ask(session, name, url, patience) for name, url in addresses.items()))
    return [answer for answers in found for answer in answers]


async def _ask(session: aiohttp.ClientSession, name: str, url: str, patience: float) -> list[Answer]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    try:
        async with asyncio.timeout(patience):
            known = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError):
        next_ = f"ask where {host} is known, or correct status.addresses.{name}"
        return [Answer(name, f"{host}:{port}", fault=f"the name {host} is not known on this machine", next=next_)]
    places = dict.fromkeys(f"[{each[4][0]}]:{port}" if ":" in str(each[4][0]) else f"{each[4][0]}:{port}" for each in known)
    answers = await asyncio.gather(*(_ask_one(session, name, place, patience) for place in places))
    return _without_dead_ends(answers)


def _without_dead_ends(answers: Sequence[Answer]) -> list[Answer]:
    """Leave out where nobody listens when somebody does behind the same name: IPv6 of a service that has IPv4 only."""
    reached = [each for each in answers if each.state is not None]
    return [each for each in answers if each.state is not None or each.fault != _NOBODY] if reached else list(answers[:1])


_NOBODY: Final = "nobody listens there"


async def _ask_one(session: aiohttp.ClientSession, name: str, place: str, patience: float) -> Answer:
    running = "see whether the service runs, and whether its http.port is this one"
    try:
        async with session.get(f"http://{place}/state", allow_redirects=False) as response:
            body = await _bounded(response)
            status = response.status
    except TimeoutError:
        return Answer(name, place, fault=f"no answer within {patience:g} s", next="look at the service's log; restart it")
    except aiohttp.ClientConnectorError as error:
        refused = isinstance(error.os_error, ConnectionRefusedError)
        return Answer(name, place, fault=_NOBODY if refused else f"not reached: {error.os_error.strerror}", next=running)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(name, place, fault=f"what listens there is no service of ours: {type(error).__name__}", next=running)
    if status == 404:
        return Answer(name, place, fault="it has no /state: it is of an older version", next="update the service")
    if status != 200:
        return Answer(name, place, fault=f"it answers {status}", next="look at the service's log")
    try:
        state = msgspec.json.decode(body, type=ProcessState)
    except (ValueError, msgspec.MsgspecError) as error:
        return Answer(name, place, fault=f"its answer cannot be read: {error}", next=_OTHER_VERSION)
    if state.version != VERSION:
        return Answer(name, place, fault=f"it speaks version {state.version}, not {VERSION}", next=_OTHER_VERSION)
    return Answer(name, place, state)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ValueError for one that has no end."""
    body = b""
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > _LONGEST:
            raise ValueError("too long")
    return body
