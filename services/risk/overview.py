"""What a person may see of risk: the account, the kill switch, how far each limit is, the KPIs (RISK-3, RISK-8). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from services.risk import margin
from services.risk.kill_switch import TRADING
from services.risk.kpis import Kpis, kpis
from services.risk.results import streak
from services.risk.settings import RiskSettings
from services.risk.state import RiskState
from shared.domain.account import KillSwitch
from shared.domain.timeframes import MINUTE

_ZERO = Decimal(0)


class LimitUse(msgspec.Struct, frozen=True, kw_only=True):
    """How far a limit is. name: the setting of section ``risk``. used, limit: in ``unit``; a gain uses nothing of a loss."""

    name: str
    used: Decimal
    limit: Decimal
    unit: str


class RiskOverview(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in USDT, times in UTC ms (mode sim: of the market). None = no statement of the account has arrived.

    now: of the last message. reason: why the kill switch is where it is; empty = it never moved. entries: whether the kill
    switch lets entries pass. stated_at: as of when the account holds. marked_at: of when the newest mark price is at which
    it was valued since; None = none was. margin_ratio: maintenance margin over equity; None also when the exchange did not
    state it. day_start_equity, peak_equity: transfers since taken into account. drawdown: fraction of the peak. approved:
    entries on their way that no statement shows yet. cooling_until: end of the pause after too many approvals; 0 = there
    was none.
    """

    now: int
    kill_switch: KillSwitch
    reason: str
    entries: bool
    stated_at: int | None
    marked_at: int | None
    wallet: Decimal | None
    equity: Decimal | None
    margin_ratio: Decimal | None
    day_start_equity: Decimal | None
    day_result: Decimal | None
    peak_equity: Decimal | None
    drawdown: Decimal | None
    trades_today: int
    approved: int
    cooling_until: int
    limits: tuple[LimitUse, ...]
    kpis: Kpis


def overview(state: RiskState, settings: RiskSettings) -> RiskOverview:
    """Assemble it; changes nothing."""
    account, book = state.account, state.equity
    return RiskOverview(
        now=state.now,
        kill_switch=state.kill_switch,
        reason=state.reason,
        entries=state.kill_switch in TRADING,
        stated_at=None if account is None else account.time,
        marked_at=max(state.marked_at.values(), default=None),
        wallet=None if account is None else account.wallet,
        equity=None if account is None else account.equity,
        margin_ratio=_margin_ratio(state),
        day_start_equity=None if account is None else book.day_start,
        day_result=None if account is None else account.equity - book.day_start,
        peak_equity=None if account is None else book.peak,
        drawdown=None if account is None else book.drawdown.fraction,
        trades_today=state.trades_today,
        approved=len(state.pending),
        cooling_until=state.cooling_until,
        limits=tuple(_limits(state, settings)),
        kpis=kpis(state.ended, book.growth, state.now),
    )


def _margin_ratio(state: RiskState) -> Decimal | None:
    account = state.account
    needed = None if account is None else margin.held(account)
    return needed / account.equity if account is not None and needed is not None and account.equity > 0 else None


def _limits(state: RiskState, settings: RiskSettings) -> Iterator[LimitUse]:
    account, book = state.account, state.equity
    if account is not None:
        lost = max(_ZERO, book.day.fraction)
        day = "of the day's first equity"
        yield LimitUse(name="caution_loss", used=lost, limit=settings.caution_loss, unit=day)
        yield LimitUse(name="daily_loss_limit", used=lost, limit=settings.daily_loss_limit, unit=day)
        yield LimitUse(name="halt_loss_limit", used=lost, limit=settings.halt_loss_limit, unit=day)
        fallen = max(_ZERO, book.drawdown.fraction)
        yield LimitUse(name="max_drawdown", used=fallen, limit=settings.max_drawdown, unit="of the highest equity")
        jump = abs(book.jump)
        yield LimitUse(name="max_equity_jump", used=jump, limit=settings.max_equity_jump, unit="of equity")
        if account.equity > 0:
            exposure = state.exposure / account.equity
            yield LimitUse(name="max_exposure", used=exposure, limit=settings.max_exposure, unit="x equity")
        ratio = _margin_ratio(state)
        if ratio is not None:
            yield LimitUse(name="max_margin_ratio", used=ratio, limit=settings.max_margin_ratio, unit="of equity")
    lately = sum(each > state.now - MINUTE for each in state.approved_at)
    for name, used, limit, unit in (
        ("max_losing_streak", streak(state.ended), settings.max_losing_streak, "trades"),
        ("max_positions", len(state.occupied), settings.max_positions, "positions"),
        ("trades_per_day", state.trades_today, settings.trades_per_day, "trades"),
        ("intents_per_minute", lately, settings.intents_per_minute, "trades"),
    ):
        yield LimitUse(name=name, used=Decimal(used), limit=Decimal(limit), unit=unit)
