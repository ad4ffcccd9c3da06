"""``POST /halt`` at execution: the guardian asks it to stop entries, by a signature of the secret that both have."""

from __future__ import annotations

import time

import structlog

from shared.domain.bounds import REASON_LENGTH, shorten
from shared.runtime.process.halt_request import fault_of
from shared.runtime.service import Service

log = structlog.get_logger(__name__)


class HaltRequests:
    """Verifies requests and hands them on to ``service``, which is None until it was started."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self.service: Service | None = None

    def obey(self, header: str, body: bytes) -> tuple[int, str]:
        """Return status and text of the answer: 200 obeyed, 401 not signed as it must be, 409 it does not trade."""
        fault = fault_of(header, self._secret, time.time_ns() // 1_000_000, body)
        if fault:
            log.warning("halt_request_refused", why=fault)
            return 401, fault
        why = shorten(body.decode("utf-8", "replace"), REASON_LENGTH - 30)
        if self.service is None or not self.service.halt(f"asked over HTTP: {why}"):
            return 409, "this process stands by or is starting; whoever trades is to be asked"
        return 200, "entries are halted until `ict rearm`"
