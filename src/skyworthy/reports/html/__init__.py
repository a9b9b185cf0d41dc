"""The report for people: one file that opens anywhere, with nothing to load (REP-3)."""

from skyworthy.reports.html.data import Report
from skyworthy.reports.html.page import FILE, html_report, write_html

__all__ = ["FILE", "Report", "html_report", "write_html"]
