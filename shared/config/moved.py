"""Lists settings that were renamed or moved, so that the error for an old name shows the new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Old dotted path → new dotted path.
MOVED: Final[dict[str, str]] = {
    "risk.leverage": "account.leverage",
    "simulator.leverage": "account.leverage",
    "gateway.leverage": "account.leverage",
    "analysis.alternation": "analysis.zigzag",
    "gateway.margin_type": "account.margin_type",
    "approval_key": "approval.private_key",
    "gateway.account_every_s": "execution.driver.statement_every_s",
    "gateway.account_check_s": "execution.driver.account_check_s",
    "gateway.instruments_every_s": "execution.driver.instruments_every_s",
    "gateway.instruments_patience_s": "execution.driver.instruments_patience_s",
    "gateway.delisting_lead_h": "execution.driver.delisting_lead_h",
    "gateway.hold_ms": "execution.hold_ms",
    "gateway.ids_remembered": "execution.ids_remembered",
    "gateway.fills_remembered": "execution.fills_remembered",
    "gateway.trades_per_question": "execution.driver.trades_per_query",
    "gateway.drain_s": "execution.driver.leave_s",
    "exchange.resolve_pause_s": "execution.query_ms",
    "exchange.resolve_margin_ms": "execution.doubt_margin_ms",
    "ingest.live.tick_every_ms": "lane.tick_ms",
}


def moved_to(path: Sequence[str | int]) -> str:
    """Return the present dotted path of the setting at this old path; empty if it never moved."""
    return MOVED.get(".".join(str(part).lower() for part in path), "")
