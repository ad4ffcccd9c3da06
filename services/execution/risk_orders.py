"""Obeys risk's orders: entries end when risk takes none any more; all is closed, once a drawdown (RISK-3). Pure."""

from __future__ import annotations

from services.execution.alerts import alert
from services.execution.commands import Commands
from services.execution.requests import Effects
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState, remember
from shared.approval.commands import SEVERITY
from shared.approval.risk_orders import RiskOrderJudge
from shared.domain.bounds import TEXT_LENGTH, shorten
from shared.domain.intents import RiskOrder


class RiskOrders:
    """Takes risk's orders for one account. ``judge`` says which are believed."""

    def __init__(
        self, state: ExecutionState, commands: Commands, settings: ExecutionSettings, judge: RiskOrderJudge
    ) -> None:
        self._state = state
        self._commands = commands
        self._settings = settings
        self._judge = judge

    def obey(self, order: RiskOrder, now: int, effects: Effects, *, repeated: bool = False) -> bool:
        """Obey an order whose id is new; refuse what the judge refuses. Returns True if it was obeyed.

        repeated: the bundle around it came before, so that a copy that was taken is no news. What risk says again is no
        news either: it does until it knows that the account is flat.
        """
        state = self._state
        fault = self._judge.judge(order, state.orders_of_risk, now)
        if fault is not None:
            effects.refused.append(f"risk_order_{fault}")
            text = "" if repeated and fault == "replayed" else self._judge.note(fault, state.orders_of_risk, now)
            if text:
                effects.tell([alert(SEVERITY[fault], f"risk_order_refused.{fault}.{order.message_id}", text, now)])
            return False
        if order.kind == "withdraw":
            return self._withdraw(order, now, effects)
        if not remember(state.flattened, order.id, self._settings.controls_remembered):
            return False
        did = self._commands.flatten(order.id, f"risk: {order.reason}", now, by_risk=True)
        text = shorten(f"risk orders everything to be closed (FLATTEN): {order.reason}; {did}", TEXT_LENGTH)
        effects.tell([alert("critical", f"flatten.{order.id}", text, now)])
        return True

    def _withdraw(self, order: RiskOrder, now: int, effects: Effects) -> bool:
        """End the entries that were decided before; ``tending`` and ``admission`` ask for that time."""
        state = self._state
        if order.decided_at <= state.withdrawn_until:
            return False
        state.withdrawn_until = order.decided_at
        text = shorten(f"risk takes no entries any more, and those before are ended: {order.reason}", TEXT_LENGTH)
        effects.tell([alert("warning", f"withdrawn.{order.id}", text, now)])
        return True
