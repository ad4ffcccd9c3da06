"""The detectors, one file per concept. How to write one:

1. **Class.** ``class Pools(Detector)`` in a file of its own; ``__init__`` takes its settings (read them into plain typed
   attributes there: ``self._k: float = settings.k``; pydantic is slow) and the detectors that it reads, and passes
   to ``super().__init__`` how many candles of the columns it reads.
2. **Work.** ``follow(now)``: apply this candle to open findings. ``detect(now)``: find what this close makes known.
   Both emit with ``now.emit(finding)``, or a book does. ``active(into)``: list the open findings, for every Analysis.
3. **What it reads**: ``now`` (``base.close.CandleClose``): the candle (``open_time close_time open high low close volume``),
   ``atr`` of the candles before, the columns ``open_times opens highs lows closes volumes`` from ``first`` to ``last`` (this
   candle), ``run`` (1: the candle before is missing), ``index``, and this close so far: ``events``, ``displacement``,
   ``broken`` (BOS or CHoCH), ``swing_high``, ``swing_low``, ``gap``. And the public attributes of detectors that were given
   to ``__init__``; books say in ``ended`` what this candle ended. Missing candles: nothing in the columns spans one; state
   what you keep across it, drop the rest when ``now.run == 1``.
4. **Zones and levels** live in a book: ``FillBook`` (gaps: touched, half, filled), ``BlockBook`` (touches, invalidated),
   ``LevelBook`` (swept, broken), or a subclass whose ``judge`` has the rule. The detector then only adds new ones:
   ``self.gaps.born(Finding(kind, direction, top, bottom, formed_at, now.close_time, …), now)``. Books are bounded and aged.
5. **State.** ``STATE`` names every attribute that settings do not give; values: numbers, text, lists, tuples, dicts,
   findings, zones, levels, books. What is derived is made anew in ``restored()``. A new record class: ``state._BLANK``.
6. **Causality.** ``confirmed_at`` is ``now.close_time``, always; ``formed_at`` is where it is drawn. A finding that was
   emitted is never changed: ``finding.changed(state, now.close_time)`` makes the next one, along ``lifecycle.TRANSITIONS``;
   a fact changes at most once a close. Two facts of one kind, direction and ``formed_at`` need different ``key``.
7. **mypyc.** The file is compiled: typed attributes, floats and ints, plain loops, no ``**kwargs``, no dataclass, no
   numpy. Positional arguments and early returns are what makes it fast. Interpreted it must give the
   same: no ``int`` where a float is declared in results.

Checklist: settings (``settings/<concept>.py``, a ``Concept`` with defaults and bounds, in ``AnalysisSettings``) · kind and
label in ``shared.domain.facts`` · table and birth in ``lifecycle`` · place in ``roster`` (the order of work) · sentence
``why_…`` at the end of the file and in ``explain.SENTENCES`` · tables of hand-drawn candles in ``tests/unit`` (both
directions, ties, gaps, boundaries) · the property tests cover it as soon as it is in the roster · ``make docs``.
"""

from shared.runtime.native import prefer_compiled

__path__ = prefer_compiled(__name__, __path__)
