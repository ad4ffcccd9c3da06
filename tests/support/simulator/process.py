"""``ict simulator`` as a process of its own, and its admin pages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.support.processes.fleet import ICT


class SimulatorProcess:
    """Started on entering; ``url`` is its REST address. Market time runs at ``speed`` (``step``: only on ``advance``)."""

    def __init__(self, log: Path, *arguments: str, speed: str = "60", seed: int = 11) -> None:
        self._log = log
        self._command = [*ICT, "simulator", "--port", "0", "--speed", speed, "--seed", str(seed), *arguments]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=self._log.open("ab"), text=True, env={**os.environ}
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = re.search(r"listening on (https?://\S+)", said)
        assert found, f"the simulator did not start: {said!r} {self._log.read_text()[-2000:]}"
        self.url = found.group(1)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """End the process and start another; at the same address only when the port was given."""
        self.__exit__()
        self.__enter__()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exchange(self) -> dict[str, Any]:
        """The section ``exchange`` of a configuration that points here."""
        return {
            "rest_url": self.url,
            "stream_url": self.url.replace("http", "ws"),
            "key": "simulator-key",
            "secret": "simulator-secret",
        }

    def ask(self, page: str, method: str = "GET", body: object = None) -> Any:
        """An admin page: ``state``, ``history?symbol=…``, ``faults`` …"""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sim/{page}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    @property
    def time(self) -> int:
        """The market's clock, ms."""
        return int(self.ask("state")["time"])

    def fault(self, kind: str, **parameters: object) -> int:
        """Set a fault; its number."""
        return int(self.ask("faults", "POST", {"kind": kind, **parameters})["id"])

    def lift_all(self) -> list[dict[str, Any]]:
        """End every fault; what they struck."""
        return list(self.ask("faults", "DELETE"))

    def advance(self, ms: int) -> int:
        """Lock-step: move the market on; its time then."""
        return int(self.ask("advance", "POST", {"ms": ms})["time"])

    def pass_time(self, ms: int, patience: float = 60.0) -> None:
        """Wait until so much more of the market's time has passed. A slow machine waits longer, and as much happens."""
        due, deadline = self.time + ms, time.monotonic() + patience
        while self.time < due:
            assert time.monotonic() < deadline, f"the market did not go on by {ms} ms within {patience:g} s"
            time.sleep(0.05)

    def history(self, symbol: str, first: int, last: int) -> dict[int, tuple[float, ...]]:
        """Closed one-minute candles that opened from ``first`` to ``last``: open time → open, high, low, close, volume."""
        rows = self.ask(f"history?symbol={symbol}&startTime={first}&endTime={last}")
        return {int(row[0]): tuple(float(number) for number in row[1:6]) for row in rows}
