"""The section with the picture of each environment, and the areas around it."""

from collections import Counter
from collections.abc import Mapping

from skyworthy.reports.html.data import Finding, Report, area_of, worst
from skyworthy.reports.html.elements import SIGNS, Markup, numbered, panel, plural, scroller, section, tag
from skyworthy.reports.html.picture import MOST_NODES, Picture
from skyworthy.reports.topology import Chart
from skyworthy.verdicts import Outcome


def stack(report: Report, charts: Mapping[str, Chart], components: Mapping[str, Mapping[str, str]]) -> Markup:
    """The section; a component chooses its findings."""
    panels = (_panel(report, name, charts.get(name), components.get(name, {})) for name in report.environments)
    lead = "As declared, with the worst verdict on each component; choose one to see its findings."
    return section("stack", "The stack", *panels, lead=lead)


def _panel(report: Report, name: str, chart: Chart | None, components: Mapping[str, str]) -> Markup:
    found = [item for item in report.findings if item.environment == name]
    drawn: list[Markup] = []
    if chart is not None and len(chart.nodes) > MOST_NODES:
        drawn = [tag("p", f"There is no picture: {plural(len(chart.nodes), 'node')} are too many to draw.")]
    elif chart is not None and chart.nodes:
        flat, upright = (Picture(chart, name, found, components, upright=way) for way in (False, True))
        drawn = [
            scroller(f"Picture of {name}", flat.draw(), class_="wide"),
            tag("div", upright.draw(), class_="narrow"),
        ]
        drawn += [tag("p", _blocked(chart), class_="quiet")] if chart.blocked else []
    elif chart is not None:
        drawn = [tag("p", "There is no picture: no load balancer, service, database or cache is declared.")]
    else:
        reason = report.estates.get(name)
        drawn = [tag("p", f"There is no picture: {reason}" if isinstance(reason, str) else "There is no picture.")]
    return panel(name, *drawn, _areas(name, found))


def _blocked(chart: Chart) -> str:
    """What the crosses in the picture mean."""
    return f"✕ marks a way that the network blocks: {'; '.join(sorted(set(chart.blocked.values())))}"


def _areas(name: str, found: list[Finding]) -> Markup:
    tallies: dict[str, Counter[Outcome]] = {}
    for item in found:
        tallies.setdefault(area_of(item.verdict), Counter())[item.verdict.outcome] += 1
    return tag(
        "ul",
        (_area(name, area, tallies[area]) for area in sorted(tallies)),
        class_="areas",
        aria_label=f"Service areas of {name}",
    )


def _area(name: str, area: str, tally: Counter[Outcome]) -> Markup:
    bad = worst(tally) or Outcome.NOT_APPLICABLE
    said = ", ".join(numbered(outcome, tally[outcome]) for outcome in Outcome if tally[outcome])
    return tag(
        "li",
        tag(
            "a",
            tag("i", SIGNS[bad], aria_hidden="true"),
            area,
            tag("b", f"{tally.total():,}"),
            tag("span", f" of {name}: {said}", class_="hidden"),
            href="#findings",
            data_area=area,
            data_env=name,
            title=said,
            class_=f"area v-{bad}",
        ),
    )
