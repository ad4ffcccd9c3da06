"""Risk rounds to the filters that the exchange has now, and approves nothing where no entry is taken (RISK-1, RISK-2)."""

from __future__ import annotations

from decimal import Decimal

from services.risk.core import RiskCore
from shared.config.account import DEFAULT_ACCOUNT
from shared.domain.control import ClockTick
from shared.domain.intents import Verdict, VerdictBundle
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE
from tests.support.approval.pairs import CREDULOUS, SIGNER
from tests.support.risk.scenes import (
    DAWN,
    INSTRUMENTS,
    build,
    feed,
    instrument,
    listed,
    patient,
    shut,
    signal,
    stated,
    wishes,
)

AT = DAWN + MINUTE


def verdicts(outputs: list[Message]) -> dict[str, Verdict]:
    return {each.symbol: each for output in outputs if isinstance(output, VerdictBundle) for each in output.verdicts}


def asked(core: RiskCore, at: int = AT) -> dict[str, Verdict]:
    # a stop at 98.07 lies between the ticks of every grid used here
    return verdicts(feed(core, wishes(at, signal("BTCUSDT", at, stop=98.07), signal("ETHUSDT", at, stop=98.07))))


def test_the_next_verdict_is_rounded_to_filters_that_changed_under_way() -> None:
    """RISK-1: no restart; a symbol that is not named keeps its own."""
    core = build()
    feed(core, stated(DAWN), listed(DAWN, instrument("BTCUSDT", tick="0.5", step="7", notional="20")))
    found = asked(core)
    btc, eth = found["BTCUSDT"].intent, found["ETHUSDT"].intent
    assert btc is not None
    assert eth is not None
    assert (btc.stop, btc.quantity) == (Decimal(98), Decimal(42))
    assert (eth.stop, eth.quantity) == (Decimal("98.0"), Decimal("45.474"))


def test_a_symbol_that_is_not_named_any_more_keeps_the_last_filters() -> None:
    """RISK-1: what cannot be read is no reason to round to something older."""
    core = build()
    feed(core, stated(DAWN), listed(DAWN, instrument("BTCUSDT", tick="0.5")), listed(DAWN + 1, instrument("ETHUSDT")))
    intent = asked(core)["BTCUSDT"].intent
    assert intent is not None
    assert intent.stop == Decimal(98)


def test_a_closed_symbol_is_refused_with_the_sentence_and_the_others_are_not() -> None:
    """RISK-2: the verdict's note is what a person reads."""
    core = build()
    feed(core, stated(DAWN), listed(DAWN, closures=(shut("BTCUSDT"),)))
    found = asked(core)
    assert found["BTCUSDT"].refusals == ("symbol_closed",)
    assert "BTCUSDT is shut by the test" in found["BTCUSDT"].notes
    assert found["ETHUSDT"].intent is not None


def test_a_closure_holds_in_its_hours_only_and_ends_with_the_list_that_lacks_it() -> None:
    """RISK-2: windows are told ahead; risk looks at its own time."""
    core = build()
    feed(core, stated(DAWN), listed(DAWN, closures=(shut("BTCUSDT", AT + MINUTE, AT + 2 * MINUTE), shut("ETHUSDT"))))
    assert asked(core)["BTCUSDT"].intent is not None
    feed(core, stated(AT + 10_000), listed(AT + 10_001))
    assert asked(core, AT + MINUTE)["BTCUSDT"].intent is not None


def test_a_window_that_has_begun_refuses() -> None:
    """RISK-2: as above, a minute later."""
    core = build()
    feed(core, stated(DAWN), listed(DAWN, closures=(shut("BTCUSDT", AT, AT + 1),)))
    assert asked(core)["BTCUSDT"].refusals == ("symbol_closed",)


def test_a_restart_forgets_neither_filters_nor_closures() -> None:
    """RISK-3: both are part of the state."""
    core, other = build(), build()
    feed(core, stated(DAWN), listed(DAWN, instrument("ETHUSDT", tick="0.5"), closures=(shut("BTCUSDT"),)))
    other.restore(core.snapshot())
    assert asked(other) == asked(core)


def test_where_a_real_exchange_lists_its_symbols_an_old_list_or_none_takes_no_entry() -> None:
    """RISK-2: a symbol may have been closed, or its filters changed, since; an older list makes no newer one old."""
    core = RiskCore(1, INSTRUMENTS, patient(), DEFAULT_ACCOUNT, SIGNER, CREDULOUS, sim=True, armed=True, real=True)
    feed(core, stated(DAWN))
    assert "listing_stale" in asked(core, AT)["BTCUSDT"].refusals
    feed(core, listed(AT), listed(DAWN))
    for late, stale in ((2_700_000, False), (2_700_001, True)):
        feed(core, ClockTick(time=AT + late))
        found = asked(core, AT + late)["BTCUSDT"]
        assert ("listing_stale" in found.refusals) == stale
