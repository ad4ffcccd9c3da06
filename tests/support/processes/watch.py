"""What a running service process says of itself over HTTP: its figures and its readiness, and waiting for them to change."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TypeVar

from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes.answering import free_port

Answer = TypeVar("Answer")


def until(what: Callable[[], Answer], seconds: float, failing: str | Callable[[], str]) -> Answer:
    """Ask ``what`` until it answers with something true, and return that. Raises AssertionError after ``seconds``.

    The condition is another process's, so it is polled; a connection refused or closed counts as "not yet".
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if answer := what():
                return answer
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass  # the process is not up yet, is frozen, or has just gone: the deadline decides
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {failing if isinstance(failing, str) else failing()}")
        time.sleep(0.1)  # answering costs the process under test some of its time, so not more often


class Watch:
    """The HTTP server of one service process. ``env`` gives the process its port."""

    def __init__(self) -> None:
        self.port = free_port()

    @property
    def env(self) -> dict[str, str]:
        return {"ICT_HTTP__PORT": str(self.port)}

    def readyz(self) -> int:
        """The status of ``/readyz``. Raises URLError while nobody listens."""
        return self.readiness()[0]

    def readiness(self) -> tuple[int, dict[str, object]]:
        """Status of ``/readyz``, and what each check says. Raises URLError while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return int(answer.status), json.load(answer)["checks"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["checks"]

    def figures(self, name: str, label: str) -> dict[str, float]:
        """The samples of one metric by the value of one label. Raises URLError while nobody listens."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=2) as answer:
            text = answer.read().decode()
        return {
            sample.labels[label]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and label in sample.labels
        }

    def lanes(self, what: str) -> dict[str, float]:
        """``handled``, ``duplicates``, ``fenced``, ``handovers`` or ``dead_lettered`` of each lane of the process."""
        return self.figures(f"ict_lane_{what}_total", "lane")

    def owned(self) -> set[str]:
        """The lanes that the process holds to be rightfully its own."""
        return {lane for lane, yes in self.figures("ict_lane_owned", "lane").items() if yes}
