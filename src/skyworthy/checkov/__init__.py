"""Checkov beside our own controls: isolated in an environment of its own, cached by content, shown once."""

from skyworthy.checkov.environment import EXECUTABLE_VARIABLE
from skyworthy.checkov.findings import Finding, Findings
from skyworthy.checkov.mapping import PREFIX, Report, report, severities, severity_of, verdicts_of
from skyworthy.checkov.runner import Scan, start

__all__ = [
    "EXECUTABLE_VARIABLE",
    "PREFIX",
    "Finding",
    "Findings",
    "Report",
    "Scan",
    "report",
    "severities",
    "severity_of",
    "start",
    "verdicts_of",
]
