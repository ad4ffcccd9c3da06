"""``ict health``: ask a service of this machine whether it is ready.

Containers run it every few seconds, so it imports nothing that takes time: no HTTP client, no settings, no typer.
"""

from __future__ import annotations

import re
import socket
import sys
import time
from typing import Final, NoReturn

from shared.runtime.process.exits import Exit

DEFAULT_URL: Final = "http://127.0.0.1:9100/readyz"
#: Seconds for the whole question, connection and answer together.
_PATIENCE: Final = 3.0
#: Bytes of an answer that are read; more is no answer of ours.
_LONGEST: Final = 1_000_000
_URL: Final = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?(/[!-~]*)?", re.ASCII)


def ask_health(url: str = DEFAULT_URL) -> NoReturn:
    """Print the service's answer and leave: exit 0 when it is ready, 1 when not or without an answer, 2 for a wrong url."""
    found = _URL.fullmatch(url)
    if found is None or not 0 < int(found[2] or 80) < 65_536:
        _leave(Exit.USAGE, f"{url!r}: only this machine's services are asked; write it like {DEFAULT_URL}")
    try:
        status, body = _get(found[1].strip("[]"), int(found[2] or 80), found[3] or "/")
    except OSError as error:
        _leave(Exit.NEGATIVE, f"not ready: {url} does not answer: {error}. Is the service running, and http.port set?")
    except ValueError:
        _leave(Exit.NEGATIVE, f"not ready: what listens at {url} does not speak HTTP")
    if status != 200:
        _leave(Exit.NEGATIVE, f"not ready: {url} answers {status}: {body}")
    print(body)
    raise SystemExit(Exit.OK)


def _get(host: str, port: int, path: str) -> tuple[int, str]:
    """Return status and body. Raises OSError (TimeoutError too) without an answer, ValueError when it is not HTTP."""
    deadline = time.monotonic() + _PATIENCE
    answer = b""
    with socket.create_connection((host, port), timeout=_PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode("ascii"))
        while len(answer) < _LONGEST:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole answer within {_PATIENCE:g} s")
            connection.settimeout(left)
            piece = connection.recv(65_536)
            if not piece:
                break
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError("not HTTP")
    return int(rest[:3]), body.decode("utf-8", "replace").strip()


def _leave(code: Exit, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(code)
