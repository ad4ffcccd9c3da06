"""``python -m tests.support.clients.page docs/clients.md``: the page of the last run of `make clients`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.clients.outcomes import REFUSED, Outcome, file_of, kept
from tests.support.clients.venvs import REQUIREMENTS
from tests.support.deploy.locks import pins

#: Column → (requirements, package, how it is addressed). The order is the table's.
CLIENTS: Final[dict[str, tuple[str, str, str]]] = {
    "sdk": (
        "sdk",
        "binance-sdk-derivatives-trading-usds-futures",
        "`base_path` of ConfigurationRestAPI; `stream_url` of ConfigurationWebSocketAPI and ConfigurationWebSocketStreams",
    ),
    "connector": (
        "connector",
        "binance-futures-connector",
        "`base_url` of UMFutures; `stream_url` of UMFuturesWebsocketClient, with `/market`, `/public` or `/private`",
    ),
    "python-binance": ("python_binance", "python-binance", "class attributes `…_URL`"),
    "ccxt binance": ("ccxt", "ccxt", "`urls` of the constructor"),
    "ccxt binanceusdm": ("ccxt", "ccxt", "`urls` of the constructor"),
    "ccxt real names": (
        "ccxt",
        "ccxt",
        "class `binanceusdm`; `hostname`, `cafile`, a hosts file and [--tls](simulator.md#under-the-real-names)",
    ),
    "freqtrade": ("freqtrade", "freqtrade", "`exchange.ccxt_config.urls` of its configuration"),
}
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
#: Heading → whether a call belongs below it; the first that says yes has it.
_SECTIONS: Final = (
    ("REST", lambda call: call.partition(" ")[0] in _METHODS),
    ("Streams", lambda call: "@" in call or call.startswith("!")),
    ("User data", lambda call: call.startswith(("SUBSCRIBE", "listenKeyExpired")) or re.match(r"[A-Z]+_[A-Z_]+\b", call)),
    ("WebSocket API", lambda call: re.match(r"[a-zA-Z0-9/]+\.[a-z]|depth|rateLimits", call)),
    ("Start", lambda call: call.startswith(("start", "connect"))),
)
_SCENES: Final = "freqtrade"

_HEAD: Final = """\
# Clients of others at the simulator

*Written from the outcomes of `make clients`, which compares the two; do not edit.*

`make clients` installs each client in a virtualenv of its own, from locked requirements, and lets it trade against a process
`ict simulator --now`. The clients are unmodified but for addresses. The job fails when a call that has to work does not.

* **ok**: carried out, and the answer is what the client expects. The SDK compares each with its own model.
* **a code**: refused, as the exchange does. The call is made to be refused.
* **not served**: the simulator has no such page; see [what differs](simulator.md#what-differs-from-binance).
* empty: the client has no such call, or it is not tried.

The scripts: `tests/clients/scripts`, one a client. What is served, from the code: [protocol](protocol.md).
"""


def version_of(requirements: str, package: str) -> str:
    """The locked version of a package."""
    return pins((REQUIREMENTS / f"{requirements}.txt").read_text(encoding="utf-8"))[package][0]


def page(results: Mapping[str, Sequence[Outcome]]) -> str:
    """The whole page. ``results``: column → outcomes."""
    columns = [name for name in CLIENTS if name != _SCENES]
    cells = {name: _cells(results[name]) for name in columns}
    parts = [_HEAD, _clients()]
    for heading, calls in _in_sections({call for each in cells.values() for call in each}):
        parts.append(f"## {heading}\n\n{_table(['call', *columns], _rows(calls, columns, cells))}")
    parts.append(_scenes(results[_SCENES]))
    parts.append(_classes(results))
    return "\n".join(parts)


def _clients() -> str:
    rows = [
        [name, f"{package} {version_of(requirements, package)}", how]
        for name, (requirements, package, how) in CLIENTS.items()
    ]
    return f"## Clients\n\n{_table(['column', 'package', 'addressed by'], rows)}"


def _cells(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Call → cell. Of a call that is made more than once the last outcome counts, and a failure always."""
    found: dict[str, str] = {}
    for each in outcomes:
        if found.get(each.call) != "FAILED":
            found[each.call] = each.cell
    return found


def _in_sections(calls: set[str]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {heading: [] for heading, _ in _SECTIONS}
    for call in calls:
        heading = next((heading for heading, belongs in _SECTIONS if belongs(call)), None)
        assert heading, f"{call!r} belongs to no section of the page; name it as Binance does"
        found[heading].append(call)
    return [(heading, sorted(found[heading], key=_order)) for heading, _ in _SECTIONS if found[heading]]


def _order(call: str) -> tuple[str, int, str]:
    """REST by path, then method; everything by its name."""
    method, _, rest = call.partition(" ")
    if method in _METHODS:
        path, _, variant = rest.partition(" ")
        return path, _METHODS.index(method), variant
    return call, 0, ""


def _rows(calls: Iterable[str], columns: Sequence[str], cells: Mapping[str, Mapping[str, str]]) -> list[list[str]]:
    return [[f"`{call}`", *(cells[column].get(call, "") for column in columns)] for call in calls]


def _scenes(outcomes: Sequence[Outcome]) -> str:
    intro = (
        "Live futures (`dry_run: false`) with stops at the exchange; trades are entered and left by its own REST API. "
        "Each row is what was seen at the simulator as well as in freqtrade."
    )
    return f"## freqtrade\n\n{intro}\n\n{_table(['scene', 'seen'], [[each.call, each.cell] for each in outcomes])}"


def _classes(results: Mapping[str, Sequence[Outcome]]) -> str:
    intro = (
        "ccxt chooses its error classes by the address of the real exchange: elsewhere most codes of futures arrive as a "
        "plain `ExchangeError`, whose text has the code. Under the real names they arrive as they do there."
    )
    elsewhere, named = (_raised(results[name]) for name in ("ccxt binanceusdm", "ccxt real names"))
    rows = [[str(code), elsewhere.get(code, ""), named.get(code, "")] for code in sorted({*elsewhere, *named}, reverse=True)]
    return f"## Refusals in ccxt\n\n{intro}\n\n{_table(['code', 'at another address', 'under the real names'], rows)}"


def _raised(outcomes: Iterable[Outcome]) -> dict[int, str]:
    """Code → the class of REST's error. The WebSocket API has one for all."""
    return {
        each.code: f"`{each.raised}`"
        for each in outcomes
        if each.outcome == REFUSED and each.code is not None and each.call.startswith(_METHODS)
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def missing() -> list[str]:
    """Columns without outcomes of a run."""
    return [name for name in CLIENTS if not file_of(name).exists()]


def of_last_run() -> str:
    """The page of what is kept."""
    return page({name: kept(name) for name in CLIENTS})


def main(arguments: Sequence[str]) -> int:
    """Write the page; 1 when a client has not been run."""
    if len(arguments) != 1:
        print("usage: page.py docs/clients.md", file=sys.stderr)
        return 2
    if absent := missing():
        print(f"no outcomes of {', '.join(absent)}; run: make clients", file=sys.stderr)
        return 1
    Path(arguments[0]).write_text(of_last_run(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
