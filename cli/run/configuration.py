"""Loading the configuration for a command: files, environment, secrets, options; every error at once, exit code 3."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from cli.settings import Settings
from shared.config.load import ConfigInvalid, load
from shared.runtime.process.exits import Exit


def load_settings(config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings, or every error on stderr and exit code 3."""
    try:
        return try_load(config, overrides)
    except ConfigInvalid as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.CONFIG_INVALID) from None


def try_load(config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings. Raises ConfigInvalid."""
    files = list(config) if config else [Path(path) for path in os.environ.get("ICT_CONFIG", "").split(os.pathsep) if path]
    directory = Path(os.environ.get("ICT_SECRETS_DIR", "/run/secrets"))
    secrets = directory if directory.is_dir() else None
    return load(Settings, files, os.environ, secrets, overrides or {}).settings


def refuse(message: str, code: Exit) -> NoReturn:
    """Say why on stderr and leave."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
