"""Reads ``--vary``: the values that are tried of a setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from cli.run.configuration import refuse
from shared.runtime.process.exits import Exit


def values_to_try(options: Sequence[str], form: str, *, of_strategies: bool = False) -> dict[str, list[Any]]:
    """Return setting → values, of options ``SETTING=VALUE,VALUE``. Ends the command with 2, naming ``form``, for others.

    of_strategies: a setting is named without its strategy, so that each strategy that has it is meant.
    """
    found: dict[str, list[Any]] = {}
    for option in options:
        name, equals, text = option.partition("=")
        try:
            values = yaml.safe_load(f"[{text}]")
        except yaml.YAMLError:
            values = None
        if not name or not equals or not values or (of_strategies and "." in name):
            refuse(f"--vary {option}: write it as {form}", Exit.USAGE)
        found[name] = values
    return found
