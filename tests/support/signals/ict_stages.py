"""For each ICT strategy the stage on which it buys; tests take single conditions away from it."""

from __future__ import annotations

from typing import Final

from shared.domain.timeframes import MINUTE
from tests.support.signals.scenes import DAWN
from tests.support.signals.stage import Stage, ago, fact

#: 09:35 UTC of a Tuesday.
_AT: Final = DAWN + 575 * MINUTE


#: 09:45 UTC.
_OTE_AT: Final = DAWN + 585 * MINUTE


def _ob_fvg() -> Stage:
    return (
        Stage(at=_OTE_AT)
        .candle("15m", 102.0, 102.25, 100.5, 101.25)
        .trend("15m", "up")
        .plus(
            "15m",
            fact("order_block", "bullish", 100.0, 100.75, ago(_OTE_AT, "15m", 8)),
            fact("fvg", "bullish", 100.5, 101.0, ago(_OTE_AT, "15m", 7)),
            fact("bos", "bullish", 101.5, 101.5, ago(_OTE_AT, "15m", 6)),
        )
    )


OB_FVG: Final = _ob_fvg()


def _top_down() -> Stage:
    stage = Stage(at=_AT)
    for frame in ("30m", "4h", "1d"):
        stage = stage.candle(frame, 100.0, 101.0, 99.75, 100.5)
    return (
        stage.candle("1h", 100.5, 100.75, 99.0, 100.0)
        .candle("15m", 100.0, 100.25, 99.75, 100.0)
        .candle("5m", 100.0, 100.75, 99.875, 100.5)
        .trend("4h", "up")
        .trend("1h", "up")
        .plus("1h", fact("order_block", "bullish", 99.0, 99.5, ago(_AT, "1h", 5)))
        .plus("15m", fact("fvg", "bullish", 99.25, 99.75, ago(_AT, "15m", 20)))
        .plus(
            "5m",
            fact("choch", "bullish", 100.25, 100.25, _AT, formed_at=_AT - 60 * MINUTE),
            fact("sweep", "bullish", 99.0, 99.25, _AT - 60 * MINUTE),
            fact("kill_zone", "none", 100.0, 100.0, _AT - 120 * MINUTE, label="london_open"),
            fact("liquidity_pool", "bearish", 102.5, 102.5, _AT - 300 * MINUTE),
            fact("previous_day_high", "bearish", 104.5, 104.5, ago(_AT, "1d", 0)),
        )
    )


TOP_DOWN: Final = _top_down()


def _sweep_reversal() -> Stage:
    def before(candles: int) -> int:
        return ago(_AT, "5m", candles)

    return (
        Stage(at=_AT)
        .candle("5m", 100.5, 101.5, 100.25, 101.25)
        .plus(
            "5m",
            fact("sweep", "bullish", 99.0, 99.25, before(8)),
            fact("displacement", "bullish", 99.5, 100.75, before(2)),
            fact("fvg", "bullish", 100.0, 100.5, before(1)),
            fact("order_block", "bullish", 99.25, 99.75, before(1)),
            fact("choch", "bullish", 100.75, 100.75, before(1), formed_at=before(20)),
            fact("liquidity_pool", "bearish", 101.75, 101.75, before(60)),
            fact("session_high", "bearish", 104.25, 104.25, before(90)),
        )
    )


SWEEP_REVERSAL: Final = _sweep_reversal()


#: 10:20 in New York, twenty minutes into the second Silver Bullet hour: 15:20 UTC.
_HOUR: Final = DAWN + 15 * 60 * MINUTE
_BULLET_AT: Final = _HOUR + 20 * MINUTE


def _silver_bullet() -> Stage:
    return (
        Stage(at=_BULLET_AT)
        .candle("5m", 100.25, 101.0, 100.25, 100.75)
        .plus(
            "5m",
            fact("silver_bullet", "none", 99.75, 99.75, _HOUR, label="silver_bullet_am"),
            fact("sweep", "bullish", 99.25, 99.5, _HOUR),
            fact("fvg", "bullish", 99.875, 100.125, _BULLET_AT, formed_at=_BULLET_AT - 10 * MINUTE),
            fact("equal_highs", "bearish", 101.25, 101.25, _HOUR - 100 * MINUTE),
            fact("previous_day_high", "bearish", 102.25, 102.25, DAWN),
        )
    )


SILVER_BULLET: Final = _silver_bullet()


def _ote() -> Stage:
    def before(candles: int) -> int:
        return ago(_OTE_AT, "15m", candles)

    return (
        Stage(at=_OTE_AT)
        .candle("1h", 100.0, 102.0, 99.75, 101.0)
        .candle("15m", 101.75, 102.0, 101.0, 101.25)
        .trend("1h", "up")
        .trend("15m", "up")
        .plus(
            "15m",
            fact("dealing_range", "bullish", 98.0, 102.0, before(0), formed_at=before(6), candles=(before(16), before(6))),
            fact("ote", "bullish", 98.84, 99.52, before(0), formed_at=before(6)),
            fact("bos", "bullish", 101.0, 101.0, before(8), formed_at=before(30)),
            fact("order_block", "bullish", 98.75, 99.25, before(8)),
            fact("fvg", "bullish", 99.25, 99.75, before(9)),
            fact("previous_day_high", "bearish", 103.5, 103.5, DAWN),
        )
    )


OTE: Final = _ote()


def _breaker_retest() -> Stage:
    def before(candles: int) -> int:
        return ago(_OTE_AT, "15m", candles)

    return (
        Stage(at=_OTE_AT)
        .candle("1h", 100.0, 102.0, 99.75, 101.0)
        .candle("15m", 101.5, 101.75, 100.5, 101.25)
        .trend("1h", "up")
        .trend("15m", "up")
        .plus(
            "15m",
            fact("breaker_block", "bullish", 100.25, 100.75, before(12), state="mitigated", changed_at=_OTE_AT, touches=1),
            fact("liquidity_pool", "bearish", 102.75, 102.75, before(40)),
            fact("session_high", "bearish", 104.0, 104.0, before(60)),
        )
    )


BREAKER_RETEST: Final = _breaker_retest()


#: Midnight in New York, in winter.
_MIDNIGHT: Final = DAWN + 300 * MINUTE
#: 03:30 in New York: inside the London open kill zone.
_JUDAS_AT: Final = _MIDNIGHT + 210 * MINUTE


def _judas() -> Stage:
    return (
        Stage(at=_JUDAS_AT)
        .candle("4h", 100.0, 102.0, 99.75, 100.0)
        .candle("5m", 100.0, 100.75, 99.875, 100.5)
        .trend("4h", "up")
        .plus(
            "5m",
            fact("key_open", "none", 100.0, 100.0, _MIDNIGHT + 5 * MINUTE, formed_at=_MIDNIGHT, label="midnight"),
            fact("kill_zone", "none", 99.75, 99.75, _MIDNIGHT + 120 * MINUTE, label="london_open"),
            fact("judas_swing", "bullish", 99.0, 99.5, _MIDNIGHT + 150 * MINUTE),
            fact("choch", "bullish", 100.25, 100.25, _JUDAS_AT, formed_at=_JUDAS_AT - 60 * MINUTE),
            fact("session_high", "bearish", 102.5, 102.5, _MIDNIGHT, label="asian"),
            fact("previous_day_high", "bearish", 104.0, 104.0, DAWN),
        )
    )


JUDAS: Final = _judas()
