"""Which modules must be pure, and what gives an impure one away: clocks, randomness, event loops, the environment.

A core decides alike on every run and in every process only when nothing but its messages reaches it (invariants 1 to 3).
The walk reads imports and calls out of the source; it runs nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]

#: Where cores live, as patterns below the root.
PURE: Final = (
    "services/*/**/*.py",
    "simulator/**/*.py",
    "shared/core.py",
    "shared/barrier.py",
    "shared/pipeline.py",
    "shared/domain/*.py",
    "shared/bus/topology.py",
    "shared/exchange/binance/requests.py",
    "shared/exchange/binance/endpoints.py",
    "shared/exchange/errors.py",
    "shared/exchange/outcome/outcomes.py",
    "shared/exchange/limits/windows.py",
    "shared/exchange/silence.py",
    "shared/exchange/binance/wire/*.py",
    "research/performance/*.py",
    "research/significance/*.py",
    "research/validation/*.py",
    "research/evidence/*.py",
)
#: File names that are shells by their nature: wiring, sinks, channels, databases.
SHELL_NAMES: Final = frozenset({"service.py", "sink.py", "channels.py", "webhook.py", "database.py", "read.py", "flow.py"})
#: Shells by path: they drive a bus, read streams, listen on sockets, or read and write files and databases.
SHELLS: Final = frozenset(
    {
        "services/execution/drivers/exchange/account_signs.py",
        "services/execution/drivers/exchange/alone.py",
        "services/execution/drivers/exchange/asking.py",
        "services/execution/drivers/exchange/first_sends.py",
        "services/execution/drivers/exchange/countdown.py",
        "services/execution/drivers/exchange/dispatcher.py",
        "services/execution/drivers/exchange/driver.py",
        "services/execution/drivers/exchange/executions.py",
        "services/execution/drivers/exchange/instruments.py",
        "services/execution/drivers/exchange/leaving.py",
        "services/execution/drivers/exchange/listening.py",
        "services/execution/drivers/exchange/money_loop.py",
        "services/execution/drivers/exchange/outbox.py",
        "services/execution/drivers/exchange/preflight.py",
        "services/execution/drivers/exchange/presence.py",
        "services/execution/drivers/exchange/price_watch.py",
        "services/execution/drivers/exchange/quotes.py",
        "services/execution/drivers/exchange/receiving.py",
        "services/execution/drivers/exchange/sending.py",
        "services/execution/drivers/exchange/account_sync.py",
        "services/journal/candles.py",
        "services/journal/span.py",
        "services/execution/drivers/exchange/income_rows.py",
        "services/execution/drivers/exchange/side_reads.py",
        "services/execution/drivers/exchange/transfer_reading.py",
        "services/execution/drivers/exchange/wakefulness.py",
        "services/execution/drivers/exchange/write_ahead.py",
        "services/guardian/guarding.py",
        "services/guardian/hand.py",
        "services/guardian/telling.py",
        "services/ingest/history/downloading.py",
        "services/ingest/history/fetching.py",
        "services/ingest/live/connection.py",
        "services/ingest/live/feed.py",
        "services/ingest/live/fetching.py",
        "services/ingest/live/task_group.py",
        "services/ingest/live/book_resync.py",
        "services/signals/stopwatch.py",
        "simulator/bracket_file.py",
        "simulator/replay_driver.py",
        "simulator/recorder.py",
        "simulator/server/admin.py",
        "simulator/server/clock.py",
        "simulator/server/http.py",
        "simulator/server/listener.py",
        "simulator/server/motion.py",
        "simulator/server/order_socket.py",
        "simulator/server/scenario.py",
        "simulator/server/serving.py",
        "simulator/server/sockets.py",
        "simulator/wire_log/recording_proxy.py",
        "simulator/wire_log/replay_server.py",
        "simulator/wire_log/replayed_sockets.py",
        "simulator/wire_log/writing.py",
        "simulator/tape/recorded.py",
    }
)

#: Modules that a core has no use for, each with what it would let in.
BANNED_IMPORTS: Final = {
    "asyncio": "an event loop",
    "concurrent": "threads",
    "multiprocessing": "processes",
    "random": "randomness",
    "secrets": "randomness",
    "socket": "the network",
    "subprocess": "processes",
    "threading": "threads",
    "time": "a clock",
}
#: Names that a core may not use, as they read after imports are resolved.
BANNED_NAMES: Final = {
    "datetime.date.today": "a clock",
    "datetime.datetime.now": "a clock",
    "datetime.datetime.today": "a clock",
    "datetime.datetime.utcnow": "a clock",
    "numpy.random.default_rng": "randomness: take a generator whose bit generator was seeded",
    "numpy.random.seed": "randomness that the whole process shares",
    "os.environ": "the environment",
    "os.getenv": "the environment",
    "os.getpid": "the process",
    "os.getrandom": "randomness",
    "os.urandom": "randomness",
    "uuid.uuid1": "a clock",
    "uuid.uuid4": "randomness",
    "hash": "a number that differs from process to process (PYTHONHASHSEED); use shared.domain.ids.derive",
    "id": "an address in memory",
}
#: What numpy.random may be used for: building a seeded generator.
SEEDED: Final = frozenset({"Generator", "PCG64", "SeedSequence"})


@dataclass(frozen=True, slots=True)
class Impurity:
    """One place where something other than messages would reach a core."""

    line: int
    name: str
    lets_in: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.name} lets in {self.lets_in}"


def pure_modules(root: Path = ROOT) -> list[Path]:
    """Every module that must be pure, sorted."""
    found = {path for pattern in PURE for path in root.glob(pattern)}
    return sorted(path for path in found if path.name not in SHELL_NAMES and path.relative_to(root).as_posix() not in SHELLS)


def impurities(source: str) -> list[Impurity]:
    """Everything impure in the source text of a module, in order of lines."""
    tree = ast.parse(source)
    names = _imported(tree)
    return sorted({*_imports(tree), *_uses(tree, names)}, key=lambda each: (each.line, each.name))


def _imported(tree: ast.AST) -> dict[str, str]:
    """Local name → what it stands for: ``import numpy as np`` gives ``np`` → ``numpy``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                names[each.asname or each.name.partition(".")[0]] = each.name if each.asname else each.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                names[each.asname or each.name] = f"{node.module}.{each.name}"
    return names


def _imports(tree: ast.AST) -> Iterator[Impurity]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module]
        else:
            continue
        for module in modules:
            lets_in = BANNED_IMPORTS.get(module.partition(".")[0])
            if lets_in is not None:
                yield Impurity(node.lineno, f"import of {module}", lets_in)


def _uses(tree: ast.AST, names: dict[str, str]) -> Iterator[Impurity]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        full = _resolve(node, names)
        lets_in = BANNED_NAMES.get(full)
        module, _, last = full.rpartition(".")
        if lets_in is None and module == "numpy.random" and last not in SEEDED:
            lets_in = "randomness that the whole process shares"
        if lets_in is not None:
            yield Impurity(node.lineno, full, lets_in)


def _resolve(node: ast.expr, names: dict[str, str]) -> str:
    """The dotted name of an expression with imports resolved; empty when it is not a plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id) if isinstance(node.ctx, ast.Load) else ""
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
