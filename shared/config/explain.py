"""Converts pydantic's errors into faults with setting, place, value, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from shared.config.errors import Fault
from shared.config.fields import Setting, is_secret, known_paths, setting_at, suggestion
from shared.config.masking import without_password
from shared.config.moved import moved_to
from shared.config.tree import Path, Tree, dotted
from shared.domain.incoherent import Incoherent

_SHOWN: Final = 80  # characters of a wrong value that are repeated in its error

#: pydantic's error types whose text is replaced by our own description of what is allowed.
_OWN_WORDS: Final = re.compile(
    r"_type$|_parsing|literal_error|enum|greater_than|less_than|too_short|too_long|pattern|multiple_of|int_from_float|finite"
)


def explain(error: ValidationError, model: type[BaseModel], tree: Tree) -> list[Fault]:
    """List every error of the validation once, in the order of the model."""
    faults: dict[str, Fault] = {}
    for found in error.errors(include_url=False):
        if _short_by_refused_items(found):
            continue
        for fault in _explain_one(found, model, tree):
            faults.setdefault(str(fault), fault)
    return list(faults.values())


def _short_by_refused_items(found: Any) -> bool:
    """Return True for a list that only its refused items make too short; each of them has an error of its own."""
    written = found["input"]
    return (
        found["type"] == "too_short" and isinstance(written, list | tuple) and len(written) > found["ctx"]["actual_length"]
    )


def shown(value: object) -> str | None:
    """Show a value in an error: shortened, without passwords; None for sections, which are not repeated."""
    if isinstance(value, dict) or value is None:
        return None if isinstance(value, dict) else "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = without_password(value if isinstance(value, str) else str(value))
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _explain_one(found: Any, model: type[BaseModel], tree: Tree) -> Iterator[Fault]:
    path = _path(found["loc"], found["type"], tree)
    if found["type"] == "extra_forbidden":
        yield Fault(tree.place(path), dotted(path), f"there is no such setting{_nearest(path, model)}")
        return
    cause = found.get("ctx", {}).get("error")
    if isinstance(cause, Incoherent):
        for name, text in cause.faults.items():
            inner = (*path, *name.split("."))
            yield Fault(tree.place(inner) or "default", dotted(inner), text, _given(inner, model, tree))
        return
    setting = setting_at(model, path)
    message = _message(found, setting)
    if found["type"] == "value_error":
        message = _hide(message, model, tree)
    yield Fault(tree.place(path) or "default", dotted(path), message, _given(path, model, tree))


def _message(found: Any, setting: Setting | None) -> str:
    kind, text = str(found["type"]), str(found["msg"])
    if kind == "missing":
        meaning = f" ({setting.description})" if setting is not None and setting.description else ""
        return f"is required{meaning}"
    if kind == "value_error":
        return text.removeprefix("Value error, ")
    if setting is not None and found["loc"] and found["loc"][-1] == "[key]":
        return f"is not a key that is allowed here: {text[0].lower()}{text[1:]}"
    if setting is not None and _OWN_WORDS.search(kind):
        meaning = f" ({setting.description})" if setting.description else ""
        near = ""
        if kind == "literal_error" and isinstance(found["input"], str):
            hint = suggestion(found["input"], [word.strip("'") for word in re.findall(r"'[^']*'", text)])
            near = hint if hint.startswith("; did") else ""
        return f"must be {setting.allowed()}{meaning}{near}"
    return text[0].lower() + text[1:]


def _given(path: Path, model: type[BaseModel], tree: Tree) -> str | None:
    present, value = _look_up(path, tree)
    if not present:
        return None
    return "(hidden)" if not isinstance(value, dict) and is_secret(model, path) else shown(value)


def _look_up(path: Path, tree: Tree) -> tuple[bool, object]:
    value: object = tree.values
    for part in path:
        known = isinstance(value, dict) and part in value
        if not known and not (isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)):
            return False, None
        value = value[part]  # type: ignore[index]  # one of the two, as just seen
    return True, value


def _path(location: tuple[str | int, ...], kind: str, tree: Tree) -> Path:
    """Drop from pydantic's location the words that it adds for branches of unions and for keys."""
    path: Path = ()
    for index, part in enumerate(location):
        present, _ = _look_up((*path, part), tree)
        if present or (kind == "missing" and index == len(location) - 1):
            path = (*path, part)
    if not path and location:  # a default that its own validator refuses: written nowhere
        return location
    return path


def _nearest(path: Path, model: type[BaseModel]) -> str:
    """Suggest where the setting moved to, else a sibling of a similar name, else the same name in another section."""
    now = moved_to(path)
    if now:
        return f"; it is {now} now"
    section = setting_at(model, path[:-1])
    siblings = list(section.model.model_fields) if section is not None and section.model is not None else []
    name = str(path[-1])
    hint = suggestion(name, siblings)
    if hint.startswith("; did"):
        return hint
    elsewhere = [dotted(known) for known in known_paths(model) if known[-1] == name]
    return f"; did you mean {elsewhere[0]}?" if elsewhere else hint


def _hide(text: str, model: type[BaseModel], tree: Tree) -> str:
    """Hide secrets that a validator's own message repeats."""
    for path in tree.places:
        present, value = _look_up(path, tree)
        if present and isinstance(value, str) and value and value in text and is_secret(model, path):
            text = text.replace(value, "(hidden)")
    return text
