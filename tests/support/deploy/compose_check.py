"""Holds a compose project and its scrape configuration against the code: what they name must exist, all of it, once."""

from __future__ import annotations

import functools
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from cli.main import app
from cli.settings import Settings
from cli.wiring import NotInLayout, service_spec, topology
from shared.config.load import ConfigInvalid, load

Compose = Mapping[str, Any]

IMAGE = "ict-trader"
MEMORY_MB = (128, 512)
#: Queues of sources and of the market's player, which are no lanes of their services.
_SOURCES = {
    ("market", "sim"): ("replay",),
    ("execution", "testnet"): ("execution", "execution.commands"),
    ("execution", "live"): ("execution", "execution.commands"),
}
#: Images that start as root unless a user is named; the other strangers name one of their own.
_ROOT_IMAGES = ("rabbitmq:", "valkey/")
#: With these requests to the exchange are signed (testnet, live).
_SIGNING = frozenset({"exchange__key", "exchange__secret", "guardian__halt_secret"})
#: Beside the services: neither broker nor store, nothing in the table of queues, no state that `ict status` shows.
_GUARDIAN = "guardian"
#: Who uses which key. Nobody holds one that he does not use.
_USED = {
    "signals": frozenset({"operator__public_key"}),
    "risk": frozenset({"approval__private_key", "operator__public_key"}),
    "execution": frozenset({"approval__public_key", "operator__public_key"}) | _SIGNING,
    _GUARDIAN: frozenset({"guardian__key", "guardian__secret", "guardian__halt_secret"}),
}
_KEYS = frozenset({"operator__private_key"}).union(*_USED.values())


def defects(compose: Compose, prometheus: Mapping[str, Any], root: Path) -> list[str]:
    """Everything that is wrong, in words; empty when nothing is. ``compose``: as ``compose_files.read`` gives it."""
    services: dict[str, Any] = compose["services"]
    found = [*_references(compose, root), *_scrape_targets(services, prometheus), *_coverage(compose, root)]
    found += [*_builds(services, root), *_asked(compose, root)]
    for name, service in services.items():
        found += [f"{name}: {defect}" for defect in (*_hardening(service), *_store(name, service))]
        if _is_ours(service):
            found += [f"{name}: {defect}" for defect in _ours(service, compose, root)]
    return found


def settings_of(service: Mapping[str, Any], compose: Compose, root: Path) -> Settings:
    """What the service's process would load: its environment and what is mounted. Raises ConfigInvalid."""
    configs, secrets = (
        {name: root / entry["file"] for name, entry in compose[kind].items()} for kind in ("configs", "secrets")
    )
    loaded = _load(
        tuple(sorted((str(key), str(value)) for key, value in service.get("environment", {}).items())),
        tuple(configs[entry["source"]] for entry in service.get("configs", ())),
        tuple((name, secrets[name].read_text()) for name in service.get("secrets", ()) if secrets.get(name, root).is_file()),
    )
    if isinstance(loaded, ConfigInvalid):
        raise loaded
    return loaded


@functools.cache
def _load(
    environment: tuple[tuple[str, str], ...], files: tuple[Path, ...], secrets: tuple[tuple[str, str], ...]
) -> Settings | ConfigInvalid:
    with tempfile.TemporaryDirectory() as mounted:
        for name, text in secrets:
            (Path(mounted) / name).write_text(text)
        try:
            return load(Settings, files, dict(environment), Path(mounted)).settings
        except ConfigInvalid as error:
            return error


def _is_ours(service: Mapping[str, Any]) -> bool:
    return str(service.get("image", "")).partition(":")[0] == IMAGE


def _runs(service: Mapping[str, Any]) -> str | None:
    """``risk`` for ``ict run risk``."""
    command = service.get("command", [])
    return str(command[1]) if _is_ours(service) and len(command) == 2 and command[0] == "run" else None


def _plays(name: str, settings: Settings) -> bool:
    """It is the process that plays the market of mode sim, and no service."""
    return (name, settings.mode) == ("market", "sim")


def _references(compose: Compose, root: Path) -> Iterator[str]:
    services = compose["services"]
    for kind in ("configs", "secrets"):
        for name, entry in compose.get(kind, {}).items():
            if not (root / entry["file"]).is_file():
                yield f"{kind}.{name}: there is no file {entry['file']}"
    used: dict[str, set[str]] = {"configs": set(), "secrets": set(), "volumes": set()}
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            if other not in services:
                yield f"{name}: depends_on names {other}, which is no service"
        for kind in ("configs", "secrets"):
            for entry in service.get(kind, []):
                used[kind].add(entry if isinstance(entry, str) else entry["source"])
        used["volumes"] |= {volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] not in "./"}
    for kind, names in used.items():
        known = set(compose.get(kind, {}))
        yield from (f"{kind}: {name} is used and not defined" for name in sorted(names - known))
        yield from (f"{kind}: {name} is defined and not used" for name in sorted(known - names))


def _scrape_targets(services: Mapping[str, Any], prometheus: Mapping[str, Any]) -> Iterator[str]:
    targets = [
        target
        for job in prometheus["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
        if not target.startswith("127.0.0.1:")
    ]
    for target in targets:
        host, port = target.split(":")
        if host not in services:
            yield f"prometheus scrapes {target}, which is no service"
        elif port not in services[host].get("expose", []):
            yield f"prometheus scrapes {target}, which {host} does not expose"
        elif _is_ours(services[host]) and services[host]["environment"].get("ICT_HTTP__PORT") != port:
            yield f"prometheus scrapes {target}, where {host} does not listen"
    for name, service in services.items():
        if _runs(service) and f"{name}:9100" not in targets:
            yield f"{name}: prometheus does not scrape it"


def _asked(compose: Compose, root: Path) -> Iterator[str]:
    """Whoever looks by `ict status`, in any of the containers, asks every service; the played market is none."""
    wanted = {name for name, service in compose["services"].items() if _runs(service) not in (None, "market", _GUARDIAN)}
    for name in sorted(wanted):
        try:
            asked = settings_of(compose["services"][name], compose, root).status.addresses
        except ConfigInvalid:
            continue  # told by _ours
        yield from (f"{name}: `ict status` does not ask {other}" for other in sorted(wanted - asked.keys()))
        for other, url in asked.items():
            if other not in wanted or url != f"http://{other}:9100":
                yield f"{name}: `ict status` asks {other} at {url}, where no service is"


def _coverage(compose: Compose, root: Path) -> Iterator[str]:
    """Each queue is read by exactly one kind of process: a lane's by the lane's, a sink's by the sink's."""
    readers: Counter[str] = Counter()
    table = None
    modes: set[str] = set()
    for service in compose["services"].values():
        name = _runs(service)
        if name is None:
            continue
        try:
            settings = settings_of(service, compose, root)
            spec = None if _plays(name, settings) else service_spec(name, settings)
        except (ConfigInvalid, NotInLayout):
            continue  # told by _ours
        table = topology(settings)
        modes.add(settings.mode)
        if spec is not None:
            readers.update(queue for lane in spec.lanes for queue in lane.queues)
            readers.update(sink.queue for sink in spec.sinks)
        if (name, settings.mode) in _SOURCES:
            readers.update(_SOURCES[name, settings.mode])
    if table is None:
        yield "no service runs"
        return
    if len(modes) > 1:
        yield f"the services run in modes {', '.join(sorted(modes))}"
    for queue in table.queues:
        if readers[queue.name] != 1:
            yield f"queue {queue.name} is taken by {readers[queue.name]} services instead of one"


def _builds(services: Mapping[str, Any], root: Path) -> Iterator[str]:
    """One service builds our image; without a policy an engine would look for it in a registry on behalf of the others."""
    ours = {name: service for name, service in services.items() if _is_ours(service)}
    builders = [name for name, service in ours.items() if (root / service.get("build", "nowhere") / "Dockerfile").is_file()]
    if len(builders) != 1:
        yield f"{IMAGE} is built by {', '.join(builders) or 'nobody'} instead of one service"
    for name, service in ours.items():
        if name not in builders and service.get("pull_policy") != "never":
            yield f"{name}: its image is looked for in a registry"


def _store(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    if not str(service["image"]).startswith("valkey/"):
        return
    command = service.get("command", [])
    if "--protected-mode" not in command or command[command.index("--protected-mode") + 1] != "no":
        yield "refuses every client that is not in its own container"
    test = service.get("healthcheck", {}).get("test", [])
    if "-h" not in test or test[test.index("-h") + 1] != name or "-e" not in test:
        yield "is asked over loopback, or a refusal counts as health"


def _hardening(service: Mapping[str, Any]) -> Iterator[str]:
    if "container_name" in service:
        yield "container_name prevents scaling"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "may gain privileges"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "keeps capabilities"
    if str(service["image"]).startswith(_ROOT_IMAGES) and not service.get("user"):
        yield "starts as root, whose init may not pass SIGTERM on without capabilities"
    if not service.get("read_only") and not str(service["image"]).startswith("rabbitmq:"):
        yield "can write to its root file system"
    if "healthcheck" not in service:
        yield "has no health check"
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    memory = int(str(limits.get("memory", "0M")).removesuffix("M"))
    if not MEMORY_MB[0] <= memory <= MEMORY_MB[1]:
        yield f"memory limit {memory} MB is not within {MEMORY_MB}"
    if service.get("restart") not in ("no", "unless-stopped"):
        yield "is not started again when it ends"
    if service.get("restart") != "no" and "stop_grace_period" not in service:
        yield "has no stop_grace_period"
    if service.get("logging", {}).get("options", {}).get("max-size") is None:
        yield "its log grows without bound"
    if ":" not in str(service["image"]) or str(service["image"]).endswith(":latest"):
        yield "its image is not pinned to a version"
    for port in service.get("ports", []):
        if not str(port).startswith("127.0.0.1:"):
            yield f"port {port} is open to the network"


def _ours(service: Mapping[str, Any], compose: Compose, root: Path) -> Iterator[str]:
    if service.get("user") != "10001:10001":
        yield "runs as root"
    command = [str(word) for word in service.get("command", [])]
    commands = getattr(typer.main.get_command(app), "commands", {})
    if not command or command[0] not in commands:
        yield f"there is no command `ict {' '.join(command)}`"
        return
    options = {option for parameter in commands[command[0]].params for option in parameter.opts}
    yield from (f"`ict {command[0]}` has no option {word}" for word in command[1:] if word[0] == "-" and word not in options)
    try:
        settings = settings_of(service, compose, root)
    except ConfigInvalid as error:
        yield from (str(fault) for fault in error.errors)
        return
    for pair in (settings.approval, settings.operator):
        if settings.mode != "sim" and pair.published():
            yield f"its {pair.SECTION} key is the simulation's"
    held = _KEYS & set(service.get("secrets", []))
    used = _USED.get(_runs(service) or "", frozenset())
    if held != (used - _SIGNING if settings.mode in ("sim", "paper") else used):
        yield f"holds of the keys: {', '.join(sorted(held)) or 'nothing'}"
    mounted = {entry["target"] for entry in service.get("configs", [])}
    if service["environment"].get("ICT_CONFIG") not in mounted:
        yield "ICT_CONFIG names a file that is not mounted"
    name = _runs(service)
    if command[0] == "run":
        if name is None:
            yield f"`ict {' '.join(command)}` runs no service"
            return
        try:
            if not _plays(name, settings) and name != _GUARDIAN:
                service_spec(name, settings)
        except NotInLayout as error:
            yield str(error)
        if settings.http.host != "0.0.0.0":  # inside the container; the port is not published
            yield "Prometheus cannot reach its http.host"
