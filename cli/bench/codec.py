"""Measures encoding and decoding of an analysis bundle: msgspec, as on the bus, against pydantic with the same fields."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec
import typer
from pydantic import BaseModel, ConfigDict

from shared.bus.codec import decode, encode
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, AnalysisBundle, Fact

_SYMBOLS, _FACTS, _RUNS = 50, 20, 15


class _PydanticFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    kind: str
    direction: str
    top: float
    bottom: float
    formed_at: int
    confirmed_at: int
    changed_at: int
    state: str
    score: float = 0.0
    touches: int = 0
    fill: float = 0.0
    why: str = ""
    label: str = ""
    candles: tuple[int, ...] = ()
    ref: str = ""
    fill_probability: float | None = None


def bundle(symbols: int = _SYMBOLS, facts: int = _FACTS) -> AnalysisBundle:
    """Return the bundle that analysis sends to signals when ``symbols`` close together."""
    close_time = 1_746_316_860_000
    made = tuple(
        Fact(
            id=f"fact{index}", kind="fvg", direction="bullish", top=95_010.5 + index, bottom=95_000.1 + index,
            formed_at=close_time - 120_000, confirmed_at=close_time, changed_at=close_time, state="active", score=0.5,
            why="the low of the third candle stands above the high of the first",
        )
        for index in range(facts)
    )  # fmt: skip
    analyses = []
    for index in range(symbols):
        candle = Candle(
            symbol=f"SYM{index}USDT", timeframe="1m", open_time=close_time - 60_000,
            open=95_000.1, high=95_020.3, low=94_990.2, close=95_010.4, volume=12.5,
        )  # fmt: skip
        analyses.append(
            Analysis(symbol=candle.symbol, timeframe="1m", candle=candle, trend="up", atr=25.5, events=(), active=made)
        )
    return AnalysisBundle(partition=0, timeframe="1m", close_time=close_time, analyses=tuple(analyses))


def _median_us(action: Callable[[], Any]) -> float:
    action()
    times = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def main(*, as_json: bool) -> None:
    """Measure and print the figures."""
    message = bundle()
    facts = _SYMBOLS * _FACTS

    def with_msgspec() -> None:
        decode(message.TYPE, message.VERSION, encode(message))

    plain = [msgspec.to_builtins(fact) for analysis in message.analyses for fact in analysis.active]
    models = [_PydanticFact.model_validate(fact) for fact in plain]

    def with_pydantic() -> None:
        body = msgspec.msgpack.encode([model.model_dump(exclude_defaults=True) for model in models])
        for fact in msgspec.msgpack.decode(body):
            _PydanticFact.model_validate(fact)

    ours, reference = _median_us(with_msgspec), _median_us(with_pydantic)
    result = {
        "facts": facts,
        "msgspec_round_trip_us": round(ours, 1),
        "pydantic_round_trip_us": round(reference, 1),
        "msgspec_us_per_fact": round(ours / facts, 3),
        "pydantic_us_per_fact": round(reference / facts, 3),
        "ratio": round(reference / ours, 2),
    }
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(
        f"{facts} facts, encode and validated decode: msgspec {ours / 1000:.2f} ms, pydantic {reference / 1000:.2f} ms "
        f"({result['ratio']} times as long)"
    )
