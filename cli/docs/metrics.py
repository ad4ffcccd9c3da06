"""Writes docs/metrics.md: every metric of every module, with its labels."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TypeGuard

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector, CollectorRegistry

import services
import shared
import simulator
from cli.docs.markdown import code, page, table
from cli.docs.source_text import source_of

_PREFIX = "ict_"


@dataclass(frozen=True, slots=True, order=True)
class MetricRow:
    """One metric as Prometheus shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    module: str


def metrics() -> list[MetricRow]:
    """Return every ``ict_*`` metric, sorted by name; each once, with the module that defines it."""
    found: dict[str, MetricRow] = {}
    for module in _modules():
        for value in vars(module).values():
            if _collects(value):
                for row in _rows(value, module.__name__.replace(".", "/") + ".py"):
                    known = found.setdefault(row.name, row)
                    if _defines(module, row.name) and known.module != row.module:
                        found[row.name] = row
    return sorted(found.values())


def render() -> str:
    """Render the page."""
    rows = metrics()
    return page(
        "Metrics",
        "Every service answers `GET /metrics`. Times are seconds, sizes bytes. A histogram `x` has the series `x_bucket`, "
        "`x_sum` and `x_count`.",
        table(
            ("metric", "kind", "labels", "meaning", "defined in"),
            ((code(row.name), row.kind, " ".join(map(code, row.labels)), row.help, code(row.module)) for row in rows),
        ),
    )


def _modules() -> Iterator[ModuleType]:
    for package in (shared, services, simulator):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(info.name)


def _collects(value: object) -> TypeGuard[Collector]:
    """Return True for metrics and custom collectors, False for a registry."""
    return not isinstance(value, type | CollectorRegistry) and callable(getattr(type(value), "collect", None))


def _defines(module: ModuleType, name: str) -> bool:
    return f'"{name}"' in source_of(module)


def _rows(collector: Collector, module: str) -> Iterator[MetricRow]:
    # prometheus_client has no public name for the labels of a metric without children
    if isinstance(collector, MetricWrapperBase):
        name, kind, text = collector._name, str(collector._type), collector._documentation
        yield from _row(name, kind, tuple(collector._labelnames), text, module)
        return
    for family in collector.collect():
        yield from _row(family.name, family.type, tuple(getattr(family, "_labelnames", ())), family.documentation, module)


def _row(name: str, kind: str, labels: tuple[str, ...], text: str, module: str) -> Iterator[MetricRow]:
    if name.startswith(_PREFIX):
        yield MetricRow(f"{name}_total" if kind == "counter" else name, kind, labels, text, module)
