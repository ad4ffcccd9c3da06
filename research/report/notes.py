"""What a reader has to know before the numbers: what is missing, what stopped trading, what is too little to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from research.performance.equity import EquityCurve
from research.report.equity import Curve
from research.report.record import Record
from research.report.told import Told
from research.report.wording import at
from shared.domain.timeframes import DAY

#: Fewer trades, or a shorter span, say next to nothing about the next ones.
_FEW_TRADES: Final = 30
_SHORT: Final = 60 * DAY
_STOPPED: Final = ("HALTED", "FLATTEN")


def notes_of(
    record: Record, told: Sequence[Told], curve: Curve | None, measured: EquityCurve | None, left_out: int
) -> tuple[str, ...]:
    """Whole sentences, the gravest first."""
    return tuple(_notes(record, told, curve, measured, left_out))


def _notes(
    record: Record, told: Sequence[Told], curve: Curve | None, measured: EquityCurve | None, left_out: int
) -> Iterator[str]:
    result = record.result
    if not result.finished:
        yield f"The run was interrupted: it was played until {at(result.played_until)} of {at(result.last)} UTC."
    if curve is None:
        yield "The run ended before its account had an equity; there is nothing to measure."
    elif measured is None:
        yield "The account began without money; there is nothing to measure."
    elif measured.ruined_at is not None:
        yield f"The account was empty at {at(measured.ruined_at)} UTC. What comes after is not measured."
    stopped = _stopped(record)
    if stopped is not None:
        since = f"since {at(stopped)} UTC " if stopped < result.played_until else ""
        reason = f" ({result.kill_switch_reason})" if result.kill_switch_reason else ""
        yield f"Risk stopped all entries {since}until re-armed by hand{reason}: nothing was traded after that."
    if not told:
        yield "No trade was closed. The reasons, with how often each held, stand under “Why it did not trade”."
    elif len(told) < _FEW_TRADES:
        yield f"{_count(len(told), 'trade')}: too few to tell skill from luck. {_FEW_TRADES} are a bare minimum."
    if told and result.played_until - result.first < _SHORT:
        yield "Less than two months: yearly figures are extrapolated, and one kind of market was seen."
    if curve is not None and curve.held:
        yield f"Still open at the end: {', '.join(curve.held)}. Its unrealised profit is in the equity, in no trade."
    if record.zones is None and told:
        yield "The run was recorded without its zones: charts show candles, entry, stop and exits only."
    if left_out:
        yield f"{_count(left_out, 'trade')} with the smallest results have no chart, so that the page stays small."


def _stopped(record: Record) -> int | None:
    """Since when no entry passed until the end, UTC ms; None when they pass."""
    if record.result.kill_switch not in _STOPPED:
        return None
    since = record.result.played_until
    for line in reversed(record.equity):
        if line.kill_switch not in _STOPPED:
            break
        since = line.time
    return since


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
