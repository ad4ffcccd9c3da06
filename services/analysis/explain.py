"""From findings to facts: the id, the sentence and the message, made only for what somebody reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.analysis.base.finding import Finding, Identity
from services.analysis.cross.correlation import why_correlation
from services.analysis.cross.smt_levels import why_smt_level
from services.analysis.cross.smt_swings import why_smt_swing
from services.analysis.detectors.balanced_price_ranges import why_balanced_price_range
from services.analysis.detectors.breaker_blocks import why_breaker_block
from services.analysis.detectors.dealing_range import why_ote, why_range
from services.analysis.detectors.displacement import why_displacement
from services.analysis.detectors.equal_levels import why_equal_levels
from services.analysis.detectors.fvg import why_gap
from services.analysis.detectors.inversion import why_inversion
from services.analysis.detectors.ipda import why_ipda
from services.analysis.detectors.key_opens import why_key_open
from services.analysis.detectors.liquidity_voids import why_liquidity_void
from services.analysis.detectors.merged_gaps import why_merged
from services.analysis.detectors.mitigation_blocks import why_mitigation_block
from services.analysis.detectors.opening_gaps import why_opening_gap
from services.analysis.detectors.order_blocks import why_order_block
from services.analysis.detectors.pools import why_pool
from services.analysis.detectors.power_of_three import why_judas, why_power_of_three
from services.analysis.detectors.previous_levels import why_previous_level
from services.analysis.detectors.rejection_blocks import why_rejection_block
from services.analysis.detectors.session_levels import why_session_level
from services.analysis.detectors.sessions import why_window
from services.analysis.detectors.structure import why_break, why_failed_break, why_mss
from services.analysis.detectors.sweeps import why_sweep
from services.analysis.detectors.swings import why_swing
from services.analysis.detectors.turtle_soup import why_turtle_soup
from services.analysis.detectors.volume_imbalances import why_volume_imbalance
from services.analysis.detectors.zigzag import why_pivot
from services.analysis.fvg_fill import FillForecast
from shared.domain.facts import Fact, FactKind
from shared.domain.ids import derive
from shared.domain.timeframes import Timeframe

#: The sentence of each kind: the rule, the candles and the numbers that made it, for a person.
SENTENCES: Final[dict[FactKind, Callable[[Finding], str]]] = {
    "swing_high": why_swing,
    "swing_low": why_swing,
    "internal_high": why_swing,
    "internal_low": why_swing,
    "pivot_high": why_pivot,
    "pivot_low": why_pivot,
    "bos": why_break,
    "choch": why_break,
    "mss": why_mss,
    "failed_break": why_failed_break,
    "internal_bos": why_break,
    "internal_choch": why_break,
    "displacement": why_displacement,
    "fvg": why_gap,
    "ifvg": why_inversion,
    "merged_fvg": why_merged,
    "order_block": why_order_block,
    "breaker_block": why_breaker_block,
    "mitigation_block": why_mitigation_block,
    "rejection_block": why_rejection_block,
    "balanced_price_range": why_balanced_price_range,
    "volume_imbalance": why_volume_imbalance,
    "liquidity_void": why_liquidity_void,
    "kill_zone": why_window,
    "silver_bullet": why_window,
    "macro": why_window,
    "session": why_window,
    "quiet_hours": why_window,
    "key_open": why_key_open,
    "previous_day_high": why_previous_level,
    "previous_day_low": why_previous_level,
    "previous_week_high": why_previous_level,
    "previous_week_low": why_previous_level,
    "previous_month_high": why_previous_level,
    "previous_month_low": why_previous_level,
    "session_high": why_session_level,
    "session_low": why_session_level,
    "ipda_range": why_ipda,
    "ndog": why_opening_gap,
    "nwog": why_opening_gap,
    "gap_4h": why_opening_gap,
    "judas_swing": why_judas,
    "power_of_three": why_power_of_three,
    "smt_swing": why_smt_swing,
    "smt_level": why_smt_level,
    "liquidity_correlation": why_correlation,
    "equal_highs": why_equal_levels,
    "equal_lows": why_equal_levels,
    "liquidity_pool": why_pool,
    "sweep": why_sweep,
    "turtle_soup": why_turtle_soup,
    "dealing_range": why_range,
    "ote": why_ote,
}


def fact_id(symbol: str, timeframe: Timeframe, identity: Identity) -> str:
    """Return the id of a fact, derived from fields that never change."""
    kind, direction, formed_at, key = identity
    if key:
        return derive(symbol, timeframe, kind, direction, formed_at, key)
    return derive(symbol, timeframe, kind, direction, formed_at)


def fact_of(finding: Finding, symbol: str, timeframe: Timeframe, forecast: FillForecast | None = None) -> Fact:
    """The message of a finding; the id and the sentence are those of an earlier state's message, where there is one.

    ``forecast`` says how likely a gap is to be filled; without it nothing is said.
    """
    before = finding.earlier
    if isinstance(before, Fact):
        identity, why, ref = before.id, before.why, before.ref
    else:
        identity = fact_id(symbol, timeframe, finding.identity())
        why = SENTENCES[finding.kind](finding)
        ref = "" if finding.ref is None else fact_id(symbol, timeframe, finding.ref)
    return Fact(
        id=identity,
        kind=finding.kind,
        direction=finding.direction,
        top=finding.top,
        bottom=finding.bottom,
        formed_at=finding.formed_at,
        confirmed_at=finding.confirmed_at,
        changed_at=finding.changed_at,
        state=finding.state,
        score=finding.score,
        touches=finding.touches,
        fill=finding.fill,
        why=why,
        label=finding.label,
        candles=finding.candles,
        ref=ref,
        fill_probability=forecast.of(finding, timeframe) if forecast is not None and finding.kind == "fvg" else None,
    )
