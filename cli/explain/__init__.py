"""Commands that say why: why-not, scan, explain."""
