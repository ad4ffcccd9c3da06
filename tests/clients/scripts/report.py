"""What a script says about each call: a line of JSON. Standard library only, because it runs in the client's virtualenv."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import threading
import time
import traceback
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

#: Addresses of the simulator and the key, as the harness hands them over.
SIMULATOR: dict[str, str] = json.loads(os.environ.get("SIMULATOR_OF_CLIENTS", "{}"))
#: How long an event or a frame may take, seconds. A busy machine is no fault of the simulator.
PATIENCE = 30.0

#: Codes that say "there is no such page": an unknown path, an unknown method of the WebSocket API.
ABSENT = (404, -5000, -4, -1098, -1099)


class Report:
    """Runs calls and prints their outcomes.

    ``code_of`` reads the exchange's code (or the HTTP status of an answer without one) from an exception of the client.
    """

    def __init__(self, code_of: Callable[[BaseException], int | None]) -> None:
        self._code_of = code_of

    def call(self, name: str, do: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Call ``do``; what it answered, or None. ``refused=-2021`` expects a refusal; ``optional`` may be not served."""
        refused, optional, holds = _expectations(more)
        try:
            answer = do(*args, **more)
        except Exception as error:  # noqa: BLE001  # whatever a client raises is what is to be told
            self._failed(name, error, refused, optional)
            return None
        return self._answered(name, answer, refused, holds)

    async def acall(self, name: str, do: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        """``call`` for coroutines."""
        refused, optional, holds = _expectations(more)
        try:
            answer = await do(*args, **more)
        except Exception as error:  # noqa: BLE001  # as above
            self._failed(name, error, refused, optional)
            return None
        return self._answered(name, answer, refused, holds)

    def _answered(self, name: str, answer: Any, refused: int | None, holds: Callable[[Any], bool]) -> Any:
        if refused is not None:
            self.say(name, "failed", detail=f"expected {refused}, and it was carried out: {answer!r:.300}")
        elif not _true_of(holds, answer):
            self.say(name, "failed", detail=f"not as expected: {answer!r:.600}")
        else:
            self.say(name, "ok")
        return answer

    def _failed(self, name: str, error: Exception, refused: int | None, optional: bool) -> None:
        code = self._code_of(error)
        if refused is not None and code == refused:
            self.say(name, "refused", code=code, raised=type(error).__name__)
        elif optional and code in ABSENT:
            self.say(name, "absent")
        else:
            said = "".join(traceback.format_exception(error))[-1500:]
            self.say(name, "failed", code=code, detail=said)

    def say(self, name: str, outcome: str, *, code: int | None = None, detail: str = "", raised: str = "") -> None:
        """Print an outcome: ``ok``, ``refused``, ``absent`` or ``failed``."""
        print(json.dumps({"call": name, "outcome": outcome, "code": code, "detail": detail, "raised": raised}), flush=True)


def _expectations(more: dict[str, Any]) -> tuple[int | None, bool, Callable[[Any], bool]]:
    return more.pop("refused", None), more.pop("optional", False), more.pop("holds", lambda answer: True)


def _true_of(holds: Callable[[Any], bool], answer: Any) -> bool:
    try:
        return bool(holds(answer))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return False


async def until(true_of: Callable[[], bool]) -> None:
    """Ask until it is true; TimeoutError after ``PATIENCE``."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(true_of):  # noqa: ASYNC110  # a page or a list to look at, no event
            await asyncio.sleep(0.05)


async def until_private_socket() -> None:
    """Wait until somebody listens to user events."""
    await until(lambda: any(each["path"] == "private" for each in admin("state")["sockets"]))


class Heard:
    """Frames as they arrive, from any thread or coroutine."""

    def __init__(self) -> None:
        self._frames: list[Any] = []
        self._arrived = threading.Condition()

    def add(self, frame: Any) -> None:
        """Keep a frame."""
        with self._arrived:
            self._frames.append(frame)
            self._arrived.notify_all()

    def find(self, fits: Callable[[Any], bool]) -> Any:
        """The first frame that fits, or None."""
        with self._arrived:
            return next((frame for frame in self._frames if _true_of(fits, frame)), None)

    def wait(self, fits: Callable[[Any], bool]) -> Any:
        """The first frame that fits; TimeoutError after ``PATIENCE``."""
        end = time.monotonic() + PATIENCE
        while (found := self.find(fits)) is None:
            with self._arrived:
                if not self._arrived.wait(0.2) and time.monotonic() > end:
                    raise TimeoutError(f"not among {len(self._frames)} frames; last: {self._frames[-3:]!r:.800}")
        return found


def event_of(frame: Any) -> str:
    """The type of a user event, combined form or not."""
    inner = frame.get("data", frame)
    return str(inner.get("e", ""))


def is_event(kind: str) -> Callable[[Any], bool]:
    """Whether a frame is a user event of this type."""
    return lambda frame: event_of(frame) == kind


def admin(page: str, **body: Any) -> Any:
    """A page under /sim of the simulator: what happens behind the client's back."""
    request = urllib.request.Request(
        f"{SIMULATOR['rest']}/sim/{page}",
        data=json.dumps(body).encode() if body else None,
        method="POST" if body else "GET",
        headers={"Content-Type": "application/json"},
    )
    trusted = ssl.create_default_context(cafile=SIMULATOR.get("certificate"))
    with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
        return json.load(answer)


def last_price(symbol: str = "BTCUSDT") -> float:
    """The price of the last trade."""
    return float(admin("state")["symbols"][symbol]["last"])
