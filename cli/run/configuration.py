"""Load the configuration for a command: files, environment, secrets, options; every error at once, exit code 3."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from cli.settings import Settings
from shared.config.load import COMMAND_LINE, ConfigInvalid, Loaded, load
from shared.runtime.process.exits import Exit


def load_settings(config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Load the settings, or print every error to stderr and exit with code 3."""
    try:
        return try_load(config, overrides)
    except ConfigInvalid as error:
        refuse(str(error), Exit.CONFIG_INVALID)


def load_with_origins(config: Sequence[Path] | None) -> Loaded[Settings]:
    """Load the settings with the place of each value, or print every error to stderr and exit with code 3."""
    try:
        return try_load_with_origins(config)
    except ConfigInvalid as error:
        refuse(str(error), Exit.CONFIG_INVALID)


def load_to_start(
    services: Sequence[str] | None, config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None
) -> Settings:
    """Load the settings of a process that will start ``services`` (None: all of the layout).

    Prints every error to stderr and exits with code 3, also for what those services would refuse while they start; with
    code 2 if all of that was given by options.
    """
    from cli.run.startup import start_refusals
    from cli.wiring import services_of

    try:
        loaded = try_load_with_origins(config, overrides)
    except ConfigInvalid as error:
        refuse(str(error), Exit.CONFIG_INVALID)
    faults = start_refusals(loaded, services_of(loaded.settings) if services is None else services)
    if faults:
        typed = all(fault.place == COMMAND_LINE for fault in faults)
        refuse(str(ConfigInvalid(faults)), Exit.USAGE if typed else Exit.CONFIG_INVALID)
    return loaded.settings


def try_load(config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Load the settings. Raises ConfigInvalid with every error."""
    return try_load_with_origins(config, overrides).settings


def try_load_with_origins(config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None) -> Loaded[Settings]:
    """Load the settings together with the place where each was written. Raises ConfigInvalid with every error.

    Without ``config`` the files of the variable ICT_CONFIG are read, and without those there are the defaults only.
    """
    files = list(config) if config else [Path(path) for path in os.environ.get("ICT_CONFIG", "").split(os.pathsep) if path]
    directory = Path(os.environ.get("ICT_SECRETS_DIR", "/run/secrets"))
    secrets = directory if directory.is_dir() else None
    return load(Settings, files, os.environ, secrets, overrides or {})


def refuse(message: str, code: Exit) -> NoReturn:
    """Print the reason to stderr and exit."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
