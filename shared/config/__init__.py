"""Loads, validates and explains settings.

The steps from a file to a validated model, one module each:

1. ``yaml`` and ``environment`` read files, variables and secret files; each value is kept with its place
(``config/sim.yaml:12``). 2. ``tree`` merges them: options over environment over secret files over YAML files over defaults.
3. ``load`` has pydantic validate the merged values against a model. ``settings`` is the model that services share;
   ``cli.settings.Settings`` is the whole one, with one section a service (``services/<name>/settings.py``).
4. ``explain`` turns what pydantic found into place, value and what is allowed, with the help of ``fields``, which inspects
   the models. ``errors`` has the result: ConfigInvalid with every fault at once.

Validators within a section are in its model, validators across sections in ``cli.settings``, and checks that need files or
built cores in ``cli.run.startup``. ``document`` prints a loaded configuration.
"""
