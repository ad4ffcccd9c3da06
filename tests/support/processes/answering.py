"""Whether a server answers, and what a test gets that needs one which does not: a skip, loudly, or a failure."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import NoReturn

import pytest

_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
MISSING = "MISSING: "  # how the reason of such a skip begins; the summary of the run counts them


class Missing(Exception):
    """A service that no test can have here; the text says what was tried."""


def unavailable(what: str, why: str) -> NoReturn:
    """Skip the test that needs ``what``; fail it when services are required (``ICT_REQUIRE_SERVICES=1``)."""
    if os.environ.get("ICT_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is required (ICT_REQUIRE_SERVICES=1): {why}", pytrace=False)
    pytest.skip(f"{MISSING}{what}: {why}")


def _conversation(host: str, port: int, say: bytes, expect: bytes) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(say)
            return connection.recv(64).startswith(expect)
    except OSError:
        return False


def speaks_amqp(host: str, port: int) -> bool:
    """A broker answers the protocol header with a method frame on channel 0; one that is still booting does not."""
    return _conversation(host, port, _AMQP_HEADER, b"\x01\x00\x00")


def speaks_redis(host: str, port: int) -> bool:
    return _conversation(host, port, b"PING\r\n", b"+PONG")


def speaks_postgres(host: str, port: int) -> bool:
    """PostgreSQL answers a request for TLS with one letter."""
    return _conversation(host, port, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S") or _conversation(
        host, port, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"N"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll a condition of another process. Raises Missing when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Missing(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.05)
