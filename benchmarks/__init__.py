"""Measurements side by side, each a command that prints a table and writes it into ``reports/``."""
