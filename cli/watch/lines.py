"""Which judgements are worth a line, and the line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cli.printing import one_line
from services.signals.wording import moment, price
from shared.domain.judgements import JudgementBundle, ToldGate, ToldJudgement


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown. near: most gates that do not hold. everything: all judgements. strategy, symbol: only it; "" = any."""

    near: int = 1
    everything: bool = False
    strategy: str = ""
    symbol: str = ""

    def shows(self, said: ToldJudgement) -> bool:
        """Return True for a signal, also one of a paused strategy, for a setup that was close, or where all are wanted."""
        if self.strategy not in ("", said.strategy) or self.symbol not in ("", said.symbol):
            return False
        if self.everything or said.signal is not None or "paused" in said.reasons:
            return True
        return bool(said.gates) and len(said.failing) <= self.near


def lines(bundle: JudgementBundle, wanted: Wanted) -> Iterator[str]:
    """Yield a line for each judgement that is wanted."""
    for said in bundle.judgements:
        if wanted.shows(said):
            text = f"{moment(bundle.close_time)}  {said.symbol:<12} {said.strategy} {said.timeframe}: {_words(said)}"
            yield one_line(text)
    if bundle.left_out:
        text = f"{bundle.left_out} more judgements of partition {bundle.partition} did not fit into one message"
        yield f"{moment(bundle.close_time)}  {text}"


def _words(said: ToldJudgement) -> str:
    signal = said.signal
    if signal is not None:
        prices = f"{signal.side} at {price(signal.entry)}, stop {price(signal.stop)}, target {price(signal.target)}"
        return f"SIGNAL {prices}, score {signal.score:g}"
    why = ", ".join(said.reasons)
    if not said.gates:
        return why
    held = f"{len(said.gates) - len(said.failing)} of {len(said.gates)} gates hold"
    missing = "; ".join(map(_gate, said.failing))
    return f"{why} ({held}){f': {missing}' if missing else ''}"


def _gate(gate: ToldGate) -> str:
    """The sentence of a gate, else its numbers."""
    if gate.text:
        return gate.text
    numbers = [f"{gate.value:g}"] if gate.value is not None else []
    numbers += [f"against {gate.limit:g}"] if gate.limit is not None else []
    return " ".join((gate.name, *numbers, gate.unit)).strip()
