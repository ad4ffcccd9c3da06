"""Settings: loaded, validated, explained.

A value's way from a file to a validated model, one module a step:

1. ``yaml`` and ``environment`` read files, variables and secret files; each value keeps its place (``config/sim.yaml:12``).
2. ``tree`` merges them: options over environment over secret files over YAML files over defaults.
3. ``load`` has pydantic validate the merged values against a model. ``settings`` is the part of it that services share;
   ``cli.settings.Settings`` is the whole, with one section a service (``services/<name>/settings.py``).
4. ``explain`` turns what pydantic found into place, value and what is allowed, with the help of ``fields``, which inspects
   the models. ``errors`` is what comes out: ConfigInvalid with every fault at once.

Validators within a section stand in its model, validators across sections in ``cli.settings``, and what only a service's
start can tell (files, keys, builders) in ``cli.run.startup``. ``document`` prints a loaded configuration.
"""
