"""A decision says what every strategy said, and cannot contradict itself."""

from __future__ import annotations

import pytest

from shared.domain.decisions import Decision, Exit, Judgement, MarketEntry, Signal


def signal(strategy: str = "a") -> Signal:
    return Signal(
        id="s", symbol="BTCUSDT", strategy=strategy, side="BUY", entry=MarketEntry(price=100.0), stop=99.0,
        exits=(Exit(price=102.0),), score=1.0, close_time=60_000, valid_until=120_000, rests_on=(), why="",
    )  # fmt: skip


def decision(*judgements: Judgement, **changes: object) -> Decision:
    return Decision(id="d", symbol="BTCUSDT", close_time=60_000, judgements=judgements, **changes)  # type: ignore[arg-type]  # a table row


SAID = Judgement(strategy="a", signal=signal())
NOT = Judgement(strategy="b", reasons=("no_fvg", "warming_up"))


def test_the_signal_is_that_of_the_chosen_strategy() -> None:
    """SIG-7."""
    chosen = decision(NOT, SAID, chosen="a")
    assert chosen.signal == signal()
    assert chosen.why_not == ()


def test_without_a_choice_every_reason_is_there_once() -> None:
    """SIG-7: the decision's own first, then the strategies' in their order."""
    also = Judgement(strategy="c", reasons=("warming_up", "against_structure"))
    assert decision(NOT, also).why_not == ("no_fvg", "warming_up", "against_structure")
    assert decision(SAID, NOT, reasons=("conflict",)).why_not == ("conflict", "no_fvg", "warming_up")
    assert decision(reasons=("not_this_timeframe",)).signal is None


@pytest.mark.parametrize(
    ("judgements", "changes"),
    [
        ((), {}),
        ((), {"chosen": "a", "reasons": ("conflict",)}),
        ((NOT,), {"chosen": "b"}),
        ((NOT,), {"chosen": "z"}),
        ((SAID, SAID), {}),
        ((SAID,), {"chosen": "a", "reasons": ("conflict",)}),
    ],
)
def test_a_decision_that_contradicts_itself_is_refused(
    judgements: tuple[Judgement, ...], changes: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="decision d"):
        decision(*judgements, **changes)


@pytest.mark.parametrize(
    "fields",
    [{}, {"signal": signal(), "reasons": ("no_fvg",)}, {"signal": signal("b")}],
)
def test_a_judgement_is_a_signal_of_its_strategy_or_reasons(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="judgement of a"):
        Judgement(strategy="a", **fields)  # type: ignore[arg-type]  # a table row
