"""Who works when: every detector, made from the settings, in the order of work inside one candle (docs/ict.md §1)."""

from __future__ import annotations

from typing import final

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import Decimals
from services.analysis.base.detector import Detector
from services.analysis.base.finding import INFINITY, Finding
from services.analysis.detectors.atr import AverageTrueRange
from services.analysis.detectors.balanced_price_ranges import BalancedPriceRanges
from services.analysis.detectors.breaker_blocks import BreakerBlocks
from services.analysis.detectors.dealing_range import DealingRange
from services.analysis.detectors.dependencies import detectors_for
from services.analysis.detectors.displacement import Displacement
from services.analysis.detectors.equal_levels import EqualLevels
from services.analysis.detectors.failed_blocks import FailedBlocks
from services.analysis.detectors.fvg import FairValueGaps
from services.analysis.detectors.internal_structure import InternalStructure
from services.analysis.detectors.inversion import InversionGaps
from services.analysis.detectors.ipda import IpdaRanges
from services.analysis.detectors.key_opens import KeyOpens
from services.analysis.detectors.liquidity_voids import LiquidityVoids
from services.analysis.detectors.merged_gaps import MergedGaps
from services.analysis.detectors.mitigation_blocks import MitigationBlocks
from services.analysis.detectors.opening_gaps import OpeningGaps
from services.analysis.detectors.order_blocks import OrderBlocks
from services.analysis.detectors.period_ranges import PeriodRanges
from services.analysis.detectors.pools import LiquidityPools
from services.analysis.detectors.power_of_three import PowerOfThree
from services.analysis.detectors.previous_levels import PreviousLevels
from services.analysis.detectors.rejection_blocks import RejectionBlocks
from services.analysis.detectors.session_levels import SessionLevels
from services.analysis.detectors.sessions import Sessions
from services.analysis.detectors.structure import Structure
from services.analysis.detectors.sweeps import Sweeps
from services.analysis.detectors.swings import Swings
from services.analysis.detectors.turtle_soup import TurtleSoup
from services.analysis.detectors.volume_imbalances import VolumeImbalances
from services.analysis.detectors.zigzag import Zigzag
from services.analysis.settings import AnalysisSettings
from shared.domain.facts import ALL_KINDS, FactKind

#: No exchange quotes beyond; such numbers are refused, not computed with.
_LIMIT = 1e12


@final
class _Turn:
    """A detector whose turn it is. The class is final: a list of these is walked without a search for their base class."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector


class BadCandle(ValueError):
    """An impossible candle: the engine is unchanged, and the sender has a bug."""


@final
class Roster:
    """All detectors of one symbol and timeframe, fed candle by candle or column by column.

    Order of work inside one candle: zones alive before it (``follow`` of all, in the order of the roster), then ``detect``
    of all in the same order: structure against swings confirmed before it, swing confirmation, new fair value gap, and what
    reads these. A detector sees through ``CandleClose`` and its neighbours only what came before it in this order.

    ``label`` names the stream in errors. ``duration`` and ``anchor`` (ms): candles open at ``anchor`` plus multiples of
    ``duration``. ``kinds``: what somebody wants to know; detectors that have no part in it do not work.
    """

    def __init__(
        self,
        label: str,
        duration: int,
        anchor: int,
        settings: AnalysisSettings,
        kinds: frozenset[FactKind] = ALL_KINDS,
    ) -> None:
        self._label = label
        self._duration = duration
        self._anchor = anchor
        self._prices = Decimals()
        self.last_open = -1
        self.atr = AverageTrueRange(settings.atr_period)
        most = settings.max_active
        self.displacement = Displacement(settings.displacement)
        self.sessions = Sessions(settings.timetable, duration)
        self.periods = PeriodRanges(settings.previous_levels.day_anchor, settings.previous_levels.min_coverage, duration)
        self.swings = Swings(settings.swing_length)
        self.structure = Structure(settings.structure, self.swings, self.displacement)
        self.internal_swings = Swings(settings.internal.length, internal=True)
        self.internal_structure = InternalStructure(settings.structure, self.internal_swings, self.swings)
        self.zigzag = Zigzag(settings.zigzag)
        self.fvg = FairValueGaps(settings.fvg, most, self.structure)
        self.inversion = InversionGaps(settings.inversion, most, self.fvg)
        self.merged_gaps = MergedGaps(settings.merged_gaps, settings.fvg, most)
        self.order_blocks = OrderBlocks(settings.order_block, most, self.swings, self.fvg)
        self.failed_blocks = FailedBlocks(settings.order_block.leg_candles, self.order_blocks)
        self.breaker_blocks = BreakerBlocks(settings.breaker_block, most, self.failed_blocks)
        self.mitigation_blocks = MitigationBlocks(settings.mitigation_block, most, self.failed_blocks)
        self.balanced_price_ranges = BalancedPriceRanges(settings.balanced_price_range, most)
        self.volume_imbalances = VolumeImbalances(settings.volume_imbalance, most)
        self.liquidity_voids = LiquidityVoids(settings.liquidity_void, most)
        self.key_opens = KeyOpens(settings.timetable, duration)
        self.previous_levels = PreviousLevels(settings.previous_levels, self.periods, duration)
        self.session_levels = SessionLevels(settings.session_levels, self.sessions, duration)
        self.ipda = IpdaRanges(settings.ipda, self.periods)
        self.opening_gaps = OpeningGaps(settings.opening_gaps, duration)
        self.power_of_three = PowerOfThree(settings.power_of_three, self.sessions)
        self.equal_levels = EqualLevels(settings.equal_levels, most)
        self.pools = LiquidityPools(settings.pools, most, settings.swing_length)
        books = [detector.levels for detector in (self.previous_levels, self.session_levels, self.equal_levels, self.pools)]
        self.sweeps = Sweeps(settings.sweeps, books)
        self.rejection_blocks = RejectionBlocks(settings.rejection_block, most, self.swings, books)
        self.turtle_soup = TurtleSoup(settings.turtle_soup)
        self.dealing_range = DealingRange(settings.dealing_range, settings.swing_length)

        has_internal: bool = settings.internal.enabled and settings.internal.length < settings.swing_length
        line_up: list[tuple[str, bool, Detector]] = [
            # First: it sets the scale of this candle's thresholds, which the others read.
            ("sessions", settings.timetable.enabled, self.sessions),
            ("displacement", settings.displacement.enabled, self.displacement),
            ("periods", settings.previous_levels.enabled or settings.ipda.enabled, self.periods),
            ("structure", settings.structure.enabled, self.structure),
            ("internal_structure", has_internal, self.internal_structure),
            ("swings", True, self.swings),
            ("internal_swings", has_internal, self.internal_swings),
            ("zigzag", settings.zigzag.enabled, self.zigzag),
            ("fvg", settings.fvg.enabled, self.fvg),
            ("inversion", settings.inversion.enabled, self.inversion),
            ("merged_gaps", settings.merged_gaps.enabled, self.merged_gaps),
            ("order_blocks", settings.order_block.enabled, self.order_blocks),
            (
                "failed_blocks",
                settings.breaker_block.enabled or settings.mitigation_block.enabled,
                self.failed_blocks,
            ),
            ("breaker_blocks", settings.breaker_block.enabled, self.breaker_blocks),
            ("mitigation_blocks", settings.mitigation_block.enabled, self.mitigation_blocks),
            ("rejection_blocks", settings.rejection_block.enabled, self.rejection_blocks),
            ("balanced_price_ranges", settings.balanced_price_range.enabled, self.balanced_price_ranges),
            ("volume_imbalances", settings.volume_imbalance.enabled, self.volume_imbalances),
            ("liquidity_voids", settings.liquidity_void.enabled, self.liquidity_voids),
            ("key_opens", settings.timetable.enabled, self.key_opens),
            ("previous_levels", settings.previous_levels.enabled, self.previous_levels),
            ("session_levels", settings.session_levels.enabled, self.session_levels),
            ("ipda", settings.ipda.enabled, self.ipda),
            ("opening_gaps", settings.opening_gaps.enabled, self.opening_gaps),
            ("power_of_three", settings.power_of_three.enabled, self.power_of_three),
            ("equal_levels", settings.equal_levels.enabled, self.equal_levels),
            ("pools", settings.pools.enabled, self.pools),
            ("sweeps", settings.sweeps.enabled, self.sweeps),
            ("turtle_soup", settings.turtle_soup.enabled, self.turtle_soup),
            ("dealing_range", settings.dealing_range.enabled, self.dealing_range),
        ]
        #: Those that work, by name, in the order of work. One that does not work stays empty for those that read it.
        behind = detectors_for(kinds, adapt=settings.timetable.adapt != "off")
        self.at_work: list[tuple[str, Detector]] = [
            (name, detector) for name, enabled, detector in line_up if enabled and name in behind
        ]
        self._detectors: list[Detector] = [detector for _, detector in self.at_work]
        # Most do not do everything: who has nothing to do is not asked.
        self._following = [_Turn(each) for each in self._detectors if type(each).follow is not Detector.follow]
        self._detecting = [_Turn(each) for each in self._detectors if type(each).detect is not Detector.detect]
        self._telling = [_Turn(each) for each in self._detectors if type(each).active is not Detector.active]
        self.now = CandleClose(duration, max(detector.window for detector in self._detectors))

    def step(self, open_time: int, opened: float, high: float, low: float, close: float, volume: float) -> list[Finding]:
        """Take the next closed candle; everything that its close makes known, in the order of work.

        A jump in ``open_time`` is a gap. Raises BadCandle, and changes nothing, for prices that are not positive numbers
        with open and close within low and high, a volume that is negative or no number, a candle that is not newer than
        the last, and one that does not lie on the timeframe's grid. Prices are taken as decimals of ten digits
        (``base.comparisons``): every detector may compare them with the operators of Python.
        """
        if not (
            0.0 < opened < _LIMIT
            and 0.0 < high < _LIMIT
            and 0.0 < low < _LIMIT
            and 0.0 < close < _LIMIT
            and 0.0 <= volume < INFINITY
        ):
            raise self._impossible(open_time, opened, high, low, close, volume)
        prices = self._prices
        opened = prices.of(opened)
        high = prices.of(high)
        low = prices.of(low)
        close = prices.of(close)
        if not (low <= opened <= high and low <= close <= high):
            raise self._impossible(open_time, opened, high, low, close, volume)
        if (open_time - self._anchor) % self._duration != 0:
            raise BadCandle(
                f"{self._label} candle {open_time} does not open on a multiple of {self._duration} ms: it is of another "
                "interval"
            )
        last = self.last_open
        if open_time <= last:
            raise BadCandle(
                f"{self._label} has seen candle {last}; {open_time} is not newer: drop duplicates and sort before"
            )
        now = self.now
        if open_time != last + self._duration and now.run > 0:
            now.break_run()
        self.last_open = open_time
        atr = self.atr
        now.move_to(open_time, opened, high, low, close, volume, atr.value)
        atr.update(high, low, close, follows=now.run > 1)
        for turn in self._following:
            turn.detector.follow(now)
        for turn in self._detecting:
            turn.detector.detect(now)
        return now.events

    def run(
        self,
        open_times: list[int],
        opens: list[float],
        highs: list[float],
        lows: list[float],
        closes: list[float],
        volumes: list[float],
    ) -> list[Finding]:
        """The same for columns of candles, oldest first: all findings, in order. Raises BadCandle at the first bad one."""
        found: list[Finding] = []
        for index in range(len(open_times)):
            events = self.step(open_times[index], opens[index], highs[index], lows[index], closes[index], volumes[index])
            if events:
                found.extend(events)
        return found

    def _impossible(self, open_time: int, opened: float, high: float, low: float, close: float, volume: float) -> BadCandle:
        return BadCandle(
            f"{self._label} candle {open_time}: open {opened}, high {high}, low {low}, close {close}, volume {volume}: "
            "prices must be positive numbers with open and close within low and high, the volume not negative"
        )

    def skip(self, open_time: int) -> None:
        """The candle that opens at ``open_time`` is not to be judged: what follows does not follow on what came before."""
        self.last_open = open_time
        self.now.break_run()

    def active(self) -> list[Finding]:
        """All that is alive, detector by detector in the order of the roster, oldest first."""
        found: list[Finding] = []
        for turn in self._telling:
            turn.detector.active(found)
        return found
