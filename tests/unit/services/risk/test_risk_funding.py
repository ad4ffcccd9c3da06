"""The next funding payment: refused when too high, smaller where high, a cost when a position is held over it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.risk.core import CROWDED, HALVED, RiskCore
from services.risk.funding import held_over, rate_paid
from services.risk.settings import RiskSettings
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.account import NextFunding
from shared.domain.decisions import LimitEntry
from shared.domain.intents import Verdict, VerdictBundle
from shared.domain.timeframes import MINUTE
from tests.support.approval.pairs import CREDULOUS, SIGNER
from tests.support.risk.scenes import DAWN, INSTRUMENTS, feed, listed, patient, signal, stated, wishes

D = Decimal
T = DAWN + MINUTE
HOUR = 60 * MINUTE
BUY: dict[str, Any] = {}
SELL: dict[str, Any] = {"side": "SELL", "stop": 102.0, "target": 96.0}


def coming(rate: str, due: int = T + 8 * HOUR, as_of: int = T) -> NextFunding:
    return NextFunding(rate=D(rate), due=due, as_of=as_of)


def verdict(funding: NextFunding | None, *, real: bool = True, equity: str = "10000", **wish: Any) -> Verdict:
    core = RiskCore(
        1, INSTRUMENTS, patient(), DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=True, armed=True, real=real
    )  # sim: margin tiers are of no matter here
    fundings = {"BTCUSDT": funding} if funding is not None else {}
    outputs = feed(
        core, listed(T), stated(DAWN), stated(T, equity, fundings=fundings), wishes(T, signal(at=T, **wish)), now=T
    )
    (found,) = [each for output in outputs if isinstance(output, VerdictBundle) for each in output.verdicts]
    return found


# side, rate -> refused, notes
GATE: dict[str, tuple[dict[str, Any], str, tuple[str, ...], tuple[str, ...]]] = {
    "usual": (BUY, "0.0001", (), ()),
    "a long pays nearly too much": (BUY, "0.00099", (), ()),
    "a long pays as much as it may": (BUY, "0.001", (), (CROWDED,)),
    "a long pays too much": (BUY, "0.00101", ("funding_too_high",), (CROWDED,)),
    "a long receives much": (BUY, "-0.002", (), (CROWDED,)),
    "a short pays too much": (SELL, "-0.00101", ("funding_too_high",), (CROWDED,)),
    "a short receives much": (SELL, "0.002", (), (CROWDED,)),
}


@pytest.mark.parametrize(("side", "rate", "refused", "notes"), GATE.values(), ids=GATE.keys())
def test_a_high_rate_halves_and_one_that_is_paid_beyond_the_limit_is_refused(
    side: dict[str, Any], rate: str, refused: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    """RISK-2, RISK-3: 0.1 % of the notional."""
    found = verdict(coming(rate), **side)
    assert (found.refusals, found.notes) == (refused, notes)
    if found.intent is not None and notes:
        usual = verdict(coming("0"), **side).intent
        assert usual is not None
        assert found.intent.risk_budget == usual.risk_budget / 2


def test_two_reasons_for_a_smaller_size_make_it_no_smaller_than_one() -> None:
    """RISK-3: 2 % lost today, and a crowded market."""
    found = verdict(coming("0.001"), equity="9800")
    assert found.notes == (HALVED, CROWDED)
    assert found.intent is not None
    assert found.intent.risk_budget == D(49)


@pytest.mark.parametrize(
    ("funding", "known"),
    [
        (None, False),
        (coming("0", due=T), False),
        (coming("0", due=T + 1), True),
        (coming("0", as_of=T - 600_000), True),
        (coming("0", as_of=T - 600_001), False),
    ],
)
def test_a_rate_of_a_payment_that_was_made_or_that_is_old_is_not_known(funding: NextFunding | None, known: bool) -> None:
    """RISK-2: what is not known is refused where a real exchange states it."""
    assert (rate_paid("BUY", funding, T) is not None) == known
    assert ("funding_too_high" in verdict(funding).refusals) == (not known)
    assert verdict(funding, real=False).refusals == ()


@pytest.mark.parametrize(
    ("due", "wish", "counts"),
    [
        (T + 4 * HOUR, {}, True),
        (T + 4 * HOUR + 1, {}, False),
        (T + 4 * HOUR, {"close_by": T + 4 * HOUR - 1}, False),
        (T + 3 * HOUR, {"close_by": T + 3 * HOUR}, True),
        (T + 5 * HOUR, {"close_by": T + 9 * HOUR}, False),
        (T + 5 * HOUR, {"entry": LimitEntry(price=100.0, rests_until=T + HOUR)}, True),
    ],
)
def test_a_payment_counts_when_the_position_would_be_held_over_it(due: int, wish: dict[str, Any], counts: bool) -> None:
    """RISK-6: until it closes by itself, else for as long as positions are expected to be held."""
    assert held_over(signal(at=T, **wish), coming("0.0005", due), T, RiskSettings()) == counts


def test_the_payment_is_one_of_the_costs_of_the_entry() -> None:
    """RISK-6: with a stop at 99 fees and slippage are 0.1194 R, and 0.05 % of 100 is 0.05 R."""

    def costs(rate: str, due: int) -> tuple[Decimal | None, tuple[str, ...]]:
        found = verdict(coming(rate, due), stop=99.0)
        (check,) = [each for each in found.checks if each.name == "costs_too_high"]
        return check.value, found.refusals

    soon, later = T + HOUR, T + 7 * HOUR
    assert costs("0.0005", later) == (D("0.1194"), ())
    assert costs("0.0005", soon) == (D("0.1694"), ())
    assert costs("-0.0005", soon) == (D("0.1194"), ())
    assert costs("0.0009", soon) == (D("0.2094"), ("costs_too_high",))


def test_a_symbol_that_is_not_named_keeps_its_last_rate() -> None:
    """RISK-2: they are told once a minute, statements come every five seconds."""
    core = RiskCore(1, INSTRUMENTS, patient(), DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=True, armed=True, real=True)
    feed(core, listed(T), stated(DAWN, fundings={"BTCUSDT": coming("0.0001")}), stated(T))
    outputs = feed(core, wishes(T, signal(at=T)), now=T)
    assert [each.refusals for output in outputs if isinstance(output, VerdictBundle) for each in output.verdicts] == [()]
