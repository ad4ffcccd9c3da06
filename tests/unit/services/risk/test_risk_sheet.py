"""The account of one close, added up once and carried on, is the account added up anew for each signal (RISK-2)."""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from services.risk.sheet import AccountSheet
from services.risk.state import PendingIntent, RiskState
from shared.domain.account import MarginTier
from tests.support.risk.scenes import DAWN, marks, patient, position, stated, trade

D = Decimal
#: 1 % up to 10,000 USDT, then 2 %.
TIERS = (
    MarginTier(floor=D(0), maintenance_rate=D("0.01"), cum=D(0), max_leverage=50),
    MarginTier(floor=D(10_000), maintenance_rate=D("0.02"), cum=D(100), max_leverage=20),
)
SETTINGS = patient()


def coming(symbol: str, notional: str) -> PendingIntent:
    return PendingIntent(id=f"{symbol}-{notional}", symbol=symbol, until=DAWN, notional=D(notional))


def account(*pending: PendingIntent) -> RiskState:
    """Two positions, a trade that holds nothing yet, and approvals."""
    state = RiskState()
    held = [structs.replace(position(each, "2"), maintenance_margin=D(3)) for each in ("A", "B")]
    state.take(stated(DAWN, "10000", *held, trades=(trade("T"),), tiers={"A": TIERS, "B": TIERS}), SETTINGS)
    state.pending.extend(pending)
    return state


def assert_agree(sheet: AccountSheet, state: RiskState) -> None:
    assert sheet.occupied == state.occupied
    assert sheet.exposure == state.exposure
    assert [sheet.notional(each) for each in "ABTX"] == [state.notional(each) for each in "ABTX"]
    assert sheet.figures == state.figures(SETTINGS)


def test_each_approval_is_carried_on_with_every_digit() -> None:
    """RISK-2: sums are those that the state makes of all of them."""
    state = account()
    sheet = AccountSheet(state, SETTINGS)
    for one in (coming("A", "0.1234567890123456789012345678"), coming("X", "1E+14"), coming("A", "7")):
        state.pending.append(one)
        sheet.follow(state.pending)
        assert_agree(sheet, state)


def test_an_approval_that_is_taken_away_counts_no_more() -> None:
    """RISK-2."""
    state = account(coming("A", "7"), coming("X", "9"))
    sheet = AccountSheet(state, SETTINGS)
    sheet.follow(state.pending)
    del state.pending[0]
    sheet.follow(state.pending)
    assert_agree(sheet, state)


def test_entries_on_their_way_need_margin_too() -> None:
    """RISK-2: that of a symbol without tiers is not known, and then that of all is not."""
    state = account(coming("A", "1000"), coming("B", "20000"))
    sheet = AccountSheet(state, SETTINGS)
    sheet.follow(state.pending)
    assert (sheet.held_margin, sheet.coming_margin) == (6, 310)
    state.pending += [coming("X", "1"), coming("A", "1000")]
    sheet.follow(state.pending)
    assert sheet.coming_margin is None


def test_a_sheet_at_marks_is_of_the_marked_account() -> None:
    """RISK-5."""
    state = account(coming("A", "7"))
    state.mark(marks(DAWN + 1, A=90.0).prices, SETTINGS)
    sheet = AccountSheet(state.at_marks, SETTINGS)
    sheet.follow(state.pending)
    assert sheet.account == state.marked
    assert_agree(sheet, state.at_marks)


def test_without_an_account_nothing_is_held() -> None:
    """RISK-2: an approval cannot come of that, but a signal can be judged."""
    sheet = AccountSheet(RiskState(), SETTINGS)
    assert (sheet.account, sheet.figures, sheet.exposure, sheet.occupied) == (None, None, 0, set())
