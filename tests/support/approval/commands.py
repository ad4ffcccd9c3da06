"""Commands as an operator signs them."""

from __future__ import annotations

import time
from typing import Any

from shared.approval.commands import sign
from shared.approval.signing import Signer
from shared.domain.control import Control
from tests.support.approval.pairs import COMMANDER


def command(
    name: Any,
    identity: str,
    signer: Signer = COMMANDER,
    *,
    by: str = "a person",
    reason: str = "by the test",
    symbol: str | None = None,
) -> Control:
    """A command of this moment; ``signer``: of the realm that it is for."""
    sent_at = time.time_ns() // 1_000_000
    control = Control(id=identity, command=name, by=by, reason=reason, sent_at=sent_at, symbol=symbol)
    return sign(control, signer)
