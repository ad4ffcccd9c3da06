"""What services refuse when they start, found before anything is started: ``ict check`` and every command that starts one.

Sections that contradict themselves or each other are refused by the models (``cli.settings``). Here is the rest: files that
settings name, keys that a mode needs, and whatever the services' builders raise. Nothing connects and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from cli.database_file import journal_file, store_file, wrong_file
from cli.settings import Settings
from cli.wiring import make_store, require_service, service_spec, services_of
from services.ingest.candle_source import SourceRefused
from shared.config.errors import ConfigInvalid
from shared.config.load import Fault, Loaded
from shared.runtime.process.exits import Exit, Leave
from simulator.bracket_file import load_brackets

#: What builders raise for settings that they cannot start with.
_REFUSALS: Final = (
    ValueError, TypeError, LookupError, ArithmeticError, OSError, msgspec.MsgspecError, Leave, SourceRefused,
)  # fmt: skip

Check = Callable[[Settings], object]

#: What has inputs and is no service. ``files`` are the databases, which a service that starts finds wanting by itself.
_APART: Final = ("server", "market", "files")


def _store(settings: Settings) -> None:
    make_store(settings)


def _store_file(settings: Settings) -> None:
    _store(settings)
    _refuse_file(store_file(settings))


def _journal_file(settings: Settings) -> None:
    _refuse_file(journal_file(settings))


def _refuse_file(path: Path | None) -> None:
    if path is not None and (wrong := wrong_file(path)) is not None:
        raise ValueError(wrong)


def _scenario(settings: Settings) -> None:
    if settings.server.scenario is not None:
        from simulator.server.scenario import BadScenario, read_scenario  # the server's own parts are loaded for it alone

        try:
            read_scenario(settings.server.scenario)
        except BadScenario as error:
            raise ValueError(str(error)) from error


def _exchange_info(settings: Settings) -> None:
    if settings.server.exchange_info is not None:
        from simulator.server.serving import symbols_of

        symbols_of(settings.symbols, settings.server)


def _market_files(settings: Settings) -> None:
    if settings.mode == "sim" and settings.market.source == "files":
        from cli.play.market import open_source

        open_source(settings, {}, None, None)


def _brackets(settings: Settings) -> None:
    load_brackets(settings.simulator.brackets_file)


def _key(settings: Settings) -> None:
    if settings.mode in ("testnet", "live") and not settings.exchange.has_key:
        raise Leave(
            Exit.REFUSED,
            f"mode {settings.mode} signs orders: set ICT_EXCHANGE__KEY and ICT_EXCHANGE__SECRET, or secret files of the "
            "names exchange__key and exchange__secret",
        )


def _signing_key(settings: Settings) -> None:
    settings.approval.signing_key(simulated=settings.simulated)


def _verifying_key(settings: Settings) -> None:
    settings.approval.verifying_key(simulated=settings.simulated)


def _command_key(settings: Settings) -> None:
    settings.operator.verifying_key(simulated=settings.simulated)


#: Service → what it reads from outside the configuration, by the setting that names it. Beside the services: ``server`` is
#: `ict simulator`, ``market`` is the market that sim mode plays.
_INPUTS: Final[dict[str, dict[str, Check]]] = {
    "execution": {
        "simulator.brackets_file": _brackets,
        "exchange.key": _key,
        "approval.public_key": _verifying_key,
        "operator.public_key": _command_key,
    },
    "market": {"market.files": _market_files},
    "server": {
        "simulator.brackets_file": _brackets,
        "server.exchange_info": _exchange_info,
        "server.scenario": _scenario,
    },
    "files": {"store.url": _store_file, "journal.url": _journal_file},
    "signals": {"operator.public_key": _command_key},
    "risk": {"approval.private_key": _signing_key, "operator.public_key": _command_key},
    "engine": {"approval.private_key": _signing_key, "operator.public_key": _command_key},
}


def everything(settings: Settings) -> tuple[str, ...]:
    """Name whatever the configuration may start: the services, `ict simulator`'s server, the played market, the files."""
    return (*services_of(settings), *_APART)


def start_refusals(loaded: Loaded[Settings], services: Sequence[str]) -> list[Fault]:
    """List what these services would refuse at their start, each fault with the place of the offending value.

    Raises NotInLayout for a name that is no service of the configured layout.
    """
    faults: dict[str, Fault] = {}
    for fault in _refusals(loaded, services):
        faults.setdefault(str(fault), fault)
    return list(faults.values())


def refuse_start(loaded: Loaded[Settings], services: Sequence[str]) -> None:
    """Raise ConfigInvalid with everything that these services would refuse at their start."""
    faults = start_refusals(loaded, services)
    if faults:
        raise ConfigInvalid(faults)


def _refusals(loaded: Loaded[Settings], services: Sequence[str]) -> Iterator[Fault]:
    settings = loaded.settings
    for name in services:
        if name not in _APART:
            require_service(name, settings)
    inputs: dict[str, Check] = {"store.url": _store}
    for name in services:
        inputs |= _INPUTS.get(name, {})
    found = False
    for path, check in inputs.items():
        for fault in _tried(partial(check, settings), loaded.origin(path), path):
            found = True
            yield fault
    if found:
        return  # what reads those inputs would only say the same again
    for name in services:
        if name not in _APART:
            yield from _tried(partial(_build, name, settings), "", f"service {name}")


def _build(name: str, settings: Settings) -> None:
    """Build the cores of a service; sinks and sources are not built, because they open what they write to or read from."""
    for lane in service_spec(name, settings).lanes:
        lane.build()


def _tried(attempt: Callable[[], object], place: str, path: str) -> Iterator[Fault]:
    try:
        attempt()
    except _REFUSALS as error:
        yield Fault(place, path, str(error).removeprefix(f"{path} "))
