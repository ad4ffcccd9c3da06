"""Reports an unexpected error of a command to the user: one sentence, and a file with the traceback."""

from __future__ import annotations

import os
import platform
import shlex
import tempfile
import traceback
from collections.abc import Sequence


def report(error: BaseException, arguments: Sequence[str]) -> str:
    """Write the traceback into a file and return the sentence that names it; without a file, sentence and traceback."""
    text = f"ict {shlex.join(arguments)}\nPython {platform.python_version()}, {platform.platform()}\n\n"
    text += "".join(traceback.format_exception(error))
    sentence = f"this is a bug in ict: {type(error).__name__}: {error}"
    try:
        handle, path = tempfile.mkstemp(prefix="ict-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return f"{sentence}\nPlease report it with what follows.\n\n{text}"
    return f"{sentence}\nPlease report it with the file {path}, which says where it happened."
