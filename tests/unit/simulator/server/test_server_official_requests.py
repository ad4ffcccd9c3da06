"""Every request of Binance's own client library is served, or docs/simulator.md says that it is not."""

from __future__ import annotations

import re

from simulator.server.rest.endpoints import BY_PATH
from tests.support.repository.pure_modules import ROOT

#: Method and path of every REST request of binance-sdk-derivatives-trading-usds-futures 18.1.0.
OFFICIAL = [
    (method, path)
    for method, _, path in (
        line.partition(" ")
        for line in (ROOT / "tests" / "support" / "simulator" / "official_requests.txt").read_text().splitlines()
    )
]
DIFFERS = re.split(r"^## ", (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def unexplained(requests: list[tuple[str, str]], text: str) -> list[tuple[str, str]]:
    """Requests that are neither served nor named in a text; ``convert/*`` names all of them."""
    words = set(re.findall(r"`([^`]+)`", text))

    def named(path: str) -> bool:
        short = re.sub(r"^/(fapi/v\d|futures/data)/", "", path).removesuffix("/id")
        return bool({path, short, f"{short.partition('/')[0]}/*"} & words)

    return [each for each in requests if each not in BY_PATH and not named(each[1])]


def test_every_official_request_is_served_or_named() -> None:
    """EXEC-1: a client finds out by reading, not by a 404."""
    (text,) = [part for part in DIFFERS if part.startswith("What differs")]
    assert len(OFFICIAL) == 95
    assert unexplained(OFFICIAL, text) == []


def test_a_request_that_is_neither_is_found() -> None:
    """STYLE: every checker has a specimen."""
    new = [("GET", "/fapi/v1/depth"), ("GET", "/fapi/v1/convert/news"), ("GET", "/fapi/v1/news"), ("PUT", "/fapi/v1/depth")]
    assert unexplained(new, "`convert/*`") == new[2:]
