"""Top-down confluence: bias of the higher timeframe, a zone of the middle ones, a trigger on the lower one (SIG-2).

1. The bias is the trend of the ``bias_timeframe`` (4h): up looks for buys, down for sells, none for nothing.
2. Zones are living order blocks and fair value gaps on the ``zone_timeframe`` (15m) and higher. Price came back to
   one: the last closed candle of the ``middle_timeframe`` (1h) or the candle that closes now traded into it, it was
   known before that candle opened, and the close is not beyond its far side.
3. Of all zones that were reached, of either direction, the one of the longest timeframe speaks. It must have the
   direction of the bias; a zone against it overrules the trade.
4. The trigger is a break of structure or a change of character in the direction of the bias on the ``timeframe``
   (5m), within the last ``shift_candles`` closes.
5. Points are added up: the trend of the middle timeframe agrees with the bias; an order block was reached; a gap was
   reached; the optimal trade entry of the zone timeframe was reached; liquidity was swept in this direction within
   the last ``sweep_candles``; a kill zone is open; an SMT divergence of this direction stands. Those of a block or
   gap are multiplied by the factor of its tier: HTF, MTF, LTF. Their sum must be ``entry_score`` or more.
6. Entry at the market. The stop lies ``stop_buffer`` beyond the finest zone reached and the extremes of both candles
   of rule 2.
7. A part is taken off at the first liquidity, the rest at the next; then the stop moves to the entry. A zone gives
   one signal.
8. Timeframes longer than the middle one that are not the bias (1d) give zones only. While the newest candle of one
   is missing or implausible (a lost minute spoils a whole day), its zones neither support a trade nor overrule one,
   and the signal says so.
"""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from services.signals import trade
from services.signals.contract import Reads, Strategy
from services.signals.rules.top_down import NAME, ZONES, explain, judge
from services.signals.trade import TradeSettings
from shared.domain.facts import FactKind
from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe

#: The longest timeframe whose zones are read.
_LONGEST_ZONES: Final[Timeframe] = "1d"


class TopDownSettings(TradeSettings):
    """Settings of the strategy top_down: bias, zone and trigger of three timeframes, added up to a score."""

    timeframe: Timeframe = Field("5m", description="Timeframe of the trigger, whose closes are judged")
    zone_timeframe: Timeframe = Field("15m", description="Shortest timeframe of the zones that price comes back to")
    middle_timeframe: Timeframe = Field("1h", description="Timeframe whose trend and last candle stand between the two")
    bias_timeframe: Timeframe = Field("4h", description="Timeframe whose trend is the bias")
    shift_candles: int = Field(3, ge=1, le=100, description="Closes in which a break of structure is a trigger")
    sweep_candles: int = Field(24, ge=1, le=500, description="Candles of the trigger's timeframe in which a sweep counts")
    min_block_score: float = Field(0.3, ge=0.0, le=1.0, description="Lowest validity score of an order block")
    weight_structure: float = Field(2.0, ge=0.0, le=100.0, description="Points if the middle timeframe has the bias's trend")
    weight_order_block: float = Field(2.0, ge=0.0, le=100.0, description="Points for an order block")
    weight_fvg: float = Field(1.5, ge=0.0, le=100.0, description="Points for a fair value gap")
    weight_ote: float = Field(1.5, ge=0.0, le=100.0, description="Points for the optimal trade entry")
    weight_sweep: float = Field(2.0, ge=0.0, le=100.0, description="Points for a liquidity sweep")
    weight_kill_zone: float = Field(1.0, ge=0.0, le=100.0, description="Points inside a kill zone")
    weight_smt: float = Field(1.0, ge=0.0, le=100.0, description="Points for an SMT divergence")
    htf_factor: float = Field(1.25, ge=0.0, le=10.0, description="Factor of the points of a zone on 1w, 1d or 4h")
    mtf_factor: float = Field(1.0, ge=0.0, le=10.0, description="Factor of the points of a zone on 1h, 30m or 15m")
    ltf_factor: float = Field(0.75, ge=0.0, le=10.0, description="Factor of the points of a zone on 5m or 1m")
    entry_score: float = Field(4.0, ge=0.0, le=300.0, description="Fewest points of an entry")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Raise ValueError unless the timeframes go from the trigger up to the bias."""
        chain = (self.timeframe, self.zone_timeframe, self.middle_timeframe, self.bias_timeframe)
        lengths = [DURATION[each] for each in chain]
        if lengths != sorted(lengths) or lengths[0] == lengths[-1]:
            raise ValueError(
                f"timeframe, zone_timeframe, middle_timeframe and bias_timeframe are {', '.join(chain)}: none may be "
                "shorter than the one before, and the last must be longer than the first"
            )
        if DURATION[self.zone_timeframe] > DURATION[_LONGEST_ZONES]:
            raise ValueError(
                f"zone_timeframe {self.zone_timeframe}: zones are read up to {_LONGEST_ZONES}; take {_LONGEST_ZONES} or a "
                "shorter one"
            )
        return self


def _reads(settings: TopDownSettings) -> Reads:
    reads: dict[Timeframe, frozenset[FactKind]] = {
        frame: ZONES
        for frame in TIMEFRAMES
        if DURATION[settings.zone_timeframe] <= DURATION[frame] <= DURATION[_LONGEST_ZONES]
    }

    def also(timeframe: Timeframe, *kinds: FactKind) -> None:
        reads[timeframe] = reads.get(timeframe, frozenset()).union(kinds)

    also(settings.bias_timeframe)
    also(settings.middle_timeframe)
    also(settings.zone_timeframe, "ote", "smt_swing", "smt_level")
    also(settings.timeframe, "bos", "choch", "sweep", "kill_zone", *trade.TARGETS)
    return reads


def _optional(settings: TopDownSettings) -> tuple[Timeframe, ...]:
    """What gives zones only."""
    middle = DURATION[settings.middle_timeframe]
    return tuple(each for each in _reads(settings) if DURATION[each] > middle and each != settings.bias_timeframe)


STRATEGY: Final = Strategy(
    name=NAME,
    about="Enters with the trend of the higher timeframe when price turns in a zone, with enough confluence.",
    settings=TopDownSettings,
    judge=judge,
    timeframe=lambda settings: settings.timeframe,
    reads=_reads,
    explain=explain,
    points="entry_score",
    optional=_optional,
)
