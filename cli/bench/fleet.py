"""Starts service processes for the benchmarks, in a namespace of their own, and scrapes their metrics over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cli.play.latency import quantile


class BenchFleet:
    """Starts ``ict run`` for each service and waits until each is ready."""

    def __init__(self, services: Sequence[str], settings: Mapping[str, object]) -> None:
        self._services = tuple(services)
        self._directory = tempfile.TemporaryDirectory(prefix="ict-bench-")
        self.config = Path(self._directory.name) / "bench.yaml"
        self.config.write_text(yaml.safe_dump(json.loads(json.dumps(dict(settings)))))
        self._ports = {name: _free_port() for name in services}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        log = (Path(self._directory.name) / "services.log").open("wb")
        for name in self._services:
            command = [sys.executable, "-m", "cli", "run", name, "--config", str(self.config)]
            environment = {**os.environ, "ICT_HTTP__PORT": str(self._ports[name])}
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603  our own
        for name in self._services:
            self._wait_ready(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(30)
        self._directory.cleanup()

    def rss_mb(self) -> dict[str, float]:
        """Return the resident memory of each process, MB."""
        return {name: round(psutil.Process(p.pid).memory_info().rss / 2**20, 1) for name, p in self._processes.items()}

    def hops(self) -> dict[str, dict[str, float]]:
        """Return per stage the time from the publisher's send until the stage took the message, ms."""
        found: dict[str, list[tuple[float, float]]] = {}
        for port in self._ports.values():
            buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for family in text_string_to_metric_families(_get(port, "/metrics")):
                for sample in family.samples:
                    if sample.name == "ict_hop_seconds_bucket":
                        buckets[sample.labels["stage"]].append((float(sample.labels["le"]), sample.value))
            found.update(buckets)
        return {
            stage: {"p50": round(quantile(rows, 0.5) * 1000, 3), "p99": round(quantile(rows, 0.99) * 1000, 3)}
            for stage, rows in found.items()
        }

    def flow(self, symbol: str) -> tuple[int, float, int]:
        """Return what signals received: order-flow messages, time of the newest (s), drops counted on its queue."""
        received, newest, dropped = 0, 0.0, 0
        for family in text_string_to_metric_families(_get(self._ports["signals"], "/metrics")):
            for sample in family.samples:
                if sample.name == "ict_micro_received_total" and sample.labels["symbol"] == symbol:
                    received = int(sample.value)
                elif sample.name == "ict_micro_timestamp_seconds" and sample.labels["symbol"] == symbol:
                    newest = sample.value
                elif sample.name == "ict_bus_dropped_total" and sample.labels["queue"] == "micro":
                    dropped = int(sample.value)
        return received, newest, dropped

    def _wait_ready(self, name: str) -> None:
        deadline = time.monotonic() + 90  # seven processes start at once, perhaps beside another fleet
        while time.monotonic() < deadline:
            if self._processes[name].poll() is not None:
                break
            try:
                _get(self._ports[name], "/readyz")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
                continue
            return
        log = (Path(self._directory.name) / "services.log").read_text(errors="replace")
        raise RuntimeError(f"service {name} did not become ready:\n{log[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
        return str(answer.read().decode())
