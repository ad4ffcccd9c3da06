"""From the options of ``ict backtest`` to settings: symbols, strategies, presets and single settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml

from cli.data.options import REPOSITORY, BadOption, CandleFiles
from services.signals.plugins import UnusableStrategy
from services.signals.settings import strategy_of


class Choice(NamedTuple):
    """The options as they were typed: what is played, and how it is traded."""

    data: CandleFiles
    symbols: str | None
    start: str | None
    end: str | None
    funding: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    def files(self) -> CandleFiles:
        """``--data``, once per symbol, where ``--symbols`` names them. Raises BadOption."""
        if self.symbols is None:
            return self.data
        names = [each.strip() for each in self.symbols.split(",") if each.strip()]
        if not names:
            raise BadOption("--symbols: name at least one, like BTCUSDT,ETHUSDT")
        places = self.data.data or (REPOSITORY,)
        if len(places) > 1 or not places[0].startswith(REPOSITORY):
            raise BadOption(
                f"--symbols takes its candles from the repository: --data {REPOSITORY} or {REPOSITORY}DIR beside it, once; "
                "for files write --data SYMBOL=FILE, without --symbols"
            )
        return self.data._replace(data=tuple(f"{name}={places[0]}" for name in names))

    def overrides(self) -> dict[str, Any]:
        """The settings that the options give, as a tree. A single setting wins over a preset. Raises BadOption."""
        found: dict[str, Any] = {}
        if self.strategies:
            _put(found, "signals.strategies", list(self.strategies))
        for option in self.presets:
            name, values = _preset(option)
            for key, value in values.items():
                _put(found, f"signals.{name}.{key}", value)
        for option in self.settings:
            key, equals, text = option.partition("=")
            if not key or not equals:
                raise BadOption(f"--set {option}: write it as SETTING=VALUE, for example risk.risk_per_trade=0.005")
            _put(found, key, _value(option, text))
        return found


def _preset(option: str) -> tuple[str, Mapping[str, Any]]:
    name, equals, wanted = option.partition("=")
    if not equals or not name or not wanted:
        raise BadOption(f"--preset {option}: write it as STRATEGY=NAME, for example ob_fvg=mvp")
    try:
        presets = strategy_of(name).presets
    except UnusableStrategy as error:
        raise BadOption(f"--preset {option}: {error}") from None
    if wanted not in presets:
        there = ", ".join(sorted(presets)) or "none"
        raise BadOption(f"--preset {option}: {name} has no preset {wanted}; there are: {there}")
    return name, presets[wanted].model_dump(mode="json")


def _value(option: str, text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise BadOption(f"--set {option}: {text!r} is no value; write it as in a configuration file") from None


def _put(tree: dict[str, Any], key: str, value: object) -> None:
    """Set the value at a dotted path. Raises BadOption where a single value stands on the way."""
    parts = key.split(".")
    place = tree
    for part in parts[:-1]:
        inner = place.setdefault(part, {})
        if not isinstance(inner, dict):
            raise BadOption(f"--set {key}: {part} was set to {inner!r} before, which has no settings in it")
        place = inner
    place[parts[-1]] = value


#: The sections that decide how a market is traded; the others say where it runs and who hears of it.
DECIDING: Final = (
    "symbols", "timeframes", "partitions", "account", "ingest", "analysis", "signals", "risk", "execution", "simulator",
)  # fmt: skip


def deciding(settings: Mapping[str, Any], sections: Sequence[str] = DECIDING) -> dict[str, Any]:
    """The sections of dumped settings that decide, and the constant funding rate."""
    return {name: settings[name] for name in sections} | {"funding_rate": settings["market"]["funding_rate"]}
