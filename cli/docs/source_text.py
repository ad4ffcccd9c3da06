"""The source of a module, also where its compiled version runs, which has none of its own."""

from __future__ import annotations

import inspect
from types import ModuleType

from shared.runtime.native import ROOT


def source_of(module: ModuleType) -> str:
    """Return the text of the module; of a compiled one, of the file below the root that it was made from."""
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):  # a shared library has no source
        return ROOT.joinpath(*module.__name__.split(".")).with_suffix(".py").read_text(encoding="utf-8")
