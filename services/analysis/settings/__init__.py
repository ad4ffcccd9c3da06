"""Defines the settings of the analysis: one module for each concept, put together in ``AnalysisSettings``.

Lengths are in candles, sizes in ATR or percent of price.
"""

from __future__ import annotations

from pydantic import Field

from services.analysis.settings.base import Concept, Frozen
from services.analysis.settings.cross import CrossSettings
from services.analysis.settings.dealing_range import DealingRangeSettings
from services.analysis.settings.displacement import DisplacementSettings
from services.analysis.settings.failed_blocks import BreakerBlockSettings, MitigationBlockSettings
from services.analysis.settings.fvg import FvgSettings, InversionSettings, MergedGapSettings
from services.analysis.settings.imbalances import (
    BalancedPriceRangeSettings,
    LiquidityVoidSettings,
    VolumeImbalanceSettings,
)
from services.analysis.settings.levels import IpdaSettings, PreviousLevelSettings, SessionLevelSettings
from services.analysis.settings.liquidity import (
    EqualLevelsSettings,
    ImportanceWeights,
    PoolSettings,
    SweepSettings,
    TurtleSoupSettings,
)
from services.analysis.settings.opening_gaps import OpeningGapSettings
from services.analysis.settings.order_blocks import OrderBlockSettings, ScoreWeights
from services.analysis.settings.power_of_three import PowerOfThreeSettings
from services.analysis.settings.publish import FactPattern, matching
from services.analysis.settings.rejection_blocks import RejectionBlockSettings
from services.analysis.settings.structure import InternalSettings, StructureSettings
from services.analysis.settings.timetable import TimetableSettings
from services.analysis.settings.zigzag import ZigzagSettings
from shared.domain.facts import FactKind

__all__ = [
    "AnalysisSettings",
    "BalancedPriceRangeSettings",
    "BreakerBlockSettings",
    "Concept",
    "DealingRangeSettings",
    "DisplacementSettings",
    "EqualLevelsSettings",
    "FvgSettings",
    "ImportanceWeights",
    "InternalSettings",
    "InversionSettings",
    "LiquidityVoidSettings",
    "MergedGapSettings",
    "MitigationBlockSettings",
    "OrderBlockSettings",
    "PoolSettings",
    "RejectionBlockSettings",
    "ScoreWeights",
    "StructureSettings",
    "SweepSettings",
    "TurtleSoupSettings",
    "VolumeImbalanceSettings",
    "ZigzagSettings",
]


class AnalysisSettings(Frozen):
    """Settings of the analysis service; the same for every symbol and timeframe."""

    swing_length: int = Field(
        5, ge=1, le=100, description="Candles on each side of a swing; a swing is confirmed so many candles later"
    )
    atr_period: int = Field(14, ge=1, le=500, description="Period of the average true range (Wilder), candles")
    max_active: int = Field(
        20,
        ge=1,
        le=500,
        description=(
            "Most live bullish, and most live bearish zones of one kind for each symbol and timeframe; beyond that the "
            "oldest expires"
        ),
    )
    publish: tuple[FactPattern, ...] = Field(
        (),
        description=(
            "Kinds of facts published beside those that the enabled strategies read, as globs: ['*'] "
            "= all. Other kinds are not looked for"
        ),
    )
    displacement: DisplacementSettings = Field(default_factory=DisplacementSettings, description="Displacement")
    structure: StructureSettings = Field(default_factory=StructureSettings, description="Breaks of structure")
    internal: InternalSettings = Field(default_factory=InternalSettings, description="Internal structure")
    zigzag: ZigzagSettings = Field(default_factory=ZigzagSettings, description="The zigzag of swings")
    fvg: FvgSettings = Field(default_factory=FvgSettings, description="Fair value gaps")
    inversion: InversionSettings = Field(default_factory=InversionSettings, description="Inversion gaps")
    merged_gaps: MergedGapSettings = Field(default_factory=MergedGapSettings, description="Merged gaps")
    order_block: OrderBlockSettings = Field(default_factory=OrderBlockSettings, description="Order blocks")
    breaker_block: BreakerBlockSettings = Field(default_factory=BreakerBlockSettings, description="Breaker blocks")
    mitigation_block: MitigationBlockSettings = Field(
        default_factory=MitigationBlockSettings, description="Mitigation blocks"
    )
    rejection_block: RejectionBlockSettings = Field(default_factory=RejectionBlockSettings, description="Rejection blocks")
    balanced_price_range: BalancedPriceRangeSettings = Field(
        default_factory=BalancedPriceRangeSettings, description="Balanced price ranges"
    )
    volume_imbalance: VolumeImbalanceSettings = Field(
        default_factory=VolumeImbalanceSettings, description="Volume imbalances"
    )
    liquidity_void: LiquidityVoidSettings = Field(default_factory=LiquidityVoidSettings, description="Liquidity voids")
    timetable: TimetableSettings = Field(
        default_factory=TimetableSettings, description="Kill zones, Silver Bullet hours, macros and key opens"
    )
    previous_levels: PreviousLevelSettings = Field(
        default_factory=PreviousLevelSettings, description="Previous day, week and month highs and lows"
    )
    session_levels: SessionLevelSettings = Field(
        default_factory=SessionLevelSettings, description="Highs and lows of kill zones and sessions"
    )
    ipda: IpdaSettings = Field(default_factory=IpdaSettings, description="IPDA ranges")
    opening_gaps: OpeningGapSettings = Field(default_factory=OpeningGapSettings, description="Opening gaps")
    power_of_three: PowerOfThreeSettings = Field(
        default_factory=PowerOfThreeSettings, description="Power of Three and Judas swing"
    )
    cross: CrossSettings = Field(default_factory=CrossSettings, description="SMT divergence and liquidity correlation")
    equal_levels: EqualLevelsSettings = Field(default_factory=EqualLevelsSettings, description="Equal highs and lows")
    pools: PoolSettings = Field(default_factory=PoolSettings, description="Liquidity pools beyond swings")
    sweeps: SweepSettings = Field(default_factory=SweepSettings, description="Sweeps of levels")
    turtle_soup: TurtleSoupSettings = Field(default_factory=TurtleSoupSettings, description="Turtle soup")
    dealing_range: DealingRangeSettings = Field(
        default_factory=DealingRangeSettings, description="Dealing range, premium and discount, optimal trade entry"
    )

    def published(self, reads: frozenset[FactKind]) -> frozenset[FactKind]:
        """Return the kinds of facts to publish: ``reads``, which the strategies need, and those that ``publish`` names."""
        return reads.union(*map(matching, self.publish))
