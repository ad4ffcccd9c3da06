"""Reads environment variables and secret files into values with their place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from pydantic import BaseModel

from shared.config.errors import Fault
from shared.config.fields import known_paths, resolve, setting_at, suggestion
from shared.config.moved import moved_to
from shared.config.tree import Path, Tree, dotted

PREFIX: Final = "ICT_"

#: Variables with our prefix that are no settings: places of settings and compiled modules, and switches of the tests.
RESERVED: Final = frozenset({"ICT_CONFIG", "ICT_SECRETS_DIR", "ICT_NATIVE", "ICT_NATIVE_DIR"})
RESERVED_PREFIXES: Final = ("ICT_TEST_", "ICT_REQUIRE_")

#: Variables that hosting platforms set → the setting that they mean. A variable with our prefix wins over them.
ALIASES: Final[dict[str, Path]] = {"DATABASE_URL": ("journal", "url")}


def read_environment(model: type[BaseModel], environ: Mapping[str, str]) -> tuple[Tree, list[Fault]]:
    """Read variables: ``ICT_ACCOUNT__LEVERAGE=5`` sets ``account.leverage``. Sections, mappings and lists are JSON."""
    tree, faults = Tree(), list[Fault]()
    for name, path in ALIASES.items():
        if name in environ and setting_at(model, path) is not None:
            _put(tree, faults, model, path, environ[name], f"environment {name}")
    ours = [name for name in environ if _is_ours(name)]
    for name in sorted(ours, key=lambda name: (name.count("__"), name)):  # a section before its parts: the parts win
        path_found = resolve(model, name[len(PREFIX) :].split("__"))
        if path_found is None:
            if _passes_over(model, name[len(PREFIX) :].split("__")):
                continue
            now = moved_to(name[len(PREFIX) :].split("__"))
            known = [variable(each) for each in known_paths(model)]
            hint = f"; it is {variable(tuple(now.split('.')))} now" if now else suggestion(name.upper(), known)
            faults.append(Fault(f"environment {name}", "", f"there is no such setting{hint}"))
            continue
        _put(tree, faults, model, path_found, environ[name], f"environment {name}")
    return tree, faults


def read_secrets(model: type[BaseModel], directory: FilePath) -> tuple[Tree, list[Fault]]:
    """Read secret files: ``bus__url`` holds the value of ``bus.url``; newlines at its end are dropped.

    Directories and hidden files are ignored (container engines create them), and so are files whose name resembles no
    setting.
    """
    tree, faults = Tree(), list[Fault]()
    try:
        files = sorted(path for path in directory.iterdir() if not path.name.startswith(".") and not path.is_dir())
    except OSError as error:
        return tree, [Fault(f"secrets directory {directory}", "", f"cannot be read: {error.strerror}")]
    for file in files:
        place = f"secret file {file}"
        path = resolve(model, file.name.split("__"))
        if path is None:
            if _passes_over(model, file.name.split("__")):
                continue
            now = moved_to(file.name.split("__")).replace(".", "__")
            known = ["__".join(each) for each in known_paths(model)]
            hint = f"; it is {now} now" if now else suggestion(file.name.lower(), known)
            if "__" in file.name or hint:
                faults.append(Fault(place, "", f"there is no such setting{hint}"))
            continue
        try:
            text = file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            faults.append(Fault(place, dotted(path), f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            faults.append(Fault(place, dotted(path), "is not UTF-8 text"))
        else:
            _put(tree, faults, model, path, text, place)
    return tree, faults


def variable(path: tuple[str, ...]) -> str:
    """Return the environment variable of a setting: ``("account", "leverage")`` → ``ICT_ACCOUNT__LEVERAGE``."""
    return PREFIX + "__".join(path).upper()


def variables(model: type[BaseModel]) -> Iterator[str]:
    """Yield the variable of every setting and section of the model."""
    return (variable(path) for path in known_paths(model))


def _passes_over(model: type[BaseModel], parts: list[str]) -> bool:
    """True for a section that is not this model's, where the model leaves those to others (``extra="ignore"``)."""
    return model.model_config.get("extra") == "ignore" and parts[0].lower() not in model.model_fields


def _is_ours(name: str) -> bool:
    return name.startswith(PREFIX) and name not in RESERVED and not name.startswith(RESERVED_PREFIXES)


def _put(tree: Tree, faults: list[Fault], model: type[BaseModel], path: Path, text: str, place: str) -> None:
    setting = setting_at(model, path)
    assert setting is not None, "resolved before"
    value: object = text
    if setting.nullable and text in ("null", ""):
        value = None
    elif setting.structured:
        try:
            value = json.loads(text)
        except ValueError as error:
            listed = setting.step(0) is not None and setting.step("") is None
            example = f", for example {json.dumps(text.split(','))}" if listed else ""
            faults.append(Fault(place, dotted(path), f"must be JSON ({error}){example}: {setting.allowed()}"))
            return
    tree.put(Tree.at(path, value, place))
