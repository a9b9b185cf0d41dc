"""Mutants of the reference stack: where to change it, how, and whether a suite notices."""
