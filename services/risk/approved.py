"""Makes the order intent of an entry that passed the gate."""

from __future__ import annotations

from services.risk.settings import RiskSettings
from services.risk.sizing import Size
from shared.domain.decisions import LimitEntry, Signal
from shared.domain.ids import derive
from shared.domain.intents import OrderIntent


def approved(signal: Signal, size: Size, close_time: int, now: int, settings: RiskSettings) -> OrderIntent:
    """Return the intent of ``signal`` as sized, decided at ``now`` (UTC ms) on the close at ``close_time``.

    It may be sent until the signal expires, at most ``entry_validity_ms`` from now.
    """
    limit = signal.entry if isinstance(signal.entry, LimitEntry) else None
    valid_until = min(signal.valid_until, now + settings.entry_validity_ms)
    return OrderIntent(
        id=derive("intent", signal.id),
        signal_id=signal.id,
        symbol=signal.symbol,
        side=signal.side,
        strategy=signal.strategy,
        kind="market" if limit is None else "limit",
        quantity=size.quantity,
        price=size.price,
        bound=size.bound,
        stop=size.stop,
        exits=size.exits,
        close_time=close_time,
        decided_at=now,
        valid_until=valid_until if limit is None else min(valid_until, limit.rests_until),
        rests_until=0 if limit is None else limit.rests_until,
        void_at=size.void_at,
        break_even_after=signal.break_even_after,
        close_by=signal.close_by,
        risk_amount=size.risk_amount,
        risk_budget=size.risk_budget,
    )
