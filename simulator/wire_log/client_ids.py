"""Follows the ids that clients choose themselves: a client that plays the session again chooses others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

#: Parameters whose value the client makes up, new in every session.
CHOSEN: Final = frozenset({"newClientOrderId", "clientAlgoId", "origClientOrderId", "newClientStrategyId"})
_IN_BATCH: Final = re.compile(r'"(?:newClientOrderId|clientAlgoId)"\s*:\s*"([^"]+)"')


def parameters(query: str, body: str) -> dict[str, str]:
    """The parameters of a request, from query and form."""
    return dict(parse_qsl("&".join(part for part in (query, body) if part), keep_blank_values=True))


def chosen(params: Mapping[str, str]) -> list[str]:
    """The ids that the client chose, in a fixed order; those of a batch too."""
    ids = [params[name] for name in sorted(CHOSEN & params.keys())]
    return ids + _IN_BATCH.findall(params.get("batchOrders", ""))


class ClientIds:
    """Ids of the recording and those that stand for them now."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._recorded: dict[str, str] = {}

    def pair(self, recorded: Mapping[str, str], now: Mapping[str, str]) -> None:
        """Learn from two requests, one recorded and one made now, that are the same but for their ids."""
        for old, new in zip(chosen(recorded), chosen(now), strict=False):
            self._now[old], self._recorded[new] = new, old

    def recorded(self, params: Mapping[str, str]) -> dict[str, str]:
        """The parameters of a request made now, with the ids of the recording where they are known."""
        return {name: self._recorded.get(value, value) if name in CHOSEN else value for name, value in params.items()}

    def now(self, text: str) -> str:
        """What was recorded, with the ids of now."""
        for old, new in self._now.items():
            if old != new:
                text = text.replace(f'"{old}"', f'"{new}"')
        return text
