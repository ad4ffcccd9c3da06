"""What an entry would make of the account: exposure, leverage, margin, liquidation, on the core (RISK-2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.risk.core import RiskCore
from services.risk.settings import RiskSettings
from shared.config.account import AccountSettings
from shared.domain.account import AccountStatement, MarginTier, Position
from shared.domain.intents import Check, VerdictBundle
from tests.support.approval.pairs import CREDULOUS, SIGNER
from tests.support.risk.scenes import DAWN, INSTRUMENTS, feed, position, signal, stated, wishes

D = Decimal
#: 1 % up to 10,000 USDT and 50 times, then 2 % and 8 times.
TIERS = {
    "BTCUSDT": (
        MarginTier(floor=D(0), maintenance_rate=D("0.01"), cum=D(0), max_leverage=50),
        MarginTier(floor=D(10_000), maintenance_rate=D("0.02"), cum=D(100), max_leverage=8),
    )
}


def checks(said: AccountStatement, account: AccountSettings, *, sim: bool = False, **changes: object) -> dict[str, Check]:
    """Every check of one long of 45.474 at 100.1 with its stop at 98."""
    settings = RiskSettings(**({"max_positions": 9, "max_equity_jump": 1} | changes))  # type: ignore[arg-type]  # a row
    core = RiskCore(1, INSTRUMENTS, settings, account, SIGNER, CREDULOUS, sim=sim, armed=True)
    (bundle, *_) = [
        each for each in feed(core, said, wishes(DAWN + 1, signal(at=DAWN + 1))) if isinstance(each, VerdictBundle)
    ]
    return {each.name: each for each in bundle.verdicts[0].checks}


def held(symbol: str, notional: str, needed: str | None = "0") -> Position:
    base = position(symbol, str(D(notional) / 100))
    return Position(
        symbol=base.symbol, quantity=base.quantity, entry_price=base.entry_price, mark_price=base.mark_price,
        unrealized=base.unrealized, maintenance_margin=None if needed is None else D(needed),
    )  # fmt: skip


CROSS, ISOLATED = AccountSettings(), AccountSettings(margin_type="isolated")


def test_everything_held_counts_into_the_exposure() -> None:
    """RISK-2: at the limit of three times the equity it passes, beyond it does not."""
    room = D(30_000) - D("45.474") * D("100.1")
    for notional, passed in ((room, True), (room + 100, False)):
        found = checks(stated(DAWN, "10000", held("ETHUSDT", str(notional)), tiers=TIERS), CROSS)["exposure_limit"]
        assert (found.passed, found.limit) == (passed, 3)


@pytest.mark.parametrize(
    ("leverage", "changes", "limit", "passed"),
    [(20, {}, 20, True), (21, {}, 20, False), (50, {"max_leverage": 60}, 50, True), (51, {"max_leverage": 60}, 50, False)],
)
def test_leverage_is_capped_by_the_setting_and_by_the_exchange(
    leverage: int, changes: dict[str, object], limit: int, passed: bool
) -> None:
    """RISK-2, fault 15 of the review."""
    found = checks(stated(DAWN, tiers=TIERS), AccountSettings(leverage=leverage), **changes)["leverage_cap"]
    assert (found.value, found.limit, found.passed) == (leverage, limit, passed)


def test_a_larger_tier_allows_less_leverage() -> None:
    """RISK-2: what the symbol holds counts too."""
    found = checks(stated(DAWN, "10000", held("BTCUSDT", "6000"), tiers=TIERS), CROSS)["leverage_cap"]
    assert (found.limit, found.passed) == (8, False)


def test_maintenance_margin_of_all_positions_counts_against_equity() -> None:
    """RISK-2: 4,951.90 of others and 45.52 of its own make 49.97 %."""
    found = checks(stated(DAWN, "10000", held("ETHUSDT", "100", "4951.90"), tiers=TIERS), CROSS)["margin_ratio"]
    assert (found.value, found.passed) == (D("0.49974194740") * 1, True)
    found = checks(stated(DAWN, "10000", held("ETHUSDT", "100", "4955"), tiers=TIERS), CROSS)["margin_ratio"]
    assert not found.passed


def test_with_cross_margin_the_whole_account_stands_for_it() -> None:
    """RISK-2: no price above zero closes it; an account that others need does not."""
    assert checks(stated(DAWN, tiers=TIERS), CROSS)["liquidation_before_stop"].value is None
    crowded = checks(stated(DAWN, "10000", held("ETHUSDT", "100", "9900"), tiers=TIERS), CROSS)
    assert not crowded["liquidation_before_stop"].passed
    assert crowded["liquidation_before_stop"].value is not None


@pytest.mark.parametrize(("leverage", "passed"), [(10, True), (30, True), (31, True), (32, False), (50, False)])
def test_with_isolated_margin_high_leverage_puts_liquidation_before_the_stop(leverage: int, passed: bool) -> None:
    """RISK-2, fault 15 of the review: 125 times is closed 0.4 % away, the stop waits at 2 %."""
    account = AccountSettings(margin_type="isolated", leverage=leverage)
    assert checks(stated(DAWN, tiers=TIERS), account)["liquidation_before_stop"].passed == passed


@pytest.mark.parametrize("said", [stated(DAWN), stated(DAWN, "10000", held("ETHUSDT", "100", None), tiers=TIERS)])
def test_unknown_margin_is_refused_outside_mode_sim(said: AccountStatement) -> None:
    """RISK-2: neither tiers nor the margin of what is held may be missing."""
    for name in ("margin_ratio", "liquidation_before_stop"):
        found = checks(said, CROSS)[name]
        assert (found.passed, found.value, found.unit) == (False, None, "unknown")
        assert checks(said, CROSS, sim=True)[name].passed
