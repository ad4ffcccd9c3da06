"""Prints results for machines, and makes file names printable that are no text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

import msgspec
import typer


def echo_json(value: object) -> None:
    """Print ``value`` as one line of JSON on stdout."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # the name of a file that is not UTF-8: Python hands its bytes over as lone surrogates
        encoded = msgspec.json.encode(_printable_values(msgspec.to_builtins(value)))
    typer.echo(encoded)


def printable(text: str) -> str:
    """Return the text with each lone surrogate written as an escape, so that UTF-8 can carry it."""
    return text.encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Return text as one line that a terminal cannot take for a command: what came over the wire may hold anything."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def shell_line(words: Iterable[str]) -> str:
    """Join words into a line that a shell splits into the same words; bytes that are no UTF-8 are quoted as ``$'\\xff'``."""
    return " ".join(_shell_word(word) for word in words)


def _shell_word(word: str) -> str:
    if printable(word) == word:
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in data)
    return f"$'{''.join(plain)}'"


def _printable_values(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_printable_values(key): _printable_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_printable_values(inner) for inner in value]
    return value
