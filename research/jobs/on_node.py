"""The side of a node of Ray: checks that it computes what was asked for, then runs one job."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from research.jobs.by_content import Damaged, Shared, put_together
from research.jobs.software import differences, software

#: What became of a job on a node. ``done``: its answer, ``raised``: what it raised, both pickled; others: why not, in words.
Kind = Literal["done", "raised", "missing", "other", "damaged"]

#: What this process put together last, by its key: all jobs of a run share it.
_last: Final[dict[str, Callable[[Any], object]]] = {}


def run(expected: Mapping[str, str], key: str, fetch: Callable[[], Sequence[Any]], job: bytes) -> tuple[Kind, bytes | str]:
    """Run a job where everything that computes is as ``expected``.

    key: of what all jobs share. fetch: gives that, the fields of a ``Shared`` and then its pieces.
    """
    different = differences(expected, software())
    if different:
        return "other", different
    try:
        do = _put_together(key, fetch)
    except Damaged as error:
        return "damaged", str(error)
    except ImportError as error:  # of a package beside ours
        return "missing", str(error)
    try:
        return "done", pickle.dumps(do(pickle.loads(job)), protocol=5)  # noqa: S301  of who started this
    except Exception as error:  # noqa: BLE001  it is raised again where the job was asked for
        return "raised", _pickled(error)


def _put_together(key: str, fetch: Callable[[], Sequence[Any]]) -> Callable[[Any], object]:
    if key not in _last:
        fields, *pieces = fetch()
        shared = Shared(*fields)
        if shared.key != key:
            raise Damaged("the description of the candles is not the one that was sent")
        whole = put_together(shared, pieces)
        _last.clear()
        _last[key] = whole
    return _last[key]


def _pickled(error: Exception) -> bytes:
    try:
        found = pickle.dumps(error, protocol=5)
        pickle.loads(found)  # noqa: S301  an error may be pickled and not come back
    except Exception:  # noqa: BLE001  whatever it is, it cannot leave its process
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"), protocol=5)
    return found
