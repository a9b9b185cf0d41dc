"""The page as a whole: head, sections, and what it may do."""

import base64
import datetime
import hashlib
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from skyworthy import __version__
from skyworthy.config import WAIVERS_FILE, Environment, Settings, Waiver, load_waivers
from skyworthy.errors import BadInput
from skyworthy.estate import Estate
from skyworthy.files import write_whole
from skyworthy.reports.history import history
from skyworthy.reports.html.alarm_panels import alarm_panels
from skyworthy.reports.html.costs import costs
from skyworthy.reports.html.data import Report
from skyworthy.reports.html.elements import Markup, moment, tag, text
from skyworthy.reports.html.findings import findings
from skyworthy.reports.html.overview import checklist, headline, overview, past, unknowns
from skyworthy.reports.html.picture import MOST_NODES, components_of
from skyworthy.reports.html.requirement_grid import requirement_grid
from skyworthy.reports.html.stack import stack
from skyworthy.reports.html.waived import waived
from skyworthy.reports.html.ways import ways
from skyworthy.reports.status import estates_of
from skyworthy.reports.store import load_latest
from skyworthy.reports.topology import Chart
from skyworthy.results import SuiteResult

FILE = "report.html"

_PARTS = (
    ("overview", "Environments"),
    ("findings", "Findings"),
    ("stack", "Stack"),
    ("requirements", "Requirements"),
    ("network", "Network"),
    ("alarms", "Alarms"),
    ("cost", "Cost"),
    ("waivers", "Waivers"),
    ("unknown", "Unknown"),
    ("checklist", "Checklist"),
    ("history", "History"),
)


def write_html(
    settings: Settings, *, now: datetime.datetime, read: Callable[[Environment], Estate] | None = None
) -> Path:
    """Write report.html from the last results; gives its path.

    Args:
        settings: with at least one environment.
        now: UTC; ages are told by it.
        read: reads the declared estate of an environment; without it there are no pictures, paths, alarms and costs.

    Raises:
        BadInput: no environment is configured, or results or history cannot be read.
    """
    if not settings.environments:
        raise BadInput(f"no skyworthy.toml in {settings.directory}: there is no environment to report on")
    results: dict[str, dict[str, SuiteResult]] = {name: {} for name in settings.environments}
    for item in load_latest(settings):
        results.setdefault(item.environment, {})[item.suite] = item
    report = Report(
        settings,
        results,
        now,
        estates=estates_of(settings, read),
        runs=history(settings),
        waivers=_waivers(settings, now),
    )
    path = settings.reports / FILE
    write_whole(path, html_report(report))
    return path


def _waivers(settings: Settings, now: datetime.datetime) -> tuple[Waiver, ...] | str:
    try:
        return load_waivers(settings.directory / WAIVERS_FILE, now.date())
    except BadInput as error:
        return str(error)


def html_report(report: Report) -> str:
    """The page's text: the same for the same input."""
    estates = {name: estate for name, estate in report.estates.items() if isinstance(estate, Estate)}
    charts = {name: Chart(estate) for name, estate in estates.items()}
    drawn = {name: chart for name, chart in charts.items() if len(chart.nodes) <= MOST_NODES}
    components = {name: components_of(chart) for name, chart in drawn.items()}
    style, script = _file("report.css"), _file("report.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{report.settings.project}: skyworthy report"),
        tag("style", style),
    )
    main = tag(
        "main",
        headline(report),
        overview(report),
        findings(report, components),
        stack(report, charts, components),
        requirement_grid(report),
        ways(report, estates),
        alarm_panels(report, estates),
        costs(report, estates),
        waived(report),
        unknowns(report),
        checklist(report),
        past(report),
        id="main",
    )
    body = tag(
        "body",
        tag("a", "Skip to the findings", href="#findings", class_="skip"),
        _top(report),
        main,
        _foot(report),
        tag("script", script),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _file(name: str) -> Markup:
    """A file of the package that stands in the page as it is."""
    return Markup(resources.files("skyworthy.reports.html").joinpath(name).read_text("utf-8"))


def _policy(style: str, script: str) -> str:
    """What the page may do: apply this style, run this script, and nothing else; no connection at all."""
    hashes = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _top(report: Report) -> Markup:
    names = report.names
    choice = tag(
        "fieldset",
        tag("legend", "Environment", class_="hidden"),
        _environment("all", "", checked=True),
        (_environment(name, name) for name in names),
        class_="environments",
        id="environments",
    )
    return tag(
        "header",
        tag(
            "div",
            tag("h1", tag("span", "skyworthy", class_="brand"), " ", report.settings.project),
            choice if len(names) > 1 else None,
            tag("button", "Theme", type="button", id="theme", title="Light, dark, or as the system has it"),
            class_="bar-top",
        ),
        tag("nav", (tag("a", title, href=f"#{id}") for id, title in _PARTS), aria_label="Parts of the report"),
        class_="top",
    )


def _environment(word: str, value: str, *, checked: bool = False) -> Markup:
    control = tag("input", type="radio", name="environment", value=value, checked=checked, autocomplete="off")
    return tag("label", control, tag("span", word, class_="word"))


def _foot(report: Report) -> Markup:
    commits: Mapping[str, None] = dict.fromkeys(
        item.commit[:12] for name in report.names for item in report.results.get(name, {}).values() if item.commit
    )
    of = text(" of commit ", ", ".join(sorted(commits))) if commits else None
    return tag(
        "footer", tag("p", f"skyworthy {__version__}, written ", moment(report.now), " from the last results", of, ".")
    )
