"""What all detectors stand on: the close they look at, the findings they emit, the books of living zones and levels.

Every module here and in ``detectors`` is typed plain Python that mypyc can compile (``make native``); see
``shared.runtime.native`` for which of the two runs, and ``services.analysis.detectors`` for how to write a detector.
"""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
