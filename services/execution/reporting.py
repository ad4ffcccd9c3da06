"""What execution tells readers beside order events: statements of the account, and the report that a close is settled.

Pure.
"""

from __future__ import annotations

from services.execution.inputs import Statement
from services.execution.settings import ExecutionSettings
from services.execution.state import ExecutionState
from shared.domain.account import AccountState, AccountStatement, EntryCap, Position
from shared.domain.message import Message
from shared.domain.orders import StepReport


def step_reports(state: ExecutionState) -> list[Message]:
    """Return the reports of closes of which no order waits for an answer any more, in their order."""
    reports: list[Message] = []
    # from the last one on: orders are mostly answered in the order in which they were placed
    while state.steps_due and not any(_unsettled(state, client_id) for client_id in reversed(state.steps_due[0].placed)):
        due = state.steps_due.pop(0)
        reports.append(StepReport(close_time=due.close_time, placed=tuple(due.placed)))
    return reports


def entry_cap(state: ExecutionState, settings: ExecutionSettings, first_trades: int) -> EntryCap | None:
    """Return how large the next entry may be while the account's first trades are capped; None when they are over."""
    left = first_trades - state.trades_opened
    return EntryCap(trades_left=left, notional=settings.first_trades_notional) if left > 0 else None


def statement(state: ExecutionState, stated: Statement, cap: EntryCap | None = None) -> list[Message]:
    """Return the account as stated, with the trades that are open, and those that ended since the last statement.

    cap: see ``entry_cap``. A transfer that was made after the statement was asked for waits for the next one, whose wallet
    shows it.
    """
    message = AccountStatement(
        time=stated.time,
        asked_at=stated.asked_at,
        account=AccountState(
            time=stated.time,
            wallet=stated.wallet,
            equity=stated.equity,
            positions=tuple(
                Position(
                    symbol=leg.symbol,
                    quantity=leg.quantity,
                    entry_price=leg.entry,
                    mark_price=leg.mark or leg.entry,
                    unrealized=leg.unrealized,
                    leg=leg.side,
                    liquidation=leg.liquidation,
                    maintenance_margin=leg.maintenance_margin,
                    isolated_wallet=leg.isolated_wallet,
                )
                for leg in sorted(stated.legs, key=lambda each: (each.symbol, each.side))
                if leg.quantity
            ),
        ),
        open_trades=tuple(plan.report(state.orders) for plan in state.plans.values()),
        closed_trades=tuple(state.closed),
        funding=tuple(state.funding),
        transfers=tuple(each for each in state.transfers if each.time <= stated.asked_at),
        tiers=stated.tiers,
        next_fundings=stated.next_fundings,
        entry_cap=cap,
    )
    state.closed.clear()
    state.funding.clear()
    state.transfers = [each for each in state.transfers if each.time > stated.asked_at]
    return [message]


def unprotected(state: ExecutionState) -> list[str]:
    """Return the symbols in which a trade of ours holds something and no stop of it is accepted (invariant 4)."""
    return [
        plan.symbol
        for plan in state.plans.values()
        if plan.remaining(state.orders) > 0 and not any(order.resting for order in plan.of(state.orders, "stop", "bridge"))
    ]


def _unsettled(state: ExecutionState, client_id: str) -> bool:
    order = state.orders.get(client_id)
    return order is not None and order.unsettled
