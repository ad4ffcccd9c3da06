"""Runs services: lanes, sinks and sources, their time, and their process."""
