"""Drills: what a stack promises for a bad day, tried on a good one. They change things, and say beforehand what."""

from skyworthy.operations.drills.drill import Drill, Finding
from skyworthy.operations.drills.registry import DRILLS

__all__ = ["DRILLS", "Drill", "Finding"]
