"""Waivers: who answers for what, and until when."""

import datetime

from skyworthy.config import Waiver
from skyworthy.reports.html.data import Report
from skyworthy.reports.html.elements import Child, Markup, badge, section, table, tag
from skyworthy.verdicts import Outcome

_SOON = datetime.timedelta(days=14)


def waived(report: Report) -> Markup:
    """The section."""
    if isinstance(report.waivers, str):
        return section("waivers", "Waivers", tag("p", badge(Outcome.ERROR, "not readable"), report.waivers))
    if not report.waivers:
        return section("waivers", "Waivers", lead="None: nothing is excused.")
    rows = [
        _row(report, waiver)
        for waiver in sorted(report.waivers, key=lambda item: (item.expires, item.control, item.resource))
    ]
    head = ("expires", "control", "resource", "environment", "covers", "owner", "reason")
    return section("waivers", "Waivers", table(head, rows, caption="The next one to expire first", class_="waivers"))


def _row(report: Report, waiver: Waiver) -> list[Child]:
    covered = sum(
        item.verdict.outcome is Outcome.WAIVED
        and waiver.covers(item.verdict.control, item.environment, item.verdict.address)
        for item in report.findings
    )
    return [
        (str(waiver.expires), " ", _when(waiver, report.now.date())),
        tag("code", waiver.control),
        tag("code", waiver.resource),
        waiver.environment,
        str(covered),
        waiver.owner,
        waiver.reason,
    ]


def _when(waiver: Waiver, today: datetime.date) -> Markup:
    left = (waiver.expires - today).days
    if waiver.expired(today):
        return badge(Outcome.FAIL, "expired")
    if waiver.expires - today <= _SOON:
        return badge(Outcome.UNKNOWN, f"{left} days left")
    return tag("span", f"{left} days left", class_="quiet")
