"""Gates that ICT strategies share: that a close can be judged, its bias, a fresh break of structure, the entry, the stop.

Each function adds its gates to a list and says what came of it. ``told``: with sentences, which cost time; without them,
some gates that hold are left out too: nothing follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.signals import trade
from services.signals.gates import Gate, ids
from services.signals.trade import TradeSettings
from services.signals.view import MarketView
from services.signals.view.index import Reading
from services.signals.wording import price
from shared.domain.facts import Direction, Fact
from shared.domain.timeframes import DURATION, Timeframe


def opening(
    gates: list[Gate], view: MarketView, timeframe: Timeframe, settings: TradeSettings, *, told: bool
) -> Reading | None:
    """Return candle, trend and range of the candle that closes now; None when nothing can be decided on it."""
    analysis = view.reading_at_close(timeframe)
    if analysis is None:
        text = f"No {timeframe} candle closes, or came, at this time." if told else ""
        gates.append(Gate("candle", "data_missing", False, text=text))
        return None
    state, atr, seen, least = analysis.candle.state, analysis.atr, view.candles.get(timeframe, 0), settings.warmup_candles
    plausible = state != "disputed"
    if told or not plausible:
        gates.append(Gate("plausible", "data_disputed", plausible, text=f"The candle is {state}." if told else ""))
    if not plausible:
        return None
    if not told and atr > 0.0 and seen >= least:
        return analysis
    gates.append(
        Gate("atr", "warming_up", atr > 0.0, atr, 0.0, "USDT",
             f"The average true range is {price(float(f'{atr:.4g}'))}; above 0 it is known." if told else "")
    )  # fmt: skip
    gates.append(
        Gate("history", "warming_up", seen >= least, seen, least, "candles",
             f"{seen} candles of {timeframe} were seen; at least {least} are needed." if told else "")
    )  # fmt: skip
    return analysis if atr > 0.0 and seen >= least else None


def bias(gates: list[Gate], view: MarketView, timeframe: Timeframe, *, told: bool) -> Direction | None:
    """Return the direction of a timeframe's trend; None without one."""
    trend = view.trend(timeframe)
    direction = trade.DIRECTION.get(trend)
    text = f"The {timeframe} trend is {trend}; it is the bias." if told else ""
    if told or direction is None:
        gates.append(Gate("bias", "no_bias", direction is not None, text=text))
    return direction


def fresh_break(
    gates: list[Gate], view: MarketView, timeframe: Timeframe, candles: int, wanted: Direction | None, *, told: bool,
    turned: bool = True, after: int = 0,
) -> Fact | None:  # fmt: skip
    """Return the last break of structure if it is younger than ``candles`` closes and known since ``after`` (UTC ms) only.

    turned: it must be a change of character. wanted: its direction; None = any.
    """
    last = view.last_break(timeframe)
    if last is None:
        gates.append(Gate("break", "no_shift", False, text=f"Structure on {timeframe} has not broken yet." if told else ""))
        return None
    age = (view.close_time - last.confirmed_at) / DURATION[timeframe]
    fits = (not turned or last.kind == "choch") and (wanted is None or last.direction == wanted)
    in_order, fresh = last.confirmed_at > after, last.confirmed_at > view.close_time - candles * DURATION[timeframe]
    if not told and fits and in_order and fresh:
        return last
    text = ""
    if told:
        words = f"{wanted} " if wanted else ""
        words += "change of character" if turned else "break of structure"
        text = f"The last break on {timeframe} is a {_broken(last)}; wanted is a {words}."
    gates.append(Gate("break", "no_shift", fits, text=text, facts=ids(last) if told else ()))
    if after:
        text = f"It came {'after' if in_order else 'not after'} that swing." if told else ""
        gates.append(Gate("break_after", "no_shift", in_order, last.confirmed_at, after, "UTC ms", text))
    gates.append(
        Gate("break_fresh", "no_shift", fresh, age, candles, "closes",
             f"It is {age:g} closes old; it counts while younger than {candles}." if told else "")
    )  # fmt: skip
    return last if fits and in_order and fresh else None


def entry_ahead(gates: list[Gate], direction: Direction, entry: float, close: float, *, told: bool) -> None:
    """Price must still come back to a resting entry."""
    text = ""
    if told:
        side = "below" if direction == "bullish" else "above"
        text = f"The entry at {price(entry)} must lie {side} the close at {price(close)}."
    gates.append(Gate("entry_ahead", "entry_passed", trade.is_behind(direction, entry, close), entry, close, "USDT", text))


def stop_accepted(
    gates: list[Gate], direction: Direction, entry: float, stop: float, settings: TradeSettings, *, told: bool
) -> None:
    """The distance of the stop is between its bounds; a stop that is not behind the entry is too near."""
    fraction = (entry - stop if direction == "bullish" else stop - entry) / entry
    shortest, longest = settings.min_stop_distance, settings.max_stop_distance
    text = f"The stop at {price(stop)} is {fraction:.3%} behind the entry at {price(entry)}" if told else ""
    gates.append(
        Gate("stop_far_enough", "stop_too_near", fraction >= shortest, fraction, shortest, "fraction of price",
             f"{text}; at least {shortest:.3%}." if told else "")
    )  # fmt: skip
    gates.append(
        Gate("stop_near_enough", "stop_too_far", fraction <= longest, fraction, longest, "fraction of price",
             f"{text}; at most {longest:.3%}." if told else "")
    )  # fmt: skip


def unused(gates: list[Gate], view: MarketView, facts: Sequence[Fact], *, told: bool) -> None:
    """None of these facts gave this strategy a signal before."""
    passed = not any(fact.id in view.used for fact in facts)
    text = ""
    if told:
        kinds = " or ".join(dict.fromkeys(named(fact) for fact in facts))
        text = f"The {kinds} gave {'no' if passed else 'a'} signal before."
    gates.append(Gate("unused", "zone_used", passed, text=text))


def named(fact: Fact) -> str:
    """The kind of a fact as a person says it: ``change of character``, ``order block``."""
    spoken = {"choch": "change of character", "bos": "break of structure", "fvg": "fair value gap"}
    return spoken.get(fact.kind) or fact.kind.replace("_", " ")


def zone_bounds(zone: Fact) -> str:
    """Bottom and top: ``99.5-100.25``."""
    return f"{price(zone.bottom)}-{price(zone.top)}"


def _broken(last: Fact) -> str:
    return f"{last.direction} {named(last)} at {price(last.top)}"
