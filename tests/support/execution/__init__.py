"""Scenes, a scripted exchange, faulty specimens and a watchman for the tests of execution."""
