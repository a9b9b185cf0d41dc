"""Drift: what the account holds otherwise than the code says."""

from skyworthy.behavior.drift.differences import Difference
from skyworthy.behavior.drift.resources import Comparison, compare

__all__ = ["Comparison", "Difference", "compare"]
